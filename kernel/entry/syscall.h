/* SPDX-License-Identifier: MIT */
/*
 * How a system call gets from entry.S to its function, and traps back to user mode.
 *
 * entry.S saves all registers in the thread's trapframe and calls syscall_table[a7] with the
 * user's a0..a5 as arguments and interrupts on; what it returns becomes the user's a0. orig_a0
 * keeps the first argument for restarts. A function that replaces the whole frame (exec,
 * sigreturn) returns the new frame's a0.
 */
#pragma once

#include <arch/riscv/trapframe.h>
#include <lib/types.h>

typedef long (*syscall_fn)(u64 a0, u64 a1, u64 a2, u64 a3, u64 a4, u64 a5);

/* From linux/: NULL entries and numbers from n_syscalls on are unknown calls. */
extern const syscall_fn syscall_table[];
extern const u64 n_syscalls;
/* Any number; NULL if Linux has none of that number either. */
const char *syscall_name(u64 number);
