/* SPDX-License-Identifier: MIT */
/* What the files of this folder share among themselves. */
#pragma once

#include <proc/proc.h>
#include <proc/signal.h>

/* --- proc.c: birth and death of the structs --- */
/* A process without threads, number, parent or group; count 1. The limits are the caller's to
 * fill. Returns 0, -ENOMEM. */
int must_check proc_alloc(struct proc **out);
void proc_free_unused(struct proc *proc);
/* A thread with its half in this layer; freed with the thread. Returns 0, -ENOMEM, -EAGAIN. */
int must_check uthread_alloc(struct uthread **out);
/* What makes a number known, once something goes by it. Returns 0, -ENOMEM. */
int must_check pid_create(u32 nr, struct pid **out);
/* Takes back pid_create(); the number itself stays the caller's. */
void pid_destroy_unused(struct pid *pid);
/* Drops the number once nothing has it. Locks: proc_lock. */
void pid_release_locked(struct pid *pid);
/* A new thread can be found from now on, by its number and in its process, and counts.
 * Locks: proc_lock, sig_lock. */
void uthread_publish_locked(struct uthread *u);
void proc_uncount_thread_locked(void);
/* Adds what a thread used to the sum. */
void proc_times_add_thread(struct proc_times *sum, const struct uthread *u);
/* Page faults and memory belong to the address space, not to a thread. */
struct aspace;
void proc_times_add_aspace(struct proc_times *sum, struct aspace *as);
void proc_times_add(struct proc_times *sum, const struct proc_times *more);

/* --- group.c --- */
/* A new session with one group, both named by `id`, which has neither. Returns 0, -ENOMEM. */
int must_check session_create(struct pid *id, struct pgrp **out);
/* Moves a process (out of its group, if it is in one) into `to`. Locks: proc_lock. */
void pgrp_join_locked(struct proc *proc, struct pgrp *to);
void pgrp_leave_locked(struct proc *proc);
bool pgrp_is_orphaned_locked(const struct pgrp *g);
/* `proc` ends, or moves away: groups that it kept from being orphaned and that have stopped
 * members get SIGHUP and SIGCONT. Locks: proc_lock. */
void pgrp_check_orphans_locked(struct proc *proc);

/* --- sigqueue.c; locks: sig_lock --- */
struct sigqueue {
    struct list_head link;
    struct siginfo_part info;
    bool is_timers; /* part of a posix_timer: never freed on its own */
};
static inline void sigpending_init(struct sigpending *p)
{
    p->set = p->plain = 0;
    p->n_queued = 0;
    list_init(&p->queue);
}
void sigpending_drop(struct sigpending *p, sigset64_t set);
void sigpending_flush(struct sigpending *p);
/* info NULL: SI_KERNEL. limit: entries in the queue. Returns 0, -EAGAIN. */
int sigpending_add(struct sigpending *p, int signo, const struct siginfo_part *info, u64 limit);
void sigpending_add_timer(struct sigpending *p, struct sigqueue *q, u64 missed);
/* Takes one instance of a pending signal; the bit stays while others wait. */
void sigpending_take(struct sigpending *p, int signo, struct siginfo_part *info);

/* --- signal.c --- */
void signals_init(void);
int must_check sighand_create(struct sighand **out);
int must_check sighand_copy(struct sighand *from, struct sighand **out);
void sighand_get(struct sighand *sh);
void sighand_put(struct sighand *sh);
/* A signal is sent in two steps: does it become pending? What happens at the moment of sending
 * happens here. Then it is added; info NULL: SI_KERNEL. Locks: proc->sig_lock. */
bool signal_is_wanted_locked(struct proc *proc, struct uthread *u, int signo);
int signal_add_locked(struct proc *proc, struct uthread *u, int signo,
                      const struct siginfo_part *info);
/* SIGCHLD's; the exit signal of a clone may be another. */
void siginfo_child(struct siginfo_part *info, const struct proc *child,
                   const struct proc_times *times, int code, int status);
/* Sets or clears the caller's TF_SIGNAL by what it has to take. Locks: sig_lock. */
void signal_recalc_locked(void);
/* For waits that only the end of the process may cut short. Undone by signal_set_blocked(). */
void signal_block_all_but_kill(void);
/* The next signal for the caller out of `mask`'s complement. 0: none. Locks: sig_lock. */
int signal_dequeue_locked(sigset64_t blocked, struct siginfo_part *info);
struct sigaction_k sighand_action_given(struct sighand *sh, int signo);
static inline struct sigaction_k sighand_action(struct sighand *sh, int signo)
{
    if (__atomic_load_n(&sh->given, __ATOMIC_RELAXED) & sig_bit(signo))
        return sighand_action_given(sh, signo);
    return (struct sigaction_k){0}; /* SIG_DFL */
}
/* Ends all threads of the calling process, with this status for wait. Locks: sig_lock. */
void group_exit_begin_locked(struct proc *proc, int status);
/* sigaction(2): returns the old action; new NULL: only that. What becomes ignored is no longer
 * pending. */
struct sigaction_k signal_action_set(struct proc *proc, int signo,
                                     const struct sigaction_k *new);
/* The default handler from now on; flags and mask stay. */
void sighand_forget_handler(struct sighand *sh, int signo);
/* exec: handlers become default. */
void sighand_reset(struct sighand *sh);

/* --- stop.c --- */
/* The calling thread waits while its process is stopped. */
void proc_stop_here(void);
/* A stop signal was taken. Sleeps. */
void proc_stop_begin(int signo);
/* SIGCONT or SIGKILL was sent: whoever is stopped goes on. Locks: sig_lock. */
void proc_continue_locked(struct proc *proc);
/* A thread leaves: a stop that waited only for it is complete. Locks: proc_lock, sig_lock. */
void proc_stop_leave_locked(struct uthread *u);
/* Tells the parent about a child that stopped or went on. Locks: proc_lock; not sig_lock. */
void proc_notify_parent_locked(struct proc *proc, int code, int status);

/* --- sigframe.c --- */
/* Makes the calling thread run its handler next. Returns 0, -EFAULT. */
int must_check sigframe_push(struct trapframe *tf, const struct sigaction_k *action,
                             const struct siginfo_part *info, sigset64_t restore_mask);
long sigframe_pop(struct trapframe *tf);
#define SIGFRAME_SIZE 1088 /* bytes of a struct rt_sigframe */

/* --- exit.c --- */
void noreturn_fn uthread_exit(int status); /* status as wait reports it, if the last */
/* The thread's ties to its memory: robust list, clear_child_tid, the parent in vfork. */
/* The parent in vfork() may go on: the caller no longer uses its memory. (fork.c) */
void vfork_release(struct uthread *u);
void uthread_release_memory(struct uthread *u);
/* Process 1 has ended: so does the machine. */
void noreturn_fn init_ended(int status);
/* The process is gone for good: parent's list, group, number, reference. Locks: proc_lock. */
void proc_reap_locked(struct proc *proc);
/* Waits until the caller is the only thread, under the leader's number. Returns 0, -EAGAIN
 * (somebody else was faster, or the process ends). */
int must_check proc_end_siblings(void);

/* --- timers --- */
void itimers_init(void);
/* Before the last thread is gone; nothing fires after this. */
void proc_timers_end(struct proc *proc);
void posix_timers_delete_all(struct proc *proc);
/* A timer's signal; counted as an overrun if the last one still waits, as are periods that the
 * timer missed. tid 0: to the process. */
void signal_send_timer(struct proc *proc, u32 tid, struct sigqueue *q, u64 missed);
/* The timer goes away. */
void signal_forget_timer(struct proc *proc, struct sigqueue *q);
/* The caller took a timer's signal. Locks: sig_lock. */
void posix_timer_delivered_locked(const struct siginfo_part *info);

/* --- vdso --- */
extern const u8 vdso_image[], vdso_image_end[];
void vdso_init(void);
struct aspace;
int must_check vdso_map(struct aspace *as, vaddr_t *base);
vaddr_t vdso_sigreturn(const struct aspace *as);
