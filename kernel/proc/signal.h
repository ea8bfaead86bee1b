/* SPDX-License-Identifier: MIT */
/*
 * Signals: sending, blocking, taking.
 *
 * A signal waits in a `struct sigpending`: the process's (any thread may take it) or one
 * thread's. A sender puts it there under the process's sig_lock, picks a thread that does not
 * block it, and calls thread_interrupt() on it: TF_SIGNAL is set, an interruptible sleep ends.
 * The thread takes the signal itself, on its way back to user mode (proc_return_to_user).
 *
 * SIG-1 TF_SIGNAL is set whenever a thread has something to take: set under sig_lock by
 *       senders, cleared under sig_lock by its owner only.
 * SIG-2 What happens to a thread (stop, end, handler) happens in its own context, holding
 *       nothing.
 *
 * Locks: proc_lock → sig_lock → sighand lock → run queues. All with interrupts off, so
 * that interrupt handlers (timers, console) may send.
 */
#pragma once

#include <lib/list.h>
#include <lib/types.h>
#include <sync/spinlock.h>

#define SIG_COUNT 64 /* signals are 1 .. SIG_COUNT */

struct proc;
struct thread;
struct trapframe;
struct uthread;

typedef u64 sigset64_t; /* bit signo - 1 */
static inline sigset64_t sig_bit(int signo)
{
    return 1UL << (signo - 1);
}

/* What travels with a signal: the used part of Linux's siginfo_t, in its layout. */
struct siginfo_part {
    s32 signo, err, code, pad;
    union {
        struct {
            u32 pid, uid;
            union {
                u64 value; /* sigqueue, timers */
                struct {
                    s32 status; /* SIGCHLD */
                    u32 pad1;
                    s64 utime, stime;
                };
            };
        };
        struct {
            u32 timer_id, overrun;
            u64 timer_value;
        };
        vaddr_t addr; /* faults */
        u64 raw[4];
    };
};

struct sigpending {
    sigset64_t set;   /* sig_lock: which are pending */
    sigset64_t plain; /* sig_lock: which came from the kernel without details */
    struct list_head
        queue;    /* sig_lock: struct sigqueue, oldest first; a set bit may have none */
    u64 n_queued; /* sig_lock */
};

/* As the user's struct sigaction of riscv64. */
struct sigaction_k {
    vaddr_t handler; /* or SIG_DFL, SIG_IGN */
    u64 flags;
    sigset64_t mask;
};

/* The actions; shared with CLONE_SIGHAND. */
struct sighand {
    u32 count; /* atomic */
    struct spinlock lock;
    sigset64_t
        given; /* `lock`: signals with an action of their own; the others have the default
                         one, and nothing in their place below */
    struct sigaction_k actions[SIG_COUNT]; /* `lock` */
};

/* --- sending. Any context. Each returns 0 or -Exxx; a signal that is ignored is dropped with
 * 0. --- */
/* info NULL: SI_KERNEL. */
int signal_send_proc(struct proc *proc, int signo, const struct siginfo_part *info);
int signal_send_thread(struct uthread *u, int signo, const struct siginfo_part *info);
/* To every member of the group, from the kernel (the terminal). -ESRCH: no such group. */
int signal_send_pgrp(u32 pgid, int signo);
/* The calling thread gets it and cannot refuse: faults. */
void signal_force(int signo, int code, vaddr_t addr);
void signal_force_info(const struct siginfo_part *info);
void siginfo_kernel(struct siginfo_part *info, int signo);
void siginfo_user(struct siginfo_part *info, int signo,
                  int code); /* from the calling process */

/* --- the calling thread --- */
/* Does it block or ignore this signal? For background reads and writes of a terminal. */
bool signal_is_refused(int signo);
/* Is a SIGKILL or the end of the whole process on its way? */
bool signal_is_fatal_pending(void);
void signal_set_blocked(sigset64_t set);
/* ppoll and its kin: another mask while waiting. pop: the call ends with `result`; after -EINTR
 * the old mask comes back only when the handler has been set up. */
void signal_mask_push(sigset64_t set);
long signal_mask_pop(long result);

/* What a system call returns, in the kernel only, when a signal ended its wait. A plain -EINTR
 * is treated as its call has it (signal(7)). */
#define ERESTARTSYS           512 /* again after a handler with SA_RESTART, or without any */
#define ERESTARTNOINTR        513 /* again in any case */
#define ERESTARTNOHAND        514 /* again if no handler ran */
#define ERESTART_RESTARTBLOCK 516 /* the same, through restart_syscall(2) */

/* sigaltstack(2): what the old one is, with the stack pointer at sp. */
struct sigaltstack;
void altstack_describe(const struct uthread *u, vaddr_t sp, struct sigaltstack *out);

/* --- called by entry --- */
/* A fault of user code that vm cannot mend. */
void proc_fault_signal(struct trapframe *tf, int signo, int code, vaddr_t addr);
/* No memory for a fault of user code (-ENOMEM; or what else vm cannot mend): it is tried again
 * when there is some, or the process is killed. */
void proc_fault_oom(struct trapframe *tf, int err);
/* No memory for a fault on the way to or from user memory. Sleeps. True: try again. (oom.c) */
bool oom_relieve(void);
/* The calling process is announced, counted, and killed. */
void oom_end_caller(void);
u64 oom_n_killed(void); /* processes, since boot */
/* How near a process is to being chosen, for /proc/PID/oom_score: 0: never; 667: nothing speaks
 * for or against it; 2000 at most. */
u32 oom_score(struct proc *proc);
/* Work before user mode when TF_SIGNAL is set: restarts, stops, handlers, death. Interrupts on.
 */
void proc_return_to_user(struct trapframe *tf);
