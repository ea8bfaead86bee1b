/* SPDX-License-Identifier: MIT */
/* Where a signal handler returns to. Debuggers know a signal frame by these two instructions. */
#include <asm/unistd.h>

    .text
    .globl __vdso_rt_sigreturn
    .type __vdso_rt_sigreturn, @function
__vdso_rt_sigreturn:
    li a7, __NR_rt_sigreturn
    ecall
    .size __vdso_rt_sigreturn, . - __vdso_rt_sigreturn

    .section .note.GNU-stack, "", @progbits
