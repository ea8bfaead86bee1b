/* SPDX-License-Identifier: MIT */
/*
 * Where the kernel enters the program: sp points at argc, argv, environment and auxv. C code
 * prepares xv6's memory layout and comes back with the new stack in a0; the old one is
 * unmapped only after we have left it.
 */
#include <asm/unistd.h>

    .text
    .globl _start
    .type _start, @function
_start:
    .option push
    .option norelax
    la      gp, __global_pointer$
    .option pop
    li      s0, 0               /* the end of the chain of frames */
    mv      a0, sp
    call    layout_prepare      /* returns where it left struct layout */
    mv      s1, a0
    ld      sp, 0(s1)           /* layout.stack_top */
    ld      a0, 8(s1)           /* layout.old_stack */
    ld      a1, 16(s1)          /* layout.old_stack_bytes */
    li      a7, __NR_munmap
    ecall
    ld      a0, 24(s1)          /* layout.argc */
    ld      a1, 32(s1)          /* layout.argv */
    call    main
    call    exit
    .size _start, . - _start

    .section .note.GNU-stack, "", @progbits
