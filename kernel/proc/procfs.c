/* SPDX-License-Identifier: MIT */
/*
 * The root of /proc: the machine's files, a directory per process, and the links that lead to
 * the reader's own (procfs_internal.h has the rules).
 */
#include <debug/assert.h>
#include <lib/string.h>
#include <linux/errno.h>
#include <linux/magic.h>
#include <linux/stat.h>
#include <proc/procfs.h>
#include <proc/procfs_internal.h>
#include <vfs/cred.h>

/* ---- shared by all files --------------------------------------------------------- */

struct proc *procfs_proc_get(const struct pseudo_id *id)
{
    return proc_find_get(procfs_pid(id));
}

bool procfs_number(const char *name, u32 *out)
{
    u64 value;

    if (name[0] == '0' && name[1] != '\0')
        return false;
    if (str_to_u64(&name, 10, &value) != 0 || *name != '\0' || value > INT32_MAX)
        return false;
    *out = (u32)value;
    return true;
}

int procfs_parse(const char *text, s64 *out)
{
    bool negative = *text == '-';
    u64 value;

    text += negative;
    if (str_to_u64(&text, 10, &value) != 0 || value > INT64_MAX)
        return -EINVAL;
    text += *text == '\n';
    *out = negative ? -(s64)value : (s64)value;
    return *text == '\0' ? 0 : -EINVAL;
}

bool procfs_may_look_into(struct proc *proc)
{
    const struct cred *me = current->cred;
    struct proc_info it;

    if (proc == proc_current() || cred_is_root(me))
        return true;
    proc_info_read(proc, &it);
    return proc->dumpable && me->fsuid == it.uid && me->fsuid == it.euid &&
           me->fsuid == it.suid && me->fsgid == it.gid && me->fsgid == it.egid &&
           me->fsgid == it.sgid;
}

int procfs_may_look(const struct pseudo_id *id)
{
    struct proc *proc = procfs_proc_get(id);

    if (!proc)
        return -ESRCH;
    int err = procfs_may_look_into(proc) ? 0 : -EACCES;
    proc_put(proc);
    return err;
}

int procfs_owner(const struct pseudo_id *id, u32 *uid, u32 *gid)
{
    struct proc *proc = procfs_proc_get(id);
    struct cred *cred = proc ? proc_cred_get(proc) : NULL;
    bool is_own = cred && proc->dumpable;

    if (!proc)
        return -ENOENT;
    *uid = is_own ? cred->euid : 0;
    *gid = is_own ? cred->egid : 0;
    if (cred)
        cred_put(cred);
    proc_put(proc);
    return 0;
}

/* ---- processes ------------------------------------------------------------------- */

static const struct pseudo_entry pid_dir = {
    .mode = S_IFDIR | 0555,
    .children = procfs_pid_files,
    .owner = procfs_owner,
};

static void pid_child(struct pseudo_child *out, u32 pid)
{
    *out = (struct pseudo_child){.entry = &pid_dir, .id = procfs_id(pid, 0), .cursor = pid + 1};
    kscnprintf(out->name, sizeof(out->name), "%u", pid);
}

static int pid_lookup(const struct pseudo_id *dir, const char *name, struct pseudo_child *out)
{
    u32 pid;
    struct proc *proc = procfs_number(name, &pid) ? proc_find_get(pid) : NULL;

    if (!proc)
        return -ENOENT;
    proc_put(proc);
    pid_child(out, pid);
    return 0;
}

static int pid_next(const struct pseudo_id *dir, u64 cursor, struct pseudo_child *out)
{
    struct proc *proc = proc_next_get((u32)cursor);

    if (!proc)
        return -ENOENT;
    pid_child(out, proc_id(proc));
    proc_put(proc);
    return 0;
}

/* ---- threads: task/TID, and everything once more in it --------------------------- */

static const struct pseudo_entry tid_dir = {
    .mode = S_IFDIR | 0555,
    .children = procfs_pid_files + 1, /* no task/ inside of task/TID */
    .owner = procfs_owner,
};

static void tid_child(struct pseudo_child *out, u32 pid, u32 tid, u64 cursor)
{
    *out =
        (struct pseudo_child){.entry = &tid_dir, .id = procfs_id(pid, tid), .cursor = cursor};
    kscnprintf(out->name, sizeof(out->name), "%u", tid);
}

static bool proc_has_thread(u32 pid, u32 tid)
{
    u64 state = spin_lock_irqsave(&proc_lock);
    struct uthread *u = uthread_find_locked(tid);
    bool has = u && u->proc->pid->nr == pid;

    spin_unlock_irqrestore(&proc_lock, state);
    return has;
}

int procfs_task_lookup(const struct pseudo_id *dir, const char *name, struct pseudo_child *out)
{
    u32 pid = procfs_pid(dir), tid;

    if (!procfs_number(name, &tid) || !proc_has_thread(pid, tid))
        return -ENOENT;
    tid_child(out, pid, tid, 0);
    return 0;
}

int procfs_task_next(const struct pseudo_id *dir, u64 cursor, struct pseudo_child *out)
{
    struct proc *proc = procfs_proc_get(dir);
    u32 tid = proc ? proc_thread_id(proc, (u32)cursor) : 0;

    if (proc)
        proc_put(proc);
    if (tid == 0)
        return -ENOENT;
    tid_child(out, procfs_pid(dir), tid, cursor + 1);
    return 0;
}

/* ---- the reader's own ------------------------------------------------------------ */

static s64 self_readlink(const struct pseudo_id *id, char *buf, size_t size)
{
    if (!proc_current())
        return -ENOENT;
    return kscnprintf(buf, size, "%u", proc_id(proc_current()));
}

static s64 thread_self_readlink(const struct pseudo_id *id, char *buf, size_t size)
{
    if (!proc_current())
        return -ENOENT;
    return kscnprintf(buf, size, "%u/task/%u", proc_id(proc_current()), current->tid);
}

static s64 mounts_readlink(const struct pseudo_id *id, char *buf, size_t size)
{
    return kscnprintf(buf, size, "self/mounts");
}

/* ---- the root -------------------------------------------------------------------- */

static const struct pseudo_entry root_files[] = {
    {PROCFS_LINK("self", self_readlink)},
    {PROCFS_LINK("thread-self", thread_self_readlink)},
    {PROCFS_LINK("mounts", mounts_readlink)},
    {PROCFS_FILE("cmdline", procfs_boot_line_show)},
    {PROCFS_FILE("cpuinfo", procfs_cpuinfo_show)},
    {PROCFS_FILE("filesystems", procfs_filesystems_show)},
    {PROCFS_SECRET("kmsg", procfs_kmsg_show)},
    {PROCFS_BINARY("kpagecount", &procfs_kpagecount_ops)},
    {PROCFS_BINARY("kpageflags", &procfs_kpageflags_ops)},
    {PROCFS_FILE("loadavg", procfs_loadavg_show)},
    {PROCFS_FILE("meminfo", procfs_meminfo_show)},
    {PROCFS_SECRET("slabinfo", procfs_slabinfo_show)},
    {PROCFS_FILE("stat", procfs_machine_stat_show)},
    {PROCFS_FILE("swaps", procfs_swaps_show)},
    {PROCFS_FILE("uptime", procfs_uptime_show)},
    {PROCFS_FILE("version", procfs_version_show)},
    {PROCFS_FILE("vmstat", procfs_vmstat_show)},
    {PROCFS_DIR("sys", procfs_sys_files)},
    {PROCFS_DIR("calf", procfs_calf_files)},
    {0},
};

static const struct pseudo_entry root = {
    .mode = S_IFDIR | 0555,
    .children = root_files,
    .lookup = pid_lookup,
    .next = pid_next,
};

static struct pseudo_fs procfs = {.name = "proc", .magic = PROC_SUPER_MAGIC, .root = &root};

void procfs_init(const char *cmdline)
{
    procfs_set_cmdline(cmdline);
    if (pseudo_register(&procfs) != 0)
        panic("procfs: no memory");
}
