/* SPDX-License-Identifier: MIT */
/* Called by entry.S. Interrupts are off at entry, and off again when a trap from the kernel or
 * the work before user mode is done. */
#pragma once

#include <arch/riscv/trapframe.h>

void trap_user(struct trapframe *tf);   /* anything from user mode but a system call */
void trap_kernel(struct trapframe *tf); /* anything from the kernel */
void trap_stack_overflow(struct trapframe *tf);
void trap_user_work(struct trapframe *tf);
