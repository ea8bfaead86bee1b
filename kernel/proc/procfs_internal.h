/* SPDX-License-Identifier: MIT */
/*
 * What the files of /proc share.
 *
 * PFS-1 Nothing is pinned by an open file: each read looks its process up by number and gives
 *       -ESRCH when it is gone. What it takes (process, address space, descriptors) it holds
 *       for one read.
 * PFS-2 Text is built in kernel memory. The reader's memory is touched afterwards, with no lock
 *       of anybody held.
 * PFS-3 What a process could keep from others (its memory, files, environment) is shown to
 *       those who may control it.
 */
#pragma once

#include <fs/pseudo.h>
#include <linux/stat.h>
#include <proc/proc.h>

/* id.a of everything below /proc/PID: the process, and the thread for /proc/PID/task/TID. */
static inline struct pseudo_id procfs_id(u32 pid, u32 tid)
{
    return (struct pseudo_id){.a = (u64)tid << 32 | pid};
}
static inline u32 procfs_pid(const struct pseudo_id *id)
{
    return (u32)id->a;
}
static inline u32 procfs_tid(const struct pseudo_id *id)
{
    return (u32)(id->a >> 32);
}

/* The process with a reference, or NULL. */
struct proc *procfs_proc_get(const struct pseudo_id *id);

/* Defines name_show() (put `static` before it, or declare it here) as a look-up around `static
 * int name(struct text *, struct proc *, const struct pseudo_id *)`. */
#define PROCFS_SHOW(name)                                         \
    int name##_show(struct text *out, const struct pseudo_id *id) \
    {                                                             \
        struct proc *proc = procfs_proc_get(id);                  \
        if (!proc)                                                \
            return -ESRCH;                                        \
        int err = name(out, proc, id);                            \
        proc_put(proc);                                           \
        return err;                                               \
    }                                                             \
    _Static_assert(true, "")

/* Entries of the tables, to be put between braces. */
#define PROCFS_FILE(file, fn) .name = file, .mode = S_IFREG | 0444, .show = fn
#define PROCFS_GUARDED(file, fn) \
    .name = file, .mode = S_IFREG | 0444, .show = fn, .may_open = procfs_may_look
#define PROCFS_SECRET(file, fn) .name = file, .mode = S_IFREG | 0400, .show = fn
#define PROCFS_WRITABLE(file, show_fn, write_fn) \
    .name = file, .mode = S_IFREG | 0644, .show = show_fn, .write = write_fn
#define PROCFS_BINARY(file, ops) .name = file, .mode = S_IFREG | 0400, .fops = ops
#define PROCFS_LINK(file, fn)    .name = file, .mode = S_IFLNK | 0777, .readlink = fn
#define PROCFS_DIR(file, table)  .name = file, .mode = S_IFDIR | 0555, .children = table

/* A number without sign or leading zero that fits; how processes and descriptors are named. */
bool procfs_number(const char *name, u32 *out);
/* The text of a write as a number, a final newline allowed. 0 or -EINVAL. */
int procfs_parse(const char *text, s64 *out);
/* May the caller see what the process could keep from others? As ptrace(2), "access mode
 * checking": it acts as the same user and group in every respect, or is root. */
bool procfs_may_look_into(struct proc *proc);
/* The same for a file about to be opened: 0, -EACCES, -ESRCH. */
int procfs_may_look(const struct pseudo_id *id);
int procfs_owner(const struct pseudo_id *id, u32 *uid, u32 *gid);
/* nsec as Linux's clock ticks of 1/100 s. */
static inline u64 procfs_ticks(nsec_t ns)
{
    return (u64)ns / (NSEC_PER_SEC / 100);
}

/* A file's text. */
typedef int procfs_show_fn(struct text *out, const struct pseudo_id *id);

/* procfs_stat.c, procfs_maps.c: of a process */
procfs_show_fn procfs_stat_show, procfs_status_show, procfs_statm_show;
procfs_show_fn procfs_maps_show, procfs_smaps_show, procfs_rollup_show, procfs_cow_show;

/* procfs_pid.c */
extern const struct pseudo_entry procfs_pid_files[]; /* the first is task/ */

/* procfs.c */
int procfs_task_lookup(const struct pseudo_id *dir, const char *name, struct pseudo_child *out);
int procfs_task_next(const struct pseudo_id *dir, u64 cursor, struct pseudo_child *out);

/* procfs_fd.c */
int procfs_fd_lookup(const struct pseudo_id *dir, const char *name, struct pseudo_child *out);
int procfs_fd_next(const struct pseudo_id *dir, u64 cursor, struct pseudo_child *out);
int procfs_fdinfo_lookup(const struct pseudo_id *dir, const char *name,
                         struct pseudo_child *out);
int procfs_fdinfo_next(const struct pseudo_id *dir, u64 cursor, struct pseudo_child *out);
s64 procfs_exe_readlink(const struct pseudo_id *id, char *buf, size_t size);
int procfs_exe_follow(const struct pseudo_id *id, struct path *out);
s64 procfs_cwd_readlink(const struct pseudo_id *id, char *buf, size_t size);
int procfs_cwd_follow(const struct pseudo_id *id, struct path *out);
s64 procfs_root_readlink(const struct pseudo_id *id, char *buf, size_t size);
int procfs_root_follow(const struct pseudo_id *id, struct path *out);

/* procfs_pages.c */
extern const struct file_ops procfs_pagemap_ops, procfs_kpagecount_ops, procfs_kpageflags_ops;

/* procfs_mounts.c */
procfs_show_fn procfs_mounts_show, procfs_mountinfo_show, procfs_filesystems_show;

/* procfs_memory.c, procfs_machine.c: of the machine */
procfs_show_fn procfs_meminfo_show, procfs_vmstat_show, procfs_slabinfo_show, procfs_swaps_show;
procfs_show_fn procfs_uptime_show, procfs_machine_stat_show, procfs_loadavg_show,
    procfs_version_show, procfs_boot_line_show, procfs_cpuinfo_show, procfs_kmsg_show;
void procfs_set_cmdline(const char *cmdline);

/* procfs_sys.c, procfs_calf.c */
extern const struct pseudo_entry procfs_sys_files[], procfs_calf_files[];
