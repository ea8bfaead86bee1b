/* SPDX-License-Identifier: MIT */
/*
 * stat, statm and status: what ps and top read. proc_info is one consistent picture of a
 * process; for task/TID the thread's own name, state and times are laid over it.
 */
#include <arch/riscv/hart.h>
#include <lib/string.h>
#include <linux/capability.h>
#include <linux/errno.h>
#include <linux/resource.h>
#include <proc/procfs_internal.h>
#include <proc/tty.h>
#include <vfs/cred.h>
#include <vfs/fdtable.h>
#include <vm/aspace.h>
#include <vm/usage.h>

#define KB(pages) ((u64)(pages) * (PAGE_SIZE / KiB))

/* What a look at an address space found; zeroes for a process without one. */
struct memory {
    u64 total, peak_total, rss, peak_rss, anon, file, shmem;
    u64 data, stack, exec, locked, tables, text;
    vaddr_t code_start, code_end, data_start, data_end, brk_start, stack_top;
    vaddr_t arg_start, arg_end, env_start, env_end;
};

static u64 pages_of(const s64 *counter)
{
    s64 n = __atomic_load_n(counter, __ATOMIC_RELAXED);

    return n > 0 ? (u64)n : 0;
}

static void memory_of_aspace(struct memory *m, struct aspace *as)
{
    rw_read_lock(&as->lock);
    *m = (struct memory){
        .total = as->total_pages,
        .peak_total = max(as->peak_total_pages, as->total_pages),
        .data = as->data_pages,
        .stack = as->stack_pages,
        .exec = as->exec_pages,
        .locked = as->locked_pages,
        .code_start = as->code_start,
        .code_end = as->code_end,
        .data_start = as->data_start,
        .data_end = as->data_end,
        .brk_start = as->brk_start,
        .stack_top = as->stack_top,
        .arg_start = as->arg_start,
        .arg_end = as->arg_end,
        .env_start = as->env_start,
        .env_end = as->env_end,
    };
    rw_read_unlock(&as->lock);
    m->anon = aspace_rss(as, RSS_ANON) + aspace_rss(as, RSS_COPIED);
    m->file = aspace_rss(as, RSS_FILE);
    m->shmem = aspace_rss(as, RSS_SHMEM);
    m->rss = m->anon + m->file + m->shmem;
    m->peak_rss = max(pages_of(&as->peak_rss), m->rss);
    m->tables = aspace_n_tables(as);
    m->text =
        (align_up(m->code_end, PAGE_SIZE) - align_down(m->code_start, PAGE_SIZE)) >> PAGE_SHIFT;
}

/* Returns: false for a process that has no memory any more. */
static bool memory_read(struct proc *proc, struct memory *m)
{
    struct aspace *as = proc_aspace_get(proc);

    *m = (struct memory){0};
    if (!as)
        return false;
    memory_of_aspace(m, as);
    aspace_put(as);
    return true;
}

static char thread_state(const struct uthread *u)
{
    switch (u->thread->state) {
    case THREAD_SLEEPING:
        return u->is_stopped ? 'T' : u->thread->wake_interruptible ? 'S' : 'D';
    case THREAD_DEAD:
        return 'Z';
    default:
        return 'R';
    }
}

/* Lays one thread over its process. Returns: 0, -ESRCH. */
static int info_of_thread(struct proc_info *info, u32 tid)
{
    u64 state = spin_lock_irqsave(&proc_lock);
    struct uthread *u = uthread_find_locked(tid);

    if (u) {
        const struct thread *t = u->thread;

        thread_times(t, &info->times.utime, &info->times.stime);
        info->times.n_switches = t->n_switches;
        info->times.n_preempted = t->n_preempted;
        info->state = thread_state(u);
        info->blocked = u->blocked;
        info->pending_thread = u->pending.set;
        info->nice = t->nice;
        info->processor = (int)t->hart->id;
        memcpy(info->name, t->name, sizeof(info->name));
    }
    spin_unlock_irqrestore(&proc_lock, state);
    return u ? 0 : -ESRCH;
}

static int info_read(struct proc_info *info, struct proc *proc, const struct pseudo_id *id)
{
    u32 tid = procfs_tid(id);

    proc_info_read(proc, info);
    if (tid == 0)
        return 0;
    int err = info_of_thread(info, tid);
    info->pid = tid;
    return err;
}

/* ---- stat ------------------------------------------------------------------------ */

/* Fields 1 to 22 of proc(5). */
static void stat_identity(struct text *out, const struct proc_info *i)
{
    text_printf(out, "%u (%.15s) %c %u %u %u %u %d 0", i->pid, i->name, i->state, i->ppid,
                i->pgid, i->sid, tty_device(i->tty), i->tty ? (int)tty_foreground(i->tty) : -1);
    text_printf(out, " %lu %lu %lu %lu", i->times.min_faults, i->child_times.min_faults,
                i->times.maj_faults, i->child_times.maj_faults);
    text_printf(out, " %lu %lu %lu %lu", procfs_ticks(i->times.utime),
                procfs_ticks(i->times.stime), procfs_ticks(i->child_times.utime),
                procfs_ticks(i->child_times.stime));
    text_printf(out, " %d %d %u 0 %lu", 20 + i->nice, i->nice, i->n_threads,
                procfs_ticks(i->start_time));
}

/* Fields 23 to 52. Addresses are for those who could read the memory anyway. */
static void stat_memory(struct text *out, const struct proc_info *i, const struct memory *m,
                        bool may_look, u64 rss_limit)
{
    struct memory shown = *m;

    if (!may_look)
        shown = (struct memory){.code_start = 1, .code_end = 1};
    text_printf(out, " %lu %lu %lu", m->total * PAGE_SIZE, m->rss, rss_limit);
    text_printf(out, " %lu %lu %lu 0 0", shown.code_start, shown.code_end, shown.stack_top);
    text_printf(out, " %lu %lu %lu %lu", i->pending_thread & 0x7fffffff,
                i->blocked & 0x7fffffff, i->ignored & 0x7fffffff, i->caught & 0x7fffffff);
    text_printf(out, " 0 0 0 %d %d 0 0 0 0 0", i->exit_signal, i->processor);
    text_printf(out, " %lu %lu %lu %lu %lu %lu %lu %d\n", shown.data_start, shown.data_end,
                shown.brk_start, shown.arg_start, shown.arg_end, shown.env_start, shown.env_end,
                may_look ? i->exit_status : 0);
}

static u64 rss_limit_of(struct proc *proc)
{
    u64 state = spin_lock_irqsave(&proc->sig_lock);
    u64 limit = proc->limits[RLIMIT_RSS].rlim_cur;

    spin_unlock_irqrestore(&proc->sig_lock, state);
    return limit;
}

static int procfs_stat(struct text *out, struct proc *proc, const struct pseudo_id *id)
{
    struct proc_info info;
    struct memory memory;
    int err = info_read(&info, proc, id);

    if (err != 0)
        return err;
    memory_read(proc, &memory);
    stat_identity(out, &info);
    stat_memory(out, &info, &memory, procfs_may_look_into(proc), rss_limit_of(proc));
    return 0;
}

static int procfs_statm(struct text *out, struct proc *proc, const struct pseudo_id *id)
{
    struct memory m;

    memory_read(proc, &m);
    text_printf(out, "%lu %lu %lu %lu 0 %lu 0\n", m.total, m.rss, m.file + m.shmem, m.text,
                m.data + m.stack);
    return 0;
}

/* ---- status ---------------------------------------------------------------------- */

static const char *state_name(char state)
{
    static const char *const names[] = {"R (running)", "S (sleeping)", "D (disk sleep)",
                                        "T (stopped)", "Z (zombie)"};

    for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
        if (names[i][0] == state)
            return names[i];
    }
    return "X (dead)";
}

static bool count_fd(void *arg, int fd, struct file *file, bool cloexec)
{
    *(int *)arg = fd + 1;
    return true;
}

/* As Linux sizes the table: a power of two, 64 at least. */
static u32 fd_table_size(struct proc *proc)
{
    struct fdtable *files = proc_files_get(proc);
    int highest = 0;
    u32 size = 64;

    if (!files)
        return 0;
    fdtable_for_each(files, count_fd, &highest);
    fdtable_put(files);
    while (size < (u32)highest)
        size *= 2;
    return size;
}

static void status_groups(struct text *out, struct proc *proc)
{
    struct cred *cred = proc_cred_get(proc);

    text_puts(out, "Groups:\t");
    for (u32 i = 0; cred && i < cred->n_groups; i++)
        text_printf(out, i == 0 ? "%u" : " %u", cred->groups[i]);
    text_puts(out, " \n");
    if (cred)
        cred_put(cred);
}

/* A newline in a name must not begin a line of its own. */
static void status_name(struct text *out, const char *name)
{
    text_puts(out, "Name:\t");
    for (size_t i = 0; i < 15 && name[i]; i++) {
        if (name[i] == '\n')
            text_puts(out, "\\n");
        else if (name[i] == '\\')
            text_puts(out, "\\\\");
        else
            text_putc(out, name[i]);
    }
    text_putc(out, '\n');
}

static void status_identity(struct text *out, struct proc *proc, const struct proc_info *i)
{
    status_name(out, i->name);
    if (i->state != 'Z')
        text_printf(out, "Umask:\t%04o\n", i->umask);
    text_printf(out, "State:\t%s\n", state_name(i->state));
    text_printf(out, "Tgid:\t%u\nNgid:\t0\nPid:\t%u\nPPid:\t%u\nTracerPid:\t0\n", proc_id(proc),
                i->pid, i->ppid);
    text_printf(out, "Uid:\t%u\t%u\t%u\t%u\n", i->uid, i->euid, i->suid, i->fsuid);
    text_printf(out, "Gid:\t%u\t%u\t%u\t%u\n", i->gid, i->egid, i->sgid, i->fsgid);
    text_printf(out, "FDSize:\t%u\n", fd_table_size(proc));
    status_groups(out, proc);
    text_printf(out, "NStgid:\t%u\nNSpid:\t%u\nNSpgid:\t%u\nNSsid:\t%u\nKthread:\t0\n",
                proc_id(proc), i->pid, i->pgid, i->sid);
}

static void status_memory(struct text *out, const struct memory *m)
{
    const struct {
        const char *name;
        u64 pages;
    } lines[] = {
        {"VmPeak", m->peak_total},
        {"VmSize", m->total},
        {"VmLck", m->locked},
        {"VmPin", 0},
        {"VmHWM", m->peak_rss},
        {"VmRSS", m->rss},
        {"RssAnon", m->anon},
        {"RssFile", m->file},
        {"RssShmem", m->shmem},
        {"VmData", m->data},
        {"VmStk", m->stack},
        {"VmExe", m->text},
        {"VmLib", m->exec > m->text ? m->exec - m->text : 0},
        {"VmPTE", m->tables},
        {"VmSwap", 0},
        {"HugetlbPages", 0},
    };

    for (size_t i = 0; i < ARRAY_SIZE(lines); i++)
        text_printf(out, "%s:\t%8lu kB\n", lines[i].name, KB(lines[i].pages));
    text_puts(out, "CoreDumping:\t0\nTHP_enabled:\t0\nuntag_mask:\t0xffffffffffffffff\n");
}

static void status_signals(struct text *out, const struct proc_info *i, u64 limit)
{
    text_printf(out, "Threads:\t%u\nSigQ:\t0/%lu\n", i->n_threads, limit);
    text_printf(out, "SigPnd:\t%016lx\nShdPnd:\t%016lx\n", i->pending_thread,
                i->pending_shared);
    text_printf(out, "SigBlk:\t%016lx\nSigIgn:\t%016lx\nSigCgt:\t%016lx\n", i->blocked,
                i->ignored, i->caught);
}

static void status_rights(struct text *out, const struct proc *proc, const struct proc_info *i)
{
    const u64 all = (1UL << (CAP_LAST_CAP + 1)) - 1;
    bool was_root = i->uid == 0 || i->euid == 0 || i->suid == 0;

    text_printf(out, "CapInh:\t%016x\nCapPrm:\t%016lx\nCapEff:\t%016lx\n", 0,
                was_root ? all : 0, i->euid == 0 ? all : 0);
    text_printf(out, "CapBnd:\t%016lx\nCapAmb:\t%016x\n", all, 0);
    text_printf(out, "NoNewPrivs:\t%u\nSeccomp:\t0\nSeccomp_filters:\t0\n", proc->no_new_privs);
    text_puts(out, "Speculation_Store_Bypass:\tunknown\nSpeculationIndirectBranch:\t"
                   "unsupported\n");
}

static void status_placement(struct text *out, const struct proc_info *i)
{
    u64 all = (1UL << n_harts) - 1;

    text_printf(out, "Cpus_allowed:\t%lx\n", all);
    text_puts(out, "Cpus_allowed_list:\t0");
    if (n_harts > 1)
        text_printf(out, "-%u", n_harts - 1);
    text_puts(out, "\nMems_allowed:\t1\nMems_allowed_list:\t0\n");
    text_printf(out, "voluntary_ctxt_switches:\t%lu\nnonvoluntary_ctxt_switches:\t%lu\n",
                i->times.n_switches - min(i->times.n_switches, i->times.n_preempted),
                i->times.n_preempted);
}

static int procfs_status(struct text *out, struct proc *proc, const struct pseudo_id *id)
{
    struct proc_info info;
    struct memory memory;
    int err = info_read(&info, proc, id);

    if (err != 0)
        return err;
    status_identity(out, proc, &info);
    if (memory_read(proc, &memory))
        status_memory(out, &memory);
    status_signals(out, &info, proc_limit(RLIMIT_SIGPENDING));
    status_rights(out, proc, &info);
    status_placement(out, &info);
    return 0;
}

/* Public names around the look-up. */
PROCFS_SHOW(procfs_stat);
PROCFS_SHOW(procfs_statm);
PROCFS_SHOW(procfs_status);
