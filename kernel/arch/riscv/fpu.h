/* SPDX-License-Identifier: MIT */
/*
 * Floating-point registers, moved only when somebody uses them.
 *
 * sstatus.FS in a thread's trapframe tells where its registers are:
 *   Off    in thread->fp; the first FP instruction traps and loads them (fresh threads: zeroes)
 *   Clean  in the hart and in thread->fp alike
 *   Dirty  in the hart only
 * A switch saves Dirty ones and leaves FS Off. The kernel itself uses none. Implemented in
 * sched/fpu.c, since it looks into threads.
 */
#pragma once

#include <lib/types.h>

struct thread;

/* Called at a switch for the thread that leaves; cheap when FS is Off. */
void fpu_switch_out(struct thread *t);
/* The running thread trapped on an instruction with FS Off. True: loaded, try again. */
bool fpu_load(struct thread *t);
/* For the running thread: makes thread->fp current (signal frames, copies for a child). */
void fpu_save(struct thread *t);
/* thread->fp was changed (signal return, exec, a child's copy): load it at the next use. */
void fpu_reload(struct thread *t);
