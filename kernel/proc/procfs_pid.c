/* SPDX-License-Identifier: MIT */
/*
 * The files of one process, and the small ones of them: what it was started with, its limits,
 * its name. The table at the end is the directory.
 */
#include <lib/string.h>
#include <linux/auxvec.h>
#include <linux/errno.h>
#include <linux/oom.h>
#include <linux/stat.h>
#include <proc/procfs_internal.h>
#include <vfs/cred.h>
#include <vm/aspace.h>
#include <vm/uaccess.h>

/* ---- memory of the process ------------------------------------------------------- */

/* Copies [start, end) of another address space; stops quietly at a page that is not there. */
static void text_user(struct text *out, struct aspace *as, vaddr_t start, vaddr_t end)
{
    struct aspace *own = aspace_use(as);
    char chunk[256];

    while (start < end && out->error == 0) {
        size_t want = min(end - start, sizeof(chunk));
        size_t got = copyin_some(chunk, start, want);

        text_write(out, chunk, got);
        if (got < want)
            break;
        start += got;
    }
    aspace_use(own);
}

static int args(struct text *out, struct proc *proc, const struct pseudo_id *id)
{
    struct aspace *as = proc_aspace_get(proc);

    if (!as)
        return 0;
    text_user(out, as, as->arg_start, as->arg_end);
    aspace_put(as);
    return 0;
}

static int environ(struct text *out, struct proc *proc, const struct pseudo_id *id)
{
    struct aspace *as = procfs_may_look_into(proc) ? proc_aspace_get(proc) : NULL;

    if (!as)
        return procfs_may_look_into(proc) ? 0 : -EACCES;
    text_user(out, as, as->env_start, as->env_end);
    aspace_put(as);
    return 0;
}

static int auxv(struct text *out, struct proc *proc, const struct pseudo_id *id)
{
    struct aspace *as = procfs_may_look_into(proc) ? proc_aspace_get(proc) : NULL;
    size_t n = 0;

    if (!as)
        return procfs_may_look_into(proc) ? 0 : -EACCES;
    while (n + 2 < ARRAY_SIZE(as->auxv) && as->auxv[n] != AT_NULL)
        n += 2;
    text_write(out, as->auxv, (n + 2) * sizeof(as->auxv[0]));
    aspace_put(as);
    return 0;
}

/* ---- name
   ------------------------------------------------------------------------------------------
 */

/* The thread that the file is about. Locks: proc_lock. */
static struct uthread *thread_of_locked(const struct pseudo_id *id)
{
    u32 tid = procfs_tid(id) ? procfs_tid(id) : procfs_pid(id);

    return uthread_find_locked(tid);
}

static int comm(struct text *out, struct proc *proc, const struct pseudo_id *id)
{
    struct proc_info info;

    proc_info_read(proc, &info);
    u64 state = spin_lock_irqsave(&proc_lock);
    struct uthread *u = thread_of_locked(id);
    if (u)
        memcpy(info.name, u->thread->name, sizeof(info.name));
    spin_unlock_irqrestore(&proc_lock, state);
    text_printf(out, "%.15s\n", info.name);
    return 0;
}

/* Only a thread of the process itself may rename it. */
static int comm_write(const struct pseudo_id *id, const char *text, size_t n)
{
    u64 state = spin_lock_irqsave(&proc_lock);
    struct uthread *u = thread_of_locked(id);
    int err = !u ? -ESRCH : u->proc != proc_current() ? -EINVAL : 0;

    if (err == 0)
        strlcpy(u->thread->name, text, sizeof(u->thread->name));
    spin_unlock_irqrestore(&proc_lock, state);
    return err;
}

/* ---- limits, scheduling, the rest ------------------------------------------------ */

static void text_limit(struct text *out, u64 value)
{
    if (value == RLIM64_INFINITY)
        text_printf(out, "%-20s ", "unlimited");
    else
        text_printf(out, "%-20lu ", (u64)value);
}

static int limits(struct text *out, struct proc *proc, const struct pseudo_id *id)
{
    static const struct {
        const char *name, *unit;
    } rows[RLIM_NLIMITS] = {
        [RLIMIT_CPU] = {"Max cpu time", "seconds"},
        [RLIMIT_FSIZE] = {"Max file size", "bytes"},
        [RLIMIT_DATA] = {"Max data size", "bytes"},
        [RLIMIT_STACK] = {"Max stack size", "bytes"},
        [RLIMIT_CORE] = {"Max core file size", "bytes"},
        [RLIMIT_RSS] = {"Max resident set", "bytes"},
        [RLIMIT_NPROC] = {"Max processes", "processes"},
        [RLIMIT_NOFILE] = {"Max open files", "files"},
        [RLIMIT_MEMLOCK] = {"Max locked memory", "bytes"},
        [RLIMIT_AS] = {"Max address space", "bytes"},
        [RLIMIT_LOCKS] = {"Max file locks", "locks"},
        [RLIMIT_SIGPENDING] = {"Max pending signals", "signals"},
        [RLIMIT_MSGQUEUE] = {"Max msgqueue size", "bytes"},
        [RLIMIT_NICE] = {"Max nice priority", ""},
        [RLIMIT_RTPRIO] = {"Max realtime priority", ""},
        [RLIMIT_RTTIME] = {"Max realtime timeout", "us"},
    };
    struct rlimit64 now[RLIM_NLIMITS];

    u64 state = spin_lock_irqsave(&proc->sig_lock);
    memcpy(now, proc->limits, sizeof(now));
    spin_unlock_irqrestore(&proc->sig_lock, state);
    text_printf(out, "%-25s %-20s %-20s %-10s\n", "Limit", "Soft Limit", "Hard Limit", "Units");
    for (size_t i = 0; i < RLIM_NLIMITS; i++) {
        text_printf(out, "%-25s ", rows[i].name);
        text_limit(out, now[i].rlim_cur);
        text_limit(out, now[i].rlim_max);
        text_printf(out, rows[i].unit[0] ? "%-10s\n" : "%s\n", rows[i].unit);
    }
    return 0;
}

static int schedstat(struct text *out, struct proc *proc, const struct pseudo_id *id)
{
    struct proc_times times;

    proc_times_read(proc, &times);
    text_printf(out, "%lu 0 %lu\n", (u64)(times.utime + times.stime), times.n_switches);
    return 0;
}

static int personality(struct text *out, struct proc *proc, const struct pseudo_id *id)
{
    text_printf(out, "%08x\n", proc->personality);
    return 0;
}

/* Who ends when memory runs out: oom.c. */
static int oom_adj(struct text *out, struct proc *proc, const struct pseudo_id *id)
{
    text_printf(out, "%d\n", proc->oom_score_adj);
    return 0;
}

static int oom_score_text(struct text *out, struct proc *proc, const struct pseudo_id *id)
{
    text_printf(out, "%u\n", oom_score(proc));
    return 0;
}

static int oom_adj_write(const struct pseudo_id *id, const char *text, size_t n)
{
    struct proc *proc = procfs_proc_get(id);
    s64 value;
    int err = !proc ? -ESRCH : procfs_parse(text, &value);

    if (err == 0 && (value < OOM_SCORE_ADJ_MIN || value > OOM_SCORE_ADJ_MAX))
        err = -EINVAL;
    if (err == 0 && value < proc->oom_score_adj && !cred_is_root(current->cred))
        err = -EACCES;
    if (err == 0)
        proc->oom_score_adj = (s16)value;
    if (proc)
        proc_put(proc);
    return err;
}

/* Where a thread waits is known to gdb only; Linux says 0 to those who may not know. */
static int wchan_show(struct text *out, const struct pseudo_id *id)
{
    text_putc(out, '0');
    return 0;
}

/* The look-ups around them. */
static PROCFS_SHOW(args);
static PROCFS_SHOW(environ);
static PROCFS_SHOW(auxv);
static PROCFS_SHOW(comm);
static PROCFS_SHOW(limits);
static PROCFS_SHOW(schedstat);
static PROCFS_SHOW(personality);
static PROCFS_SHOW(oom_adj);
static PROCFS_SHOW(oom_score_text);

/* ---- the directories ------------------------------------------------------------- */

#define DIR_OF(what, permissions)                                                   \
    .name = #what, .mode = S_IFDIR | permissions, .lookup = procfs_##what##_lookup, \
    .next = procfs_##what##_next
#define LINK_OF(what)                                                            \
    .name = #what, .mode = S_IFLNK | 0777, .readlink = procfs_##what##_readlink, \
    .follow = procfs_##what##_follow

/* A thread's directory has all but the first. */
const struct pseudo_entry procfs_pid_files[] = {
    {DIR_OF(task, 0555)},
    {PROCFS_FILE("cmdline", args_show)},
    {PROCFS_GUARDED("cow", procfs_cow_show)},
    {PROCFS_FILE("limits", limits_show)},
    {PROCFS_GUARDED("maps", procfs_maps_show)},
    {PROCFS_FILE("mountinfo", procfs_mountinfo_show)},
    {PROCFS_FILE("mounts", procfs_mounts_show)},
    {PROCFS_FILE("schedstat", schedstat_show)},
    {PROCFS_GUARDED("smaps", procfs_smaps_show)},
    {PROCFS_GUARDED("smaps_rollup", procfs_rollup_show)},
    {PROCFS_FILE("stat", procfs_stat_show)},
    {PROCFS_FILE("statm", procfs_statm_show)},
    {PROCFS_FILE("status", procfs_status_show)},
    {PROCFS_FILE("wchan", wchan_show)},
    {PROCFS_SECRET("auxv", auxv_show)},
    {PROCFS_SECRET("environ", environ_show)},
    {PROCFS_BINARY("pagemap", &procfs_pagemap_ops)},
    {PROCFS_SECRET("personality", personality_show)},
    {PROCFS_WRITABLE("comm", comm_show, comm_write)},
    {PROCFS_FILE("oom_score", oom_score_text_show)},
    {PROCFS_WRITABLE("oom_score_adj", oom_adj_show, oom_adj_write)},
    {DIR_OF(fd, 0500)},
    {DIR_OF(fdinfo, 0555)},
    {LINK_OF(cwd)},
    {LINK_OF(exe)},
    {LINK_OF(root)},
    {0},
};
