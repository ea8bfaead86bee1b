/* SPDX-License-Identifier: MIT */
/*
 * System calls: scheduling. There is one policy, SCHED_OTHER (BATCH and IDLE are taken as the
 * same), with nice values; real-time policies are refused.
 */
#include <linux/syscall.h>

#include <arch/riscv/hart.h>
#include <linux/errno.h>
#include <linux/helpers.h>
#include <linux/resource.h>
#include <linux/sched.h>
#include <proc/proc.h>
#include <vfs/cred.h>
#include <vm/uaccess.h>

#define TIME_SLICE (NSEC_PER_SEC / 100)

struct sched_param_user {
    s32 priority;
};

/* Runs fn on the thread with this id (0: the caller) under proc_lock, so that it stays. */
static long with_thread(u32 tid, long (*fn)(struct thread *t, u64 arg), u64 arg)
{
    long result = -ESRCH;

    if (tid == 0 || tid == current->tid)
        return fn(current, arg);
    u64 state = spin_lock_irqsave(&proc_lock);
    struct uthread *u = uthread_find_locked(tid);
    if (u)
        result = fn(u->thread, arg);
    spin_unlock_irqrestore(&proc_lock, state);
    return result;
}

static bool may_schedule(const struct thread *t)
{
    const struct cred *me = current->cred;

    return t == current || cred_is_root(me) ||
           (t->cred && (t->cred->uid == me->euid || t->cred->euid == me->euid));
}

long sys_sched_yield(void)
{
    sched_yield();
    return 0;
}

/* --- affinity --- */

static long affinity_set(struct thread *t, u64 mask)
{
    return may_schedule(t) ? thread_set_affinity(t, mask) : -EPERM;
}

static long affinity_get(struct thread *t, u64 arg)
{
    return (long)(t->affinity & ((1UL << n_harts) - 1));
}

long sys_sched_setaffinity(u64 tid, u64 size, u64 from)
{
    u64 mask = 0;

    if (copyin(&mask, from, min(size, sizeof(mask))))
        return -EFAULT;
    mask &= (1UL << n_harts) - 1;
    return mask ? with_thread((u32)tid, affinity_set, mask) : -EINVAL;
}

long sys_sched_getaffinity(u64 tid, u64 size, u64 out)
{
    long mask;

    if (size < sizeof(mask) || size % sizeof(mask))
        return -EINVAL;
    mask = with_thread((u32)tid, affinity_get, 0);
    if (mask < 0)
        return mask;
    return copyout(out, &mask, sizeof(mask)) ? -EFAULT : (long)sizeof(mask);
}

/* --- policy --- */

static bool policy_is_known(u32 policy)
{
    policy &= ~(u32)SCHED_RESET_ON_FORK;
    return policy == SCHED_NORMAL || policy == SCHED_BATCH || policy == SCHED_IDLE ||
           policy == SCHED_FIFO || policy == SCHED_RR;
}

static bool policy_is_realtime(u32 policy)
{
    policy &= ~(u32)SCHED_RESET_ON_FORK;
    return policy == SCHED_FIFO || policy == SCHED_RR;
}

static long thread_exists(struct thread *t, u64 arg)
{
    return 0;
}

long sys_sched_setscheduler(u64 tid, u64 policy, u64 from)
{
    struct sched_param_user param;

    if ((s32)tid < 0 || !policy_is_known((u32)policy) || !from)
        return -EINVAL;
    if (copyin(&param, from, sizeof(param)))
        return -EFAULT;
    if (policy_is_realtime((u32)policy))
        return param.priority < 1 || param.priority > 99 ? -EINVAL : -EPERM;
    if (param.priority != 0)
        return -EINVAL;
    return with_thread((u32)tid, thread_exists, 0);
}

long sys_sched_getscheduler(u64 tid)
{
    return (s32)tid < 0 ? -EINVAL : with_thread((u32)tid, thread_exists, 0);
}

long sys_sched_setparam(u64 tid, u64 from)
{
    return sys_sched_setscheduler(tid, SCHED_NORMAL, from);
}

long sys_sched_getparam(u64 tid, u64 out)
{
    struct sched_param_user param = {0};
    long err = !out || (s32)tid < 0 ? -EINVAL : with_thread((u32)tid, thread_exists, 0);

    return err ? err : copyout(out, &param, sizeof(param)) ? -EFAULT : 0;
}

long sys_sched_get_priority_max(u64 policy)
{
    if (!policy_is_known((u32)policy))
        return -EINVAL;
    return policy_is_realtime((u32)policy) ? 99 : 0;
}

long sys_sched_get_priority_min(u64 policy)
{
    if (!policy_is_known((u32)policy))
        return -EINVAL;
    return policy_is_realtime((u32)policy) ? 1 : 0;
}

long sys_sched_rr_get_interval(u64 tid, u64 out)
{
    long err = (s32)tid < 0 ? -EINVAL : with_thread((u32)tid, thread_exists, 0);

    return err ? err : timespec_out(out, TIME_SLICE) ? -EFAULT : 0;
}

/* --- nice values: of a thread, or of all threads of a group or user --- */

struct nice_request {
    int which;
    u32 id;
    int nice; /* to set */
    bool set;
    int best; /* lowest nice found */
    long result;
};

static bool nice_fits(const struct nice_request *r, struct proc *proc)
{
    if (r->which == PRIO_PGRP)
        return proc_pgid(proc) == r->id;
    return __atomic_load_n(&proc->uid, __ATOMIC_RELAXED) == r->id;
}

static void nice_apply(struct nice_request *r, struct thread *t)
{
    if (!r->set) {
        r->best = min(r->best, (int)t->nice);
        r->result = 0;
    } else if (!may_schedule(t)) {
        r->result = -EPERM;
    } else if (r->nice < t->nice && !cred_is_root(current->cred) &&
               20 - r->nice > (long)proc_limit(RLIMIT_NICE)) {
        r->result = -EACCES;
    } else {
        thread_set_nice(t, r->nice);
        r->result = r->result == -ESRCH ? 0 : r->result;
    }
}

static void nice_apply_all(struct nice_request *r)
{
    struct proc *proc;

    for (u32 pid = 1; (proc = proc_next_get(pid));) {
        pid = proc_id(proc) + 1;
        if (nice_fits(r, proc)) {
            u64 state = spin_lock_irqsave(&proc->sig_lock);
            struct uthread *u;
            list_for_each (u, &proc->threads, link)
                nice_apply(r, u->thread);
            spin_unlock_irqrestore(&proc->sig_lock, state);
        }
        proc_put(proc);
    }
}

static long nice_run(struct nice_request *r)
{
    r->result = -ESRCH;
    r->best = 20;
    if (r->which == PRIO_PROCESS) {
        u64 state = spin_lock_irqsave(&proc_lock);
        struct uthread *u = r->id ? uthread_find_locked(r->id) : current->user;
        if (u)
            nice_apply(r, u->thread);
        spin_unlock_irqrestore(&proc_lock, state);
        return r->result;
    }
    if (r->id == 0)
        r->id = r->which == PRIO_PGRP ? proc_pgid(proc_current()) : current->cred->uid;
    nice_apply_all(r);
    return r->result;
}

long sys_setpriority(u64 which, u64 id, u64 nice)
{
    struct nice_request r = {
        .which = (int)which, .id = (u32)id, .nice = min(max((int)nice, -20), 19), .set = true};

    return (u32)which > PRIO_USER ? -EINVAL : nice_run(&r);
}

/* 20 - nice, so that the result is never negative. */
long sys_getpriority(u64 which, u64 id)
{
    struct nice_request r = {.which = (int)which, .id = (u32)id};
    long err = (u32)which > PRIO_USER ? -EINVAL : nice_run(&r);

    return err ? err : 20 - r.best;
}

long sys_getcpu(u64 cpu_out, u64 node_out, u64 unused)
{
    u32 cpu = mycpu()->id, node = 0;

    if ((cpu_out && copyout(cpu_out, &cpu, sizeof(cpu))) ||
        (node_out && copyout(node_out, &node, sizeof(node))))
        return -EFAULT;
    return 0;
}
