/* SPDX-License-Identifier: MIT */
/*
 * Processes, threads and numbers: making, finding, listing, forgetting.
 *
 * A number is one `struct pid` in a hash table; it says what the number names at the moment
 * (a thread, a process, a group, a session) and is given back when it names nothing. So a
 * number cannot be used again while anything still goes by it.
 *
 * Locks: proc_lock guards the table of numbers.
 */
#include <proc/internal.h>

#include <debug/assert.h>
#include <ipc/futex.h>
#include <lib/string.h>
#include <linux/errno.h>
#include <linux/signal.h>
#include <mem/cache.h>
#include <mem/page.h>
#include <vfs/cred.h>
#include <vfs/fdtable.h>
#include <vfs/inode.h>
#include <vfs/vfs.h>
#include <vm/aspace.h>

struct spinlock proc_lock = SPINLOCK_INIT("proc");

/* Numbers come one after the other, so that chains are short: at most TID_MAX / N_CHAINS. */
#define N_CHAINS 1024
static struct pid *numbers[N_CHAINS]; /* proc_lock: chained by `next` */
static u64 n_threads, n_created;      /* proc_lock */
static u32 last_pid;                  /* proc_lock */
static struct cache *proc_cache, *pid_cache;

void proc_init(void)
{
    proc_cache = cache_create("proc", sizeof(struct proc));
    threads_user_init(sizeof(struct uthread));
    pid_cache = cache_create("pid", sizeof(struct pid));
    signals_init();
    vfs_rlimit = proc_limit;
    futex_init();
    vdso_init();
    itimers_init();
}

/* --- numbers --- */

/* Where the pointer to this number stands, or would stand: the end of its chain. */
static struct pid **pid_slot_locked(u32 nr)
{
    struct pid **slot = &numbers[nr % N_CHAINS];

    assert(spin_is_held(&proc_lock));
    while (*slot && (*slot)->nr != nr)
        slot = &(*slot)->next;
    return slot;
}

static void pid_forget_locked(struct pid *pid)
{
    *pid_slot_locked(pid->nr) = pid->next;
}

int pid_create(u32 nr, struct pid **out)
{
    struct pid *pid = cache_alloc(pid_cache);

    if (!pid)
        return -ENOMEM;
    *pid = (struct pid){.nr = nr};
    *out = pid;
    return 0;
}

void pid_destroy_unused(struct pid *pid)
{
    cache_free(pid_cache, pid);
}

static void pid_publish_locked(struct pid *pid)
{
    struct pid **slot = pid_slot_locked(pid->nr);

    assert_msg(!*slot, "number %u", pid->nr);
    *slot = pid;
}

void pid_release_locked(struct pid *pid)
{
    assert(spin_is_held(&proc_lock));
    if (pid->thread || pid->proc || pid->pgrp || pid->session)
        return;
    pid_forget_locked(pid);
    tid_free(pid->nr);
    cache_free(pid_cache, pid);
}

struct proc *proc_find_locked(u32 nr)
{
    struct pid *pid = *pid_slot_locked(nr);

    return pid ? pid->proc : NULL;
}

struct uthread *uthread_find_locked(u32 tid)
{
    struct pid *pid = *pid_slot_locked(tid);

    return pid ? pid->thread : NULL;
}

struct pgrp *pgrp_find_locked(u32 pgid)
{
    struct pid *pid = *pid_slot_locked(pgid);

    return pid ? pid->pgrp : NULL;
}

struct proc *proc_find_get(u32 nr)
{
    u64 state = spin_lock_irqsave(&proc_lock);
    struct proc *proc = proc_find_locked(nr);

    if (proc)
        proc_get(proc);
    spin_unlock_irqrestore(&proc_lock, state);
    return proc;
}

struct proc *proc_next_get(u32 nr)
{
    struct proc *found = NULL;
    u64 state = spin_lock_irqsave(&proc_lock);

    while (!found && (nr = tid_next_used(nr)) < TID_MAX)
        found = proc_find_locked(nr++);
    if (found)
        proc_get(found);
    spin_unlock_irqrestore(&proc_lock, state);
    return found;
}

/* --- structs --- */

int proc_alloc(struct proc **out)
{
    struct proc *proc = cache_alloc(proc_cache);

    if (!proc)
        return -ENOMEM;
    memset(proc, 0, offsetof(struct proc, itimers));
    proc->count = 1;
    list_init(&proc->children);
    list_init(&proc->sibling);
    list_init(&proc->pgrp_link);
    list_init(&proc->threads);
    list_init(&proc->posix_timers);
    waitq_init(&proc->child_wait);
    waitq_init(&proc->stop_wait);
    spin_init(&proc->sig_lock, "signals");
    sigpending_init(&proc->pending);
    proc->start_time = clock_monotonic();
    proc->dumpable = true;
    *out = proc;
    return 0;
}

void proc_free_unused(struct proc *proc)
{
    cache_free(proc_cache, proc);
}

void proc_get(struct proc *proc)
{
    __atomic_fetch_add(&proc->count, 1, __ATOMIC_RELAXED);
}

void proc_put(struct proc *proc)
{
    if (__atomic_fetch_sub(&proc->count, 1, __ATOMIC_ACQ_REL) == 1)
        cache_free(proc_cache, proc);
}

int uthread_alloc(struct uthread **out)
{
    struct thread *t;
    int err = thread_alloc_user(&t);

    if (err)
        return err;
    t->user->thread = t;
    list_init(&t->user->link);
    sigpending_init(&t->user->pending);
    *out = t->user;
    return 0;
}

void uthread_publish_locked(struct uthread *u)
{
    u->pid->thread = u;
    pid_publish_locked(u->pid);
    list_add_tail(&u->link, &u->proc->threads);
    u->proc->n_threads++;
    u->proc->n_live++;
    n_threads++;
    n_created++;
    last_pid = u->pid->nr;
}

void proc_uncount_thread_locked(void)
{
    n_threads--;
}

u64 proc_n_threads(void)
{
    return __atomic_load_n(&n_threads, __ATOMIC_RELAXED);
}

u64 proc_n_created(void)
{
    return __atomic_load_n(&n_created, __ATOMIC_RELAXED);
}

u32 proc_last_pid(void)
{
    return __atomic_load_n(&last_pid, __ATOMIC_RELAXED);
}

/* --- looking at another process --- */

struct aspace *proc_aspace_get(struct proc *proc)
{
    u64 state = spin_lock_irqsave(&proc->sig_lock);
    struct aspace *as = proc->aspace;

    if (as)
        aspace_get(as);
    spin_unlock_irqrestore(&proc->sig_lock, state);
    return as;
}

/* Threads set their pointers to NULL under sig_lock before they drop a reference. */
#define THREAD_PART_GET(scope, name, type, field, get)  \
    scope struct type *name(struct proc *proc)          \
    {                                                   \
        u64 state = spin_lock_irqsave(&proc->sig_lock); \
        struct type *found = NULL;                      \
        struct uthread *u;                              \
                                                        \
        list_for_each (u, &proc->threads, link) {       \
            found = u->thread->field;                   \
            if (found) {                                \
                get(found);                             \
                break;                                  \
            }                                           \
        }                                               \
        spin_unlock_irqrestore(&proc->sig_lock, state); \
        return found;                                   \
    }

THREAD_PART_GET(, proc_files_get, fdtable, files, fdtable_get)
THREAD_PART_GET(, proc_fs_get, fs_context, fs, fs_context_get)
THREAD_PART_GET(static, thread_cred_get, cred, cred, cred_get)

struct cred *proc_cred_get(struct proc *proc)
{
    struct cred *cred = thread_cred_get(proc);

    if (cred)
        return cred;
    u64 state = spin_lock_irqsave(&proc_lock);
    cred = proc->dead_cred;
    if (cred)
        cred_get(cred);
    spin_unlock_irqrestore(&proc_lock, state);
    return cred;
}

void proc_times_add(struct proc_times *sum, const struct proc_times *more)
{
    sum->utime += more->utime;
    sum->stime += more->stime;
    sum->min_faults += more->min_faults;
    sum->maj_faults += more->maj_faults;
    sum->n_switches += more->n_switches;
    sum->n_preempted += more->n_preempted;
    sum->max_rss_pages = max(sum->max_rss_pages, more->max_rss_pages);
}

void proc_times_add_thread(struct proc_times *sum, const struct uthread *u)
{
    nsec_t user, system;

    thread_times(u->thread, &user, &system);
    sum->utime += user;
    sum->stime += system;
    sum->n_switches += u->thread->n_switches;
    sum->n_preempted += u->thread->n_preempted;
}

void proc_times_add_aspace(struct proc_times *sum, struct aspace *as)
{
    const u64 *n = as->events;

    sum->min_faults +=
        n[VM_REUSED] + n[VM_COPIED] + n[VM_ZERO_FILLED] + n[VM_ZERO_MAPPED] + n[VM_FILE_MAPPED];
    sum->min_faults -= as->events[VM_AHEAD];
    s64 rss = max(as->peak_rss, (s64)aspace_rss_total(as));
    sum->max_rss_pages = max(sum->max_rss_pages, (u64)max(rss, 0L));
}

static void times_read_locked(struct proc *proc, struct proc_times *out)
{
    struct uthread *u;

    *out = proc->dead_threads;
    list_for_each (u, &proc->threads, link)
        proc_times_add_thread(out, u);
    if (proc->aspace)
        proc_times_add_aspace(out, proc->aspace);
}

void proc_times_read(struct proc *proc, struct proc_times *out)
{
    u64 state = spin_lock_irqsave(&proc->sig_lock);

    times_read_locked(proc, out);
    spin_unlock_irqrestore(&proc->sig_lock, state);
}

u32 proc_thread_id(struct proc *proc, u32 n)
{
    u64 state = spin_lock_irqsave(&proc->sig_lock);
    struct uthread *u;
    u32 tid = 0;

    list_for_each (u, &proc->threads, link) {
        if (n-- == 0) {
            tid = u->pid->nr;
            break;
        }
    }
    spin_unlock_irqrestore(&proc->sig_lock, state);
    return tid;
}

static char state_letter(const struct proc *proc, const struct thread *t)
{
    if (proc->is_stopped)
        return 'T';
    switch (t->state) {
    case THREAD_SLEEPING:
        return t->wake_interruptible ? 'S' : 'D';
    case THREAD_DEAD:
        return 'Z';
    default:
        return 'R';
    }
}

static void info_set_cred(struct proc_info *out, const struct cred *c)
{
    if (!c)
        return;
    out->uid = c->uid, out->euid = c->euid, out->suid = c->suid, out->fsuid = c->fsuid;
    out->gid = c->gid, out->egid = c->egid, out->sgid = c->sgid, out->fsgid = c->fsgid;
}

/* The leader's part, or that of any thread left. Locks: sig_lock. */
static void info_read_thread_locked(struct proc *proc, struct proc_info *out)
{
    struct uthread *u = list_first(&proc->threads, struct uthread, link);
    const struct thread *t = u->thread;

    memcpy(out->name, t->name, sizeof(out->name));
    out->state = state_letter(proc, t);
    out->nice = t->nice;
    out->processor = t->hart ? (int)t->hart->id : 0;
    out->pending_thread = u->pending.set;
    out->blocked = u->blocked;
    out->umask = t->fs ? t->fs->umask : 0;
    info_set_cred(out, t->cred);
}

static void info_read_actions_locked(struct proc *proc, struct proc_info *out)
{
    for (int signo = 1; proc->sighand && signo <= SIG_COUNT; signo++) {
        vaddr_t handler = sighand_action(proc->sighand, signo).handler;

        if (handler == (vaddr_t)SIG_IGN)
            out->ignored |= sig_bit(signo);
        else if (handler != (vaddr_t)SIG_DFL)
            out->caught |= sig_bit(signo);
    }
}

void proc_info_read(struct proc *proc, struct proc_info *out)
{
    memset(out, 0, sizeof(*out));
    u64 state = spin_lock_irqsave(&proc_lock);
    out->pid = proc_id(proc);
    out->ppid = proc->parent ? proc_id(proc->parent) : 0;
    out->pgid = proc->pgrp ? proc->pgrp->id->nr : 0;
    out->sid = proc->pgrp ? proc->pgrp->session->id->nr : 0;
    out->tty = proc->pgrp ? proc->pgrp->session->tty : NULL;
    out->exit_signal = proc->exit_signal;
    out->exit_status = proc->exit_status;
    out->child_times = proc->dead_children;
    out->start_time = proc->start_time;

    spin_lock(&proc->sig_lock);
    out->n_threads = proc->n_threads;
    out->pending_shared = proc->pending.set;
    times_read_locked(proc, &out->times);
    info_read_actions_locked(proc, out);
    if (!list_is_empty(&proc->threads)) {
        info_read_thread_locked(proc, out);
    } else {
        out->state = 'Z';
        memcpy(out->name, proc->dead_name, sizeof(out->name));
        info_set_cred(out, proc->dead_cred);
    }
    spin_unlock(&proc->sig_lock);
    spin_unlock_irqrestore(&proc_lock, state);
}

/* --- limits and rights --- */

u64 proc_limit(unsigned resource)
{
    struct proc *proc = proc_current();

    return proc ? __atomic_load_n(&proc->limits[resource].rlim_cur, __ATOMIC_RELAXED)
                : RLIM64_INFINITY;
}

bool proc_may_control(struct proc *proc)
{
    const struct cred *me = current->cred;
    struct cred *other;
    bool may;

    if (proc == proc_current() || cred_is_root(me))
        return true;
    other = proc_cred_get(proc);
    if (!other)
        return false;
    may = me->euid == other->suid || me->euid == other->uid || me->uid == other->suid ||
          me->uid == other->uid;
    cred_put(other);
    return may;
}
