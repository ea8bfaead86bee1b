/* SPDX-License-Identifier: MIT */
/*
 * The two ends of an alarm (see alarm.c): the kernel enters alarm_entry with sp at its signal
 * frame; sigreturn() takes sp back there and lets the kernel restore every register from it,
 * a0 included, from however deep in the handler's calls.
 */
#include <asm/unistd.h>

    .text
    .globl alarm_entry
    .type alarm_entry, @function
alarm_entry:
    la      t0, alarm_frame
    sd      sp, 0(t0)
    la      t0, alarm_handler
    ld      t0, 0(t0)
    jr      t0
    .size alarm_entry, . - alarm_entry

    .weak   sigreturn
    .type sigreturn, @function
sigreturn:
    la      t0, alarm_frame
    ld      sp, 0(t0)
    li      a7, __NR_rt_sigreturn
    ecall
    .size sigreturn, . - sigreturn

    .section .note.GNU-stack, "", @progbits
