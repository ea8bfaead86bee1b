/* SPDX-License-Identifier: MIT */
/* The running thread: tp in kernel mode. Host tests supply their own. */
#pragma once

struct thread;
#ifdef __riscv
register struct thread *current __asm__("tp");
#else
extern _Thread_local struct thread *current;
#endif
