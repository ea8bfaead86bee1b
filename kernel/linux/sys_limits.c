/* SPDX-License-Identifier: MIT */
/* System calls: limits and what was used. */
#include <linux/syscall.h>

#include <linux/errno.h>
#include <linux/helpers.h>
#include <linux/resource.h>
#include <proc/proc.h>
#include <proc/timers.h>
#include <vm/aspace.h>
#include <vm/uaccess.h>

/* The address space has its own copy of the limits it checks. */
static void aspace_limit_set(struct proc *proc, u32 resource, u64 value)
{
    struct aspace *as = proc_aspace_get(proc);

    if (!as)
        return;
    rw_write_lock(&as->lock);
    switch (resource) {
    case RLIMIT_AS:
        as->limit_as = value;
        break;
    case RLIMIT_DATA:
        as->limit_data = value;
        break;
    case RLIMIT_STACK:
        as->limit_stack = value;
        break;
    case RLIMIT_MEMLOCK:
        as->limit_memlock = value;
        break;
    }
    rw_write_unlock(&as->lock);
    aspace_put(as);
}

static int limit_check(const struct rlimit64 *new, const struct rlimit64 *old, u32 resource)
{
    if (new->rlim_cur > new->rlim_max)
        return -EINVAL;
    if (resource == RLIMIT_NOFILE && new->rlim_max > 1048576)
        return -EPERM;
    if (new->rlim_max > old->rlim_max && !cred_is_root(current->cred))
        return -EPERM;
    return 0;
}

static int limit_exchange(struct proc *proc, u32 resource, const struct rlimit64 *new,
                          struct rlimit64 *old)
{
    u64 state = spin_lock_irqsave(&proc->sig_lock);
    int err = 0;

    *old = proc->limits[resource];
    if (new)
        err = limit_check(new, old, resource);
    if (new && !err)
        proc->limits[resource] = *new;
    spin_unlock_irqrestore(&proc->sig_lock, state);
    if (new && !err)
        aspace_limit_set(proc, resource, new->rlim_cur);
    if (new && !err && resource == RLIMIT_CPU)
        cpu_limit_watch(proc);
    return err;
}

long sys_prlimit64(u64 pid, u64 resource, u64 new, u64 old)
{
    struct rlimit64 limit, before;
    struct proc *proc;
    int err = 0;

    if ((u32)resource >= RLIM_NLIMITS)
        return -EINVAL;
    if (new &&copyin(&limit, new, sizeof(limit)))
        return -EFAULT;
    proc = proc_find_get((u32)pid ? (u32)pid : proc_id(proc_current()));
    if (!proc)
        return -ESRCH;
    if (!proc_may_control(proc))
        err = -EPERM;
    if (!err)
        err = limit_exchange(proc, (u32)resource, new ? &limit : NULL, &before);
    proc_put(proc);
    if (err)
        return err;
    return old && copyout(old, &before, sizeof(before)) ? -EFAULT : 0;
}

/* struct rlimit has the layout of struct rlimit64 here. */
long sys_getrlimit(u64 resource, u64 out)
{
    struct rlimit64 limit;
    int err;

    if ((u32)resource >= RLIM_NLIMITS)
        return -EINVAL;
    err = limit_exchange(proc_current(), (u32)resource, NULL, &limit);
    return err ? err : copyout(out, &limit, sizeof(limit)) ? -EFAULT : 0;
}

long sys_setrlimit(u64 resource, u64 from)
{
    struct rlimit64 limit, before;

    if ((u32)resource >= RLIM_NLIMITS)
        return -EINVAL;
    if (copyin(&limit, from, sizeof(limit)))
        return -EFAULT;
    return limit_exchange(proc_current(), (u32)resource, &limit, &before);
}

long sys_getrusage(u64 who, u64 out)
{
    struct proc *proc = proc_current();
    struct proc_times times = {0};
    struct rusage ru;
    u64 state;

    switch ((s32)who) {
    case RUSAGE_SELF:
        proc_times_read(proc, &times);
        break;
    case RUSAGE_THREAD:
        thread_times(current, &times.utime, &times.stime);
        times.n_switches = current->n_switches;
        times.n_preempted = current->n_preempted;
        break;
    case RUSAGE_CHILDREN:
        state = spin_lock_irqsave(&proc_lock);
        times = proc->dead_children;
        spin_unlock_irqrestore(&proc_lock, state);
        break;
    default:
        return -EINVAL;
    }
    rusage_fill(&ru, &times);
    return copyout(out, &ru, sizeof(ru)) ? -EFAULT : 0;
}
