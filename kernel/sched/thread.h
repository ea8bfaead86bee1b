/* SPDX-License-Identifier: MIT */
/*
 * Threads: what the scheduler knows.
 *
 * A thread runs on at most one hart. The kernel is not preemptible: a thread leaves its
 * hart only in schedule(), which it calls itself (to wait, or on its way back to user mode when
 * TF_RESCHED is set). Interrupt handlers never switch.
 *
 * States and who may change them (under the run-queue lock of `thread->hart`):
 *   NEW -> RUNNABLE       thread_start()
 *   RUNNABLE -> RUNNING   schedule()
 *   RUNNING -> SLEEPING   the thread itself
 *   SLEEPING -> RUNNABLE  a waker
 *   RUNNING -> DEAD       thread_exit(); stack and struct are freed by the next thread on that
 *                         hart
 *
 * No wake-up is lost: a thread sets its state to SLEEPING before it checks its condition, and a
 * waker changes the condition before it looks at the state.
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
#define TF_FRAME   8u /* the trapframe was changed as a whole: load all registers from it */

struct aspace;
struct proc;
struct uthread;
struct lock_class;
struct cred;
struct fs_context;
struct fdtable;

/* callee-saved registers over a switch; arch/riscv/switch.S knows the order */
struct context {
    u64 ra, sp, s[12];
};

struct thread {
    /* entry.S knows these by offset */
    u64 kernel_sp; /* 0: where a trap from user mode puts its trapframe (address of the frame)
                    */
    u64 scratch;   /* 8: entry.S only */
    u32 flags;     /* 16: atomic, TF_* */
    u32 tid;       /* 20: set at creation, unique while the thread lives */
    struct hart *hart; /* 24: where it runs or last ran; changes under the run-queue lock */
    u64 entered; /* 32: ticks when it last came from user mode, or got the hart in the kernel */
    u64 system_ticks; /* 40: ticks spent in the kernel, up to `entered` */

    struct context context; /* owner only, while switched out */
    void *kstack;           /* set at creation: lowest address */
    union {
        char name[16]; /* prctl(PR_SET_NAME); a torn read is harmless */
        u64 name_words[2];
    };
    bool is_user;          /* set at creation: made by thread_alloc_user() */
    struct aspace *aspace; /* owner only; NULL for kernel threads */
    struct proc *proc;     /* set at creation; NULL for kernel threads */
    struct uthread *user;  /* the proc layer's part; NULL for kernel threads */

    /* owner only; each holds a reference that the proc layer manages; NULL for kernel threads
     */
    struct cred *cred;     /* vfs/cred.h; immutable once published, replaced as a whole */
    struct fs_context *fs; /* vfs/vfs.h: root, working directory, umask */
    struct fdtable *files; /* vfs/fdtable.h: open file descriptors */

    /* run-queue lock of `hart` */
    u8 state; /* enum thread_state; the owner itself sets SLEEPING and takes it back */
    bool wake_interruptible; /* SLEEPING: thread_interrupt() may wake it */
    s8 nice;                 /* thread_set_nice() */
    u64 affinity;            /* hart mask; thread_set_affinity() */
    s64 slice_left;          /* ticks */
    struct list_head run_link;

    /* owner only, ticks; others read them with thread_times() */
    u64 run_ticks;   /* user and system together, up to switched_in */
    u64 switched_in; /* when it got the hart */
    u64 n_switches, n_preempted;

    int fail_countdown; /* owner only: mem/fail.h */
#ifdef DEBUG
    bool fail_fired;     /* owner only: an allocation failed on purpose */
    u32 n_sleeping_held; /* owner only: mutexes and rwmutexes held, innermost last */
    struct lock_class *sleeping_held[16];
#endif

    /* owner only; see arch/riscv/fpu.h */
    bool has_fp; /* false: `fp` was never filled, and stands for zeroes */
    u64 fp[33];  /* f0..f31, fcsr */
};

static inline struct trapframe *thread_trapframe(struct thread *t)
{
    return (struct trapframe *)t->kernel_sp;
}

/*
 * A user thread, not started: a stack, a trapframe at its top with floating point off, and a
 * context whose first switch returns to user mode through entry.S with that trapframe. Behind
 * the struct, and as long-lived, is the proc layer's part, zeroed, at thread->user.
 * The caller fills all other registers of the trapframe (exec, or thread_copy_user_state(): a
 * copy of the parent's), sets the name, aspace, proc and the references, and calls
 * thread_start(). The first user thread ever gets tid 1.
 * The thread's tid is the caller's to give back with tid_free(), when neither a thread nor a
 * zombie nor a process group nor a session is named by it any more; thread_destroy_unstarted()
 * gives it back itself. Returns 0, -ENOMEM, -EAGAIN (no tid left).
 */
int must_check thread_alloc_user(struct thread **out);
/* Boot: how much the proc layer's part takes. */
void threads_user_init(size_t part_size);
/* fork: the child gets the caller's name, registers (sstatus as it must be for a first return)
 * and FP state. */
void thread_copy_user_state(struct thread *child);
/* Gives a tid back. Any other part that needs a number of its own kind may take one with
 * tid_alloc(): 0 is none left. */
#define TID_MAX 32768 /* as Linux's default pid_max */
u32 tid_alloc(void);
u32 tid_alloc_kernel(void); /* never 1 */
/* The first one in use at or after `from`; TID_MAX: none. */
u32 tid_next_used(u32 from);
void tid_free(u32 tid);

/* To be called by whoever changes callee-saved registers in the frame of a system call in
 * progress (exec, signal return): without it the way back to user mode takes them from the
 * hart, where they still are. */
static inline void thread_frame_replaced(struct thread *t)
{
    __atomic_fetch_or(&t->flags, TF_FRAME, __ATOMIC_RELAXED);
}

/* A kernel thread running fn(arg), with a tid that is given back at its end; not started.
 * Returns 0, -ENOMEM, -EAGAIN. When fn returns the thread exits. */
int must_check thread_create(struct thread **out, const char *name, void (*fn)(void *),
                             void *arg);
/* Sets the thread going on the least loaded hart it may use. */
void thread_start(struct thread *t);
/* Frees a thread that was never started. */
void thread_destroy_unstarted(struct thread *t);
/* Ends the calling thread. Its struct is freed when nobody runs on it any more: drop all
 * pointers first. */
void noreturn_fn thread_exit(void);
/* Wakes it if it sleeps. Any context. True if this call woke it. */
bool thread_wake(struct thread *t);
/* Sleeping waiters aside: makes it look at its flags soon, by an interrupt if it runs
 * elsewhere. */
void thread_kick(struct thread *t);
/* Only harts in the mask from now on; the caller itself moves before this returns. -EINVAL: no
 * online hart is in it. */
int thread_set_affinity(struct thread *t, u64 harts_mask);
void thread_set_nice(struct thread *t, int nice); /* -20..19 */
/* CPU time so far; exact for the caller, up to the last switch or trap for others. */
void thread_times(const struct thread *t, nsec_t *user, nsec_t *system);
/* Sets TF_SIGNAL and wakes the thread if it sleeps interruptibly; kicks its hart if it runs in
 * user mode. */
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

/* Up-call, in vm/: loads the address space (NULL: only the kernel's). Interrupts off, run-queue
 * lock held. Called when the next thread's aspace differs from the last one's. A thread that
 * changes its own aspace calls it too. */
void aspace_switch(struct aspace *to);

/* Boot: the boot hart's idle thread becomes `current`; called before anything that asks for
 * mycpu(). */
void sched_init_boot(struct hart *hart);
/* Boot, after memory: object cache, tids, stacks and idle threads of the other harts. */
void sched_init(void);
/* What a hart's boot code turns into. */
void noreturn_fn sched_idle_loop(void);
/* The timer interrupt's and the wake IPI's part. Interrupts off. */
void sched_tick(void);

u64 sched_n_switches(void);
u64 sched_n_running(void);      /* runnable or running, all harts */
void sched_loadavg(u64 out[3]); /* fixed point, 16 fractional bits, as sysinfo(2) */
/* Since boot, for /proc/stat. */
void sched_idle_nsec(unsigned hart, nsec_t *idle, nsec_t *busy_user, nsec_t *busy_system);
