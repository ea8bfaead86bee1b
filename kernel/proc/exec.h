/* SPDX-License-Identifier: MIT */
/* execve(2), and the end of processes as system calls ask for it. */
#pragma once

#include <lib/types.h>

/* The calling process becomes another program. path: kernel string; argv, envp: user arrays.
 * Returns: 0 (the trap frame is the new program's), -Exxx with nothing changed. */
long proc_exec(int dirfd, const char *path, vaddr_t argv, vaddr_t envp, int at_flags);
/* The same with strings of the kernel, for process 1: the registers are those of `t`. */
struct thread;
long proc_exec_kernel(struct thread *t, const char *path, const char *const *argv,
                      const char *const *envp);

/* status: as wait4() reports it. */
void noreturn_fn proc_exit_group(int status);
void noreturn_fn proc_exit_thread(int status);
