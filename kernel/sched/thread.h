/* SPDX-License-Identifier: MIT */
/*
 * Threads: what the scheduler knows.
 *
 * A thread runs on at most one hart. The kernel is not preemptible: a thread leaves its
 * hart only in schedule(), which it calls itself (to wait, or on its way back to user mode when TF_RESCHED is
 * set). Interrupt handlers never switch.
 *
 * States and who may change them (under the run-queue lock of `thread->hart`):
 *   NEW -> RUNNABLE (thread_start) -> RUNNING (schedule) -> SLEEPING (itself) -> RUNNABLE (a waker) ...
 *   RUNNING -> DEAD (thread_exit); the stack and struct are freed by the next thread on that hart.
 * No wake-up is lost: a thread sets its state to SLEEPING before it checks its condition, and a waker
 * changes the condition before it looks at the state.
 */
#pragma once

#include <arch/riscv/current.h>
#include <arch/riscv/hart.h>
#include <arch/riscv/trapframe.h>
#include <lib/list.h>
#include <lib/types.h>
#include <sync/spinlock.h>

enum thread_state { THREAD_NEW, THREAD_RUNNABLE, THREAD_RUNNING, THREAD_SLEEPING, THREAD_DEAD };

/* thread->flags: work to do before returning to user mode; read by entry.S as one word */
#define TF_RESCHED 1u /* give up the hart */
#define TF_SIGNAL  2u /* a signal may be deliverable, or the thread must stop or die */
#define TF_TRACE   4u /* free for others */

struct aspace;
struct proc;
struct uthread;
struct cred;
struct fs_context;
struct fdtable;

/* callee-saved registers over a switch; arch/riscv/switch.S knows the order */
struct context {
    u64 ra, sp, s[12];
};

struct thread {
    /* entry.S knows these by offset */
    u64 kernel_sp;      /* 0: where a trap from user mode puts its trapframe (address of the frame) */
    u64 scratch;        /* 8: entry.S only */
    u32 flags;          /* 16: atomic, TF_* */
    u32 tid;            /* 20: set at creation, unique while the thread lives */
    struct hart *hart;  /* 24: where it runs or last ran; changes under the run-queue lock */

    struct context context; /* owner only, while switched out */
    void *kstack;           /* set at creation: lowest address */
    char name[16];          /* prctl(PR_SET_NAME); a torn read is harmless */
    struct aspace *aspace;  /* owner only; NULL for kernel threads */
    struct proc *proc;      /* set at creation; NULL for kernel threads */
    struct uthread *user;   /* set at creation; the proc layer's part; NULL for kernel threads */

    /* owner only; each holds a reference that the proc layer manages; NULL for kernel threads */
    struct cred *cred;      /* vfs/cred.h; immutable once published, replaced as a whole */
    struct fs_context *fs;  /* vfs/vfs.h: root, working directory, umask */
    struct fdtable *files;  /* vfs/fdtable.h: open file descriptors */

    /* run-queue lock of `hart` */
    u8 state; /* enum thread_state */
    bool on_hart; /* still executing on its hart, though perhaps no longer RUNNING */
    bool wake_interruptible; /* SLEEPING: thread_interrupt() may wake it */
    s8 nice;
    u64 affinity;           /* hart mask */
    nsec_t slice_left;
    struct list_head run_link;

    nsec_t utime, stime, switched_in; /* owner only; read torn-free by others as 64-bit loads */
    u64 n_switches, n_preempted;

    u64 fp[33];             /* owner only: f0..f31, fcsr, while sstatus.FS says they are saved */
    int fail_countdown;     /* owner only: mem/fail.h */
#ifdef DEBUG
    u32 n_spinlocks;        /* of the hart it runs on, really; see sync/ */
    struct spinlock *held[16];
#endif
};

static inline struct trapframe *thread_trapframe(struct thread *t)
{
    return (struct trapframe *)t->kernel_sp;
}

/* A kernel thread running fn(arg); not started. Returns 0, -ENOMEM. */
int must_check thread_create(struct thread **out, const char *name, void (*fn)(void *), void *arg);
/* Sets the thread going on the least loaded hart it may use. */
void thread_start(struct thread *t);
/* Frees a thread that was never started. */
void thread_destroy_unstarted(struct thread *t);
/* Ends the calling thread. Its struct is freed when nobody runs on it any more: drop all pointers first. */
void noreturn_fn thread_exit(void);
/* Wakes it if it sleeps. Any context. True if this call woke it. */
bool thread_wake(struct thread *t);
/* Sets TF_SIGNAL and wakes the thread if it sleeps interruptibly; kicks its hart if it runs in user mode. */
void thread_interrupt(struct thread *t);
/* Switches to another thread if there is one. Not under a spinlock. */
void schedule(void);
void sched_yield(void);
/* Called in long loops: gives way if TF_RESCHED is set. Sleeps. */
void sched_point(void);

/* True if the calling thread has TF_SIGNAL set: an interruptible wait returns -EINTR. */
static inline bool thread_is_interrupted(void)
{
    return __atomic_load_n(&current->flags, __ATOMIC_RELAXED) & TF_SIGNAL;
}

u64 sched_n_switches(void);
u64 sched_n_running(void);           /* runnable or running, all harts */
void sched_loadavg(u64 out[3]);      /* fixed point, 16 fractional bits, as sysinfo(2) */
void sched_idle_nsec(unsigned hart, nsec_t *idle, nsec_t *busy_user, nsec_t *busy_system);
