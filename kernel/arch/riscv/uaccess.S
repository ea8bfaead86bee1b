/* SPDX-License-Identifier: MIT */
/*
 * User memory, one instruction at a time (uaccess.h), and whole pages.
 *
 * A fast loop moves its pointers only when a block is complete. Its fix-up is the byte loop, which
 * starts again at that block and ends at the very byte that faults: the count returned is exact.
 */
#include <arch/riscv/csr.h>

#define EFAULT 14

/* Faults between the two labels that stay bad go on at `fixup`. */
.macro on_fault from, to, fixup
    .pushsection __ex_table, "a"
    .balign 4
    .word \from - .
    .word \to - .
    .word \fixup - .
    .popsection
.endm

.macro function name
    .globl \name
    .type \name, @function
\name:
.endm

/* n words from `from` to `to`, 8 at a time through t0..t4, a3..a5. */
.macro copy_words to, from, n, offset=0
    ld t0, \offset+0(\from)
    ld t1, \offset+8(\from)
    ld t2, \offset+16(\from)
    ld t3, \offset+24(\from)
    ld t4, \offset+32(\from)
    ld a3, \offset+40(\from)
    ld a4, \offset+48(\from)
    ld a5, \offset+56(\from)
    sd t0, \offset+0(\to)
    sd t1, \offset+8(\to)
    sd t2, \offset+16(\to)
    sd t3, \offset+24(\to)
    sd t4, \offset+32(\to)
    sd a3, \offset+40(\to)
    sd a4, \offset+48(\to)
    sd a5, \offset+56(\to)
    .if \n > 8
    copy_words \to, \from, (\n-8), (\offset+64)
    .endif
.endm

/* As many blocks of this size as lie before a7, from a1 to a0. */
.macro copy_blocks bytes
    addi a6, a7, -\bytes
    bgtu a1, a6, 2f
1:  copy_words a0, a1, (\bytes / 8)
    addi a1, a1, \bytes
    addi a0, a0, \bytes
    bleu a1, a6, 1b
2:
.endm

.macro zero_words to, n, offset=0
    sd zero, \offset+0(\to)
    sd zero, \offset+8(\to)
    sd zero, \offset+16(\to)
    sd zero, \offset+24(\to)
    sd zero, \offset+32(\to)
    sd zero, \offset+40(\to)
    sd zero, \offset+48(\to)
    sd zero, \offset+56(\to)
    .if \n > 8
    zero_words \to, (\n-8), (\offset+64)
    .endif
.endm

.text

/*
 * size_t uaccess_copy_from(a0 dst, a1 src, a2 n), and _to, which is the same code: the trap handler mends
 * only faults of user addresses.
 */
function uaccess_copy_from
function uaccess_copy_to
    li t6, SSTATUS_SUM
    csrs sstatus, t6
    add a7, a1, a2              /* end of the source */
    li t0, 16
    bltu a2, t0, .Lcopy_bytes
    xor t0, a0, a1
    andi t0, t0, 7
    bnez t0, .Lcopy_merge_start
.Lcopy_head:                    /* to a multiple of 8 */
    andi t0, a1, 7
    beqz t0, .Lcopy_blocks
    lb t0, 0(a1)
    sb t0, 0(a0)
    addi a1, a1, 1
    addi a0, a0, 1
    j .Lcopy_head
.Lcopy_blocks:
    copy_blocks 1024
    copy_blocks 256
    copy_blocks 64
    addi a6, a7, -8
    bgtu a1, a6, .Lcopy_bytes
1:  ld t0, 0(a1)
    sd t0, 0(a0)
    addi a1, a1, 8
    addi a0, a0, 8
    bleu a1, a6, 1b
.Lcopy_bytes:
    beq a1, a7, .Lcopy_done
1:  lb t0, 0(a1)
    sb t0, 0(a0)
    addi a1, a1, 1
    addi a0, a0, 1
    bne a1, a7, 1b
.Lcopy_done:
    csrc sstatus, t6
    sub a0, a7, a1
    ret
    /* Source and destination differ in their position within a word: each word stored is made of two loaded.
     * a3: the aligned source, t3/t4: shifts, t0: the word at a3. */
.Lcopy_merge_start:
    andi t0, a0, 7
    beqz t0, .Lcopy_merge
    lb t0, 0(a1)
    sb t0, 0(a0)
    addi a1, a1, 1
    addi a0, a0, 1
    j .Lcopy_merge_start
.Lcopy_merge:
    addi a6, a7, -8
    bgtu a1, a6, .Lcopy_bytes
    andi t3, a1, 7
    slli t3, t3, 3
    neg t4, t3                  /* shifts take it modulo 64 */
    andi a3, a1, -8
    ld t0, 0(a3)
1:  ld t1, 8(a3)
    srl t0, t0, t3
    sll t2, t1, t4
    or t0, t0, t2
    sd t0, 0(a0)
    mv t0, t1
    addi a3, a3, 8
    addi a1, a1, 8
    addi a0, a0, 8
    bleu a1, a6, 1b
    j .Lcopy_bytes
.Lcopy_end:
    on_fault .Lcopy_head, .Lcopy_blocks, .Lcopy_done
    on_fault .Lcopy_blocks, .Lcopy_bytes, .Lcopy_bytes
    on_fault .Lcopy_bytes, .Lcopy_done, .Lcopy_done
    on_fault .Lcopy_merge_start, .Lcopy_merge, .Lcopy_done
    on_fault .Lcopy_merge, .Lcopy_end, .Lcopy_bytes

/* size_t uaccess_zero(a0 dst, a1 n) */
function uaccess_zero
    li t6, SSTATUS_SUM
    csrs sstatus, t6
    add a7, a0, a1
    li t0, 16
    bltu a1, t0, .Lzero_bytes
.Lzero_head:
    andi t0, a0, 7
    beqz t0, .Lzero_blocks
    sb zero, 0(a0)
    addi a0, a0, 1
    j .Lzero_head
.Lzero_blocks:
    addi a6, a7, -64
    bgtu a0, a6, .Lzero_bytes
1:  zero_words a0, 8
    addi a0, a0, 64
    bleu a0, a6, 1b
.Lzero_bytes:
    beq a0, a7, .Lzero_done
1:  sb zero, 0(a0)
    addi a0, a0, 1
    bne a0, a7, 1b
.Lzero_done:
    csrc sstatus, t6
    sub a0, a7, a0
    ret
    on_fault .Lzero_head, .Lzero_blocks, .Lzero_done
    on_fault .Lzero_blocks, .Lzero_bytes, .Lzero_bytes
    on_fault .Lzero_bytes, .Lzero_done, .Lzero_done

/* s64 uaccess_strncpy(a0 dst, a1 src, a2 n) */
function uaccess_strncpy
    li t6, SSTATUS_SUM
    csrs sstatus, t6
    mv t1, a1
    add a7, a1, a2
.Lstring:
    beq a1, a7, 2f
    lb t0, 0(a1)
    sb t0, 0(a0)
    beqz t0, 2f
    addi a1, a1, 1
    addi a0, a0, 1
    j .Lstring
2:  sub a0, a1, t1
3:  csrc sstatus, t6
    ret
.Lstring_fault:
    li a0, -EFAULT
    j 3b
    on_fault .Lstring, 2b, .Lstring_fault

/* int uaccess_load_u32(a0 out, a1 src) */
function uaccess_load_u32
    li t6, SSTATUS_SUM
    csrs sstatus, t6
1:  lw t0, 0(a1)
2:  csrc sstatus, t6
    sw t0, 0(a0)
    li a0, 0
    ret
    on_fault 1b, 2b, .Lword_fault

/* int uaccess_store_u32(a0 dst, a1 value) */
function uaccess_store_u32
    li t6, SSTATUS_SUM
    csrs sstatus, t6
1:  sw a1, 0(a0)
2:  csrc sstatus, t6
    li a0, 0
    ret
    on_fault 1b, 2b, .Lword_fault

.Lword_fault:
    csrc sstatus, t6
    li a0, -EFAULT
    ret

/* int uaccess_cmpxchg_u32(a0 seen, a1 dst, a2 expected, a3 desired) */
function uaccess_cmpxchg_u32
    li t6, SSTATUS_SUM
    csrs sstatus, t6
    sext.w a2, a2
1:  lr.w.aqrl t0, (a1)
    bne t0, a2, 2f
    sc.w.rl t1, a3, (a1)
    bnez t1, 1b
2:  csrc sstatus, t6
    sw t0, 0(a0)
    li a0, 0
    ret
    on_fault 1b, 2b, .Lword_fault

/* int uaccess_OP_u32(a0 seen, a1 dst, a2 value) */
.macro word_amo name, instruction
function \name
    li t6, SSTATUS_SUM
    csrs sstatus, t6
1:  \instruction t0, a2, (a1)
2:  csrc sstatus, t6
    sw t0, 0(a0)
    li a0, 0
    ret
    on_fault 1b, 2b, .Lword_fault
.endm
    word_amo uaccess_swap_u32, amoswap.w.aqrl
    word_amo uaccess_add_u32, amoadd.w.aqrl
    word_amo uaccess_or_u32, amoor.w.aqrl
    word_amo uaccess_and_u32, amoand.w.aqrl
    word_amo uaccess_xor_u32, amoxor.w.aqrl

/* void copy_page(a0 dst, a1 src): 512 loads, 512 stores, 14 others */
.balign 64
function copy_page
    li a6, 4096
    add a6, a6, a0
1:  copy_words a0, a1, 128
    addi a0, a0, 1024
    addi a1, a1, 1024
    bne a0, a6, 1b
    ret

/* void clear_page(a0 dst): 512 stores, 10 others */
.balign 64
function clear_page
    li a6, 4096
    add a6, a6, a0
1:  zero_words a0, 128
    addi a0, a0, 1024
    bne a0, a6, 1b
    ret
