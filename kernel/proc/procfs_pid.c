/* SPDX-License-Identifier: MIT */
/*
 * The files of one process, and the small ones of them: what it was started with, its limits,
 * its name. The table at the end is the directory.
 */
#include <lib/string.h>
#include <linux/auxvec.h>
#include <linux/errno.h>
#include <linux/stat.h>
#include <proc/procfs_internal.h>
#include <vm/aspace.h>
#include <vm/uaccess.h>

/* ---- memory of the process
 * ------------------------------------------------------------------------ */

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
static PROCFS_SHOW(args)

    static int environ(struct text *out, struct proc *proc, const struct pseudo_id *id)
{
    struct aspace *as = proc_may_control(proc) ? proc_aspace_get(proc) : NULL;

    if (!as)
        return proc_may_control(proc) ? 0 : -EACCES;
    text_user(out, as, as->env_start, as->env_end);
    aspace_put(as);
    return 0;
}
static PROCFS_SHOW(environ)

    static int auxv(struct text *out, struct proc *proc, const struct pseudo_id *id)
{
    struct aspace *as = proc_may_control(proc) ? proc_aspace_get(proc) : NULL;
    size_t n = 0;

    if (!as)
        return proc_may_control(proc) ? 0 : -EACCES;
    while (n + 2 < ARRAY_SIZE(as->auxv) && as->auxv[n] != AT_NULL)
        n += 2;
    text_write(out, as->auxv, (n + 2) * sizeof(as->auxv[0]));
    aspace_put(as);
    return 0;
}
static PROCFS_SHOW(auxv)

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
static PROCFS_SHOW(comm)

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

/* ---- limits, scheduling, the rest
 * --------------------------------------------------------------------- */

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
static PROCFS_SHOW(limits)

    static int schedstat(struct text *out, struct proc *proc, const struct pseudo_id *id)
{
    struct proc_times times;

    proc_times_read(proc, &times);
    text_printf(out, "%lu 0 %lu\n", (u64)(times.utime + times.stime), times.n_switches);
    return 0;
}
static PROCFS_SHOW(schedstat)

    static int personality(struct text *out, struct proc *proc, const struct pseudo_id *id)
{
    text_printf(out, "%08x\n", proc->personality);
    return 0;
}
static PROCFS_SHOW(personality)

    /* Where a thread waits is known to gdb only; Linux says 0 to those who may not know. */
    static int wchan_show(struct text *out, const struct pseudo_id *id)
{
    text_putc(out, '0');
    return 0;
}

/* ---- the directories
 * ---------------------------------------------------------------------------------- */

#define FILE_OF(file, fn)                                \
    {                                                    \
        .name = file, .mode = S_IFREG | 0444, .show = fn \
    }
#define SECRET_OF(file, fn)                              \
    {                                                    \
        .name = file, .mode = S_IFREG | 0400, .show = fn \
    }
#define LINK_OF(what)                                                                \
    {                                                                                \
        .name = #what, .mode = S_IFLNK | 0777, .readlink = procfs_##what##_readlink, \
        .follow = procfs_##what##_follow                                             \
    }

#define COMMON_FILES                                                                        \
    FILE_OF("cmdline", args_show), FILE_OF("cow", procfs_cow_show),                         \
        FILE_OF("limits", limits_show), FILE_OF("maps", procfs_maps_show),                  \
        FILE_OF("mountinfo", procfs_mountinfo_show), FILE_OF("mounts", procfs_mounts_show), \
        FILE_OF("schedstat", schedstat_show), FILE_OF("smaps", procfs_smaps_show),          \
        FILE_OF("smaps_rollup", procfs_rollup_show), FILE_OF("stat", procfs_stat_show),     \
        FILE_OF("statm", procfs_statm_show), FILE_OF("status", procfs_status_show),         \
        FILE_OF("wchan", wchan_show), SECRET_OF("auxv", auxv_show),                         \
        SECRET_OF("environ", environ_show), SECRET_OF("personality", personality_show),     \
        LINK_OF(cwd), LINK_OF(exe), LINK_OF(root),                                          \
        {.name = "comm", .mode = S_IFREG | 0644, .show = comm_show, .write = comm_write},   \
        {.name = "fd",                                                                      \
         .mode = S_IFDIR | 0500,                                                            \
         .lookup = procfs_fd_lookup,                                                        \
         .next = procfs_fd_next,                                                            \
         .owner = procfs_owner},                                                            \
    {                                                                                       \
        .name = "fdinfo", .mode = S_IFDIR | 0555, .lookup = procfs_fdinfo_lookup,           \
        .next = procfs_fdinfo_next, .owner = procfs_owner                                   \
    }

const struct pseudo_entry procfs_pid_files[] = {
    COMMON_FILES,
    {.name = "task",
     .mode = S_IFDIR | 0555,
     .lookup = procfs_task_lookup,
     .next = procfs_task_next,
     .owner = procfs_owner},
    {0},
};

const struct pseudo_entry procfs_task_files[] = {COMMON_FILES, {0}};
