/* SPDX-License-Identifier: MIT */
/*
 * What a trap saves: the same layout for traps from user and from kernel mode. It sits at the
 * top of a user thread's kernel stack. entry.S knows the offsets; static_asserts in trap.c
 * check them.
 */
#pragma once

#include <lib/types.h>

struct trapframe {
    /* x0 holds sepc, so that regs[1..31] are x1..x31 */
    union {
        u64 regs[32];
        struct {
            u64 epc, ra, sp, gp, tp, t0, t1, t2, s0, s1;
            u64 a0, a1, a2, a3, a4, a5, a6, a7;
            u64 s2, s3, s4, s5, s6, s7, s8, s9, s10, s11, t3, t4, t5, t6;
        };
    };
    u64 status;  /* sstatus */
    u64 cause;   /* scause */
    u64 tval;    /* stval */
    u64 orig_a0; /* a0 before the system call overwrote it, for restart */
};
