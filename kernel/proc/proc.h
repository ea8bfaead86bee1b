/* SPDX-License-Identifier: MIT */
/*
 * Processes: what threads share, and the trees and groups they form.
 *
 *   struct uthread   a user thread beyond what the scheduler knows; lives and dies with its
 *                    struct thread
 *   struct proc      a process; counted. Its threads hold one reference together, dropped when
 *                    it is reaped; look-ups take their own
 *   struct pid       a number in use: as thread, process, group or session id
 *   struct pgrp      a process group; struct session: a session. Both live while they have
 *                    members
 *
 * Life of a process: ALIVE → ZOMBIE (last thread left) → reaped (parent waited, or does not
 * care).
 *
 * Locks: `proc_lock` (one for all; interrupts off) guards the tree, the groups and the numbers;
 * proc->sig_lock guards signals, the thread list and what others may look at. Order: proc_lock
 * → sig_lock.
 */
#pragma once

#include <lib/list.h>
#include <lib/types.h>
#include <linux/resource.h>
#include <proc/signal.h>
#include <sched/thread.h>
#include <sched/timer.h>
#include <sched/wait.h>
#include <sync/spinlock.h>

struct aspace;
struct cred;
struct fdtable;
struct file;
struct fs_context;
struct tty;
struct vfork_wait;

extern struct spinlock proc_lock;

struct pid {
    u32 nr;                  /* set at creation */
    struct pid *next;        /* proc_lock: in its hash chain */
    struct uthread *thread;  /* proc_lock: thread with this id, NULL if none */
    struct proc *proc;       /* proc_lock: process with this id, zombies too */
    struct pgrp *pgrp;       /* proc_lock */
    struct session *session; /* proc_lock */
};

struct session {
    struct pid *id;          /* set at creation; id->nr is the session id */
    struct list_head groups; /* proc_lock: struct pgrp.session_link */
    struct tty *tty;         /* proc_lock: controlling terminal, NULL: none */
    /* Called without locks when the leader ends, if there is a terminal; set along with `tty`.
     * Must hang up: SIGHUP and SIGCONT to the foreground group, tty = NULL. */
    void (*leader_exit)(struct session *s);
};

struct pgrp {
    struct pid *id;           /* set at creation */
    struct session *session;  /* set at creation */
    struct list_head members; /* proc_lock: struct proc.pgrp_link */
    struct list_head session_link;
};

enum proc_state { PROC_ALIVE, PROC_ZOMBIE };

struct proc_times {
    nsec_t utime, stime;
    u64 min_faults, maj_faults, n_switches, n_preempted;
    u64 max_rss_pages;
};

/* setitimer(2), and the one that watches RLIMIT_CPU. */
struct itimers {
    struct timer real_timer;
    nsec_t real_interval;
    struct cpu_timer {
        struct timer timer;
        nsec_t expires; /* process CPU time; 0: off */
        nsec_t interval;
    } virtual_timer, prof_timer, limit_timer;
};

struct proc {
    /* set at creation */
    struct pid *pid;
    nsec_t start_time; /* clock_monotonic() */

    u32 count; /* atomic */

    /* proc_lock */
    u8 state;            /* enum proc_state */
    bool autoreap;       /* nobody will wait for it */
    u8 exit_signal;      /* to the parent at the end; 0: none */
    struct proc *parent; /* NULL for process 1 */
    u32 parent_id;       /* its id; read without the lock */
    struct list_head children, sibling;
    struct pgrp *pgrp;
    struct list_head pgrp_link;
    bool has_execed; /* setpgid() by the parent comes too late */
    bool is_subreaper;
    int exit_status;        /* as wait4() reports it */
    char dead_name[16];     /* of a zombie */
    struct cred *dead_cred; /* of a zombie: a reference */
    struct proc_times dead_threads, dead_children;

    struct waitq child_wait; /* wait4(), waitid() of this process */

    /* sig_lock */
    struct spinlock sig_lock;
    struct list_head threads; /* struct uthread.link */
    u32 n_threads;            /* on the list */
    u32 n_live;               /* threads that have not begun to exit */
    struct sighand *sighand;  /* replaced by exec only */
    struct sigpending pending;
    bool group_exit; /* all threads are to end with group_status */
    int group_status;
    bool leader_exited;          /* and left its status in group_status */
    struct uthread *exec_thread; /* all others are to end */
    bool is_stopped;             /* job control: threads wait on stop_wait */
    bool stop_begun;             /* threads are on their way to stop */
    bool stop_dequeued;          /* a stop signal was taken and no SIGCONT came since */
    bool continue_notify;        /* the parent is to be told */
    bool stop_unreported, continue_unreported; /* for wait4() */
    u8 stop_signal;
    u32 n_stopped;
    struct aspace
        *aspace; /* NULL once the last thread began to exit; the threads hold the references */

    struct waitq stop_wait; /* stopped threads; and a thread in exec waiting for its siblings */

    /* owner only (any thread of the process, under sig_lock when it matters) */
    struct list_head posix_timers;
    u32 next_timer_id;
    u32 uid; /* of the leader, for SIGCHLD; kept by whoever changes it */
    int pdeath_signal;
    bool no_new_privs;
    bool dumpable;
    u32 personality;
    s16 oom_score_adj; /* atomic; see oom.c */

    bool has_itimers;       /* sig_lock: the next were set up */
    struct itimers itimers; /* itimer.c */

    struct rlimit64 limits[RLIM_NLIMITS]; /* sig_lock */
};

/* A call with a relative timeout that a stop interrupted: it goes on until the same moment. */
struct syscall_restart {
    long (*fn)(const struct syscall_restart *r); /* NULL: nothing to go on with */
    nsec_t deadline;
    vaddr_t address; /* of the futex, or of the time that is left over */
    u32 value, bitset;
    bool is_private;
};

struct uthread {
    struct thread *thread; /* set at creation */
    struct proc *proc;     /* set at creation; no reference of its own */
    struct pid *pid;       /* changes in exec only */
    struct list_head link; /* sig_lock: proc->threads */

    /* sig_lock for writing; the owner reads them freely */
    sigset64_t blocked;
    sigset64_t waiting_for; /* sigtimedwait: these wake it although blocked */
    struct sigpending pending;
    sigset64_t forced; /* cannot be survived by process 1 either */
    bool is_exiting;
    bool is_stopped; /* waits on proc->stop_wait */

    /* owner only */
    sigset64_t saved_blocked; /* to restore once a handler is set up, when has_saved */
    bool has_saved;
    vaddr_t altstack_base;
    u64 altstack_size;
    u32 altstack_flags;
    vaddr_t set_child_tid; /* written at the first return to user mode */
    vaddr_t clear_child_tid;
    vaddr_t robust_list;
    struct vfork_wait *vfork;       /* sig_lock: the parent that waits for us */
    struct syscall_restart restart; /* what restart_syscall() goes on with */
};

static inline struct proc *proc_current(void)
{
    return current->proc;
}
static inline u32 proc_id(const struct proc *proc)
{
    return proc->pid->nr;
}

/* --- boot --- */
void proc_init(void);
/* Starts process 1 from the command line: init=, rdinit=, then the usual places. Panics if
 * there is none. */
void proc_start_init(const char *cmdline);

/* --- numbers and iteration --- */
/* The process with this id (zombies too) with a reference, or NULL. */
struct proc *proc_find_get(u32 pid);
/* The process with the smallest id >= pid, with a reference, or NULL. For listing. */
struct proc *proc_next_get(u32 pid);
void proc_get(struct proc *proc);
void proc_put(struct proc *proc);
/* Locks: proc_lock. */
struct proc *proc_find_locked(u32 pid);
struct uthread *uthread_find_locked(u32 tid);
struct pgrp *pgrp_find_locked(u32 pgid);
u64 proc_n_threads(void); /* of all processes */
u64 proc_n_created(void); /* since boot */
u32 proc_last_pid(void);

/* --- looking at another process; each takes a reference, or NULL when it is (nearly) dead ---
 */
struct aspace *proc_aspace_get(struct proc *proc);
struct fdtable *proc_files_get(struct proc *proc);
struct fs_context *proc_fs_get(struct proc *proc);
struct cred *proc_cred_get(struct proc *proc);

/* A picture of a process for /proc, taken under the locks. */
struct proc_info {
    u32 pid, ppid, pgid, sid, n_threads;
    char state; /* R S D T Z */
    char name[16];
    u32 uid, euid, suid, fsuid, gid, egid, sgid, fsgid;
    struct tty *tty;
    struct proc_times times, child_times;
    nsec_t start_time;
    sigset64_t pending_thread, pending_shared, blocked, ignored, caught;
    int nice, processor, exit_signal, exit_status;
    u32 umask;
};
void proc_info_read(struct proc *proc, struct proc_info *out);
/* The id of the n-th thread (from 0), 0 when there are fewer. */
u32 proc_thread_id(struct proc *proc, u32 n);
/* CPU time and counters of all threads, living and dead. */
void proc_times_read(struct proc *proc, struct proc_times *out);

/* --- groups and sessions --- */
u32 proc_pgid(struct proc *proc);
u32 proc_sid(struct proc *proc);
bool proc_is_session_leader(struct proc *proc);
/* Nobody outside could continue its members: they are not stopped, and reads get -EIO. */
bool pgrp_is_orphaned(u32 pgid);
/* The calling process's session. Stable while the process lives; tty fields under proc_lock. */
struct session *session_current(void);

/* setsid(2) and setpgid(2) for the calling process. The new id or 0, or -Exxx. */
long proc_setsid(void);
long proc_setpgid(u32 pid, u32 pgid);

/* --- limits --- */
/* The soft limit of the calling process. */
u64 proc_limit(unsigned resource);
/* May the caller act on `proc` as its owner could (kill, prlimit, ...)? */
bool proc_may_control(struct proc *proc);
