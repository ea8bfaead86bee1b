/* SPDX-License-Identifier: MIT */
/*
 * Floating-point registers, moved only when somebody uses them.
 *
 * sstatus.FS in a thread's trapframe tells where its registers are:
 *   Off    in thread->fp; the first FP instruction traps and loads them (zeroes
 *          for a thread that never had any)
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
/* For the running thread: makes thread->fp current, if it has_fp (signal frames, copies for a
 * child). */
void fpu_save(struct thread *t);
/* Writes the zeroes of a thread that never had any registers to thread->fp. */
void fpu_fill(struct thread *t);
/* thread->fp was changed (signal return, a child's copy): load it at the next use. */
void fpu_reload(struct thread *t);
/* All registers are zeroes from now on (exec). */
void fpu_reset(struct thread *t);
