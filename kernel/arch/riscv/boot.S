/* SPDX-License-Identifier: MIT */
/*
 * From the firmware's jump to C in the upper half (SBI chapter "hart state management"; boot protocol of the
 * Linux image header, of which the first 64 bytes are one, so that boot loaders know the image too).
 *
 * Until the first table is active the code runs at its load address: only pc-relative addressing. The change
 * to the upper half is a trap: stvec holds the upper address of the next instruction, and the fetch right after the
 * write of satp faults.
 */
#include <arch/riscv/asm_offsets.h>
#include <arch/riscv/csr.h>
#include <arch/riscv/page.h>

#define LEAF_BITS  0xef /* D A G X W R V: everything, while we boot */
#define TABLE_BITS 0x01

.section .text.boot, "ax"
.globl _start
_start:
    .option push
    .option norvc
    j boot_primary
    nop
    .option pop
    .quad 0x200000              /* offset from the start of RAM */
    .quad image_end - _start    /* bytes needed, bss included */
    .quad 0                     /* little endian */
    .word 2, 0                  /* header version 0.2 */
    .quad 0
    .ascii "RISCV\0\0\0"
    .ascii "RSC\005"
    .word 0

boot_primary:
    csrw sie, zero
    csrw sscratch, zero
    li t0, 1
    lla t1, boot_taken
    amoswap.w.aqrl t0, t0, (t1)
    bnez t0, boot_stray
    mv s0, a0
    mv s1, a1
    lla s2, _start              /* where we are */

    lla t0, bss_start
    lla t1, bss_end
1:  sd zero, 0(t0)
    addi t0, t0, 8
    bltu t0, t1, 1b

    li s3, -(1 << 30)
    and s3, s2, s3              /* the GiB that we are in */
    sd s0, boot_hartid, t0
    sd s1, boot_dtb_pa, t0
    sd s2, boot_kernel_pa, t0
    sd s3, boot_phys_base, t0

    /* the image: 512 pages of 2 MiB */
    lla t0, boot_level1
    srli t1, s2, 2
    ori t1, t1, LEAF_BITS
    li t2, 1 << 19              /* 2 MiB in the PFN field */
    addi t3, t0, 1024
    addi t3, t3, 1024
    addi t3, t3, 1024
    addi t3, t3, 1024
1:  sd t1, 0(t0)
    add t1, t1, t2
    addi t0, t0, 8
    bne t0, t3, 1b

    lla s4, boot_root
    lla t0, boot_level1
    srli t0, t0, 2
    ori t0, t0, TABLE_BITS
    li t1, ((KERNEL_BASE >> 30) & 511) * 8
    add t1, t1, s4
    sd t0, 0(t1)

    /* the direct map: 1 GiB pages */
    li t0, ((DIRECT_BASE >> 30) & 511) * 8
    add t0, t0, s4
    srli t1, s3, 2
    ori t1, t1, LEAF_BITS
    li t2, 1 << 28              /* 1 GiB in the PFN field */
    addi t3, t0, (DIRECT_SIZE >> 30) * 8
1:  sd t1, 0(t0)
    add t1, t1, t2
    addi t0, t0, 8
    bne t0, t3, 1b

    srli a0, s4, PAGE_SHIFT
    li t0, 8
    slli t0, t0, 60             /* Sv39 */
    or a0, a0, t0
    call boot_enable_paging

    lla tp, boot_thread
    lla t0, trap_entry
    csrw stvec, t0
    lla sp, boot_stack_top - TF_SIZE
    li s0, 0
    call kernel_main
1:  wfi
    j 1b

/* Takes: a0: satp. Returns at the same place in the upper half. Changes t0..t2, ra. */
boot_enable_paging:
    lla t0, _start
    li t1, KERNEL_BASE
    sub t1, t1, t0              /* upper address - where we are */
    add ra, ra, t1
    lla t2, 1f
    add t2, t2, t1
    csrw stvec, t2
    sfence.vma
    csrw satp, a0
    .balign 4
1:  sfence.vma
    ret

/*
 * A hart that hart_start() started but that comes here: OpenSBI up to 1.1 marks a hart as started before it notes
 * where, and one that is just going to sleep then leaves for where the boot hart went. Its record is complete by
 * then, and tells by the firmware's number (a0) that it is the one.
 */
boot_stray:
    lla a1, start_records
    li t0, MAX_HARTS
1:  ld t1, START_HARTID(a1)
    ld t2, START_ENTRY(a1)
    addi t0, t0, -1
    beqz t2, 2f
    beq t1, a0, boot_secondary
2:  addi a1, a1, START_SIZE
    bnez t0, 1b
    j boot_stray

/*
 * Another hart, started by hart_start(): a1 is the physical address of { satp, idle thread, function }.
 */
.globl boot_secondary
boot_secondary:
    csrw sie, zero
    csrw sscratch, zero
    ld a0, START_SATP(a1)
    ld s1, START_IDLE(a1)
    ld s2, START_ENTRY(a1)
    call boot_enable_paging
    mv tp, s1
    lla t0, trap_entry
    csrw stvec, t0
    ld sp, T_KERNEL_SP(tp)
    li s0, 0
    jalr s2
1:  wfi
    j 1b

.data
.balign 4
boot_taken:                     /* not in bss, which the boot hart clears */
    .word 0

.section .bss.page, "aw", @nobits
.balign 4096
boot_root:
    .skip 4096
boot_level1:
    .skip 4096
.globl boot_stack
boot_stack:
    .skip KSTACK_SIZE
boot_stack_top:

.globl boot_hartid, boot_dtb_pa, boot_kernel_pa, boot_phys_base
.balign 8
boot_hartid:
    .skip 8
boot_dtb_pa:
    .skip 8
boot_kernel_pa:
    .skip 8
boot_phys_base:
    .skip 8
