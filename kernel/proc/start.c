/* SPDX-License-Identifier: MIT */
/*
 * The first process. Which program: init= or rdinit= of the command line and nothing else if
 * given, otherwise the first that works of /init, /sbin/init, /etc/init, /bin/init, /bin/sh.
 * Its arguments are what stands behind `--`, and the words before it that nobody knows; unknown
 * words with a value become its environment, all as Linux does it.
 *
 * The program is loaded by the kernel thread that boots, which lends process 1's parts for the
 * time: so exec has one way only.
 */
#include <proc/internal.h>

#include <debug/assert.h>
#include <debug/log.h>
#include <lib/cmdline.h>
#include <lib/string.h>
#include <linux/errno.h>
#include <linux/fcntl.h>
#include <linux/signal.h>
#include <mem/cache.h>
#include <mem/page.h>
#include <proc/exec.h>
#include <vfs/cred.h>
#include <vfs/fdtable.h>
#include <vfs/vfs.h>
#include <vm/aspace.h>

#define ARGS_MAX 32

struct init_args {
    const char *argv[ARGS_MAX + 2];
    const char *envp[ARGS_MAX + 3];
    u32 n_args, n_envs;
    char text[2048]; /* the strings */
    u32 used;
};

static bool kernel_knows(const char *key)
{
    static const char *const known[] = {
        "console", "init",     "rdinit",   "root",       "rootfstype",  "rootwait", "rw",
        "ro",      "quiet",    "loglevel", "panic",      "fork",        "seed",     "maxcpus",
        "debug",   "earlycon", "nokaslr",  "norandmaps", "mitigations",
    };

    for (size_t i = 0; i < ARRAY_SIZE(known); i++) {
        if (str_equal(key, known[i]))
            return true;
    }
    return strchr(key, '.') != NULL; /* a module's parameter */
}

static const char *text_add(struct init_args *a, const char *key, const char *value)
{
    char *to = a->text + a->used;
    size_t room = sizeof(a->text) - a->used;

    strlcpy(to, key, room);
    if (value) {
        strlcat(to, "=", room);
        strlcat(to, value, room);
    }
    a->used += min(strlen(to) + 1, room - 1);
    return to;
}

static void args_collect(struct init_args *a, const char *line)
{
    struct cmdline_word *w = mem_alloc(sizeof(*w));
    bool behind = false;

    a->n_args = 1;
    a->envp[a->n_envs++] = "HOME=/";
    a->envp[a->n_envs++] = "TERM=linux";
    while (w && cmdline_next(&line, w)) {
        if (!behind && str_equal(w->text, "--"))
            behind = true;
        else if (behind || (!w->value && !kernel_knows(w->text)))
            a->argv[a->n_args] = text_add(a, w->text, w->value),
            a->n_args += a->n_args < ARGS_MAX;
        else if (!kernel_knows(w->text))
            a->envp[a->n_envs] = text_add(a, w->text, w->value),
            a->n_envs += a->n_envs < ARGS_MAX;
    }
    mem_free(w);
    a->argv[a->n_args] = NULL;
    a->envp[a->n_envs] = NULL;
}

/* --- the process --- */

static void limits_set(struct proc *proc)
{
    struct mem_stats stats;

    mem_stats_read(&stats);
    for (int i = 0; i < RLIM_NLIMITS; i++)
        proc->limits[i] = (struct rlimit64){RLIM64_INFINITY, RLIM64_INFINITY};
    u64 threads = max(stats.total_pages / 32, 64UL); /* 128 KiB each */
    proc->limits[RLIMIT_STACK] = (struct rlimit64){8 * MiB, RLIM64_INFINITY};
    proc->limits[RLIMIT_CORE] = (struct rlimit64){0, RLIM64_INFINITY};
    proc->limits[RLIMIT_NOFILE] = (struct rlimit64){1024, 4096};
    proc->limits[RLIMIT_MEMLOCK] = (struct rlimit64){8 * MiB, 8 * MiB};
    proc->limits[RLIMIT_NPROC] = (struct rlimit64){threads, threads};
    proc->limits[RLIMIT_SIGPENDING] = (struct rlimit64){threads, threads};
    proc->limits[RLIMIT_MSGQUEUE] = (struct rlimit64){819200, 819200};
    proc->limits[RLIMIT_NICE] = (struct rlimit64){0, 0};
    proc->limits[RLIMIT_RTPRIO] = (struct rlimit64){0, 0};
}

/* Process 1 with one thread, in a session of its own; not running. Panics if that fails. */
static struct thread *first_thread_make(void)
{
    struct thread *t = NULL;
    struct uthread *u;
    struct proc *proc;
    struct pid *pid;
    struct pgrp *g;
    int err = uthread_alloc(&u);

    if (!err) {
        t = u->thread;
        err = pid_create(t->tid, &pid);
    }
    if (!err)
        err = proc_alloc(&proc);
    if (!err)
        err = sighand_create(&proc->sighand);
    if (!err)
        err = session_create(pid, &g);
    if (!err)
        err = fs_context_create(&t->fs);
    if (!err)
        err = fdtable_create(&t->files);
    if (err)
        panic("no memory for process 1 (error %d)", err);
    strlcpy(t->name, "init", sizeof(t->name));
    t->cred = &root_cred;
    cred_get(&root_cred);
    t->proc = u->proc = proc;
    u->pid = proc->pid = pid;
    proc->exit_signal = SIGCHLD;
    limits_set(proc);
    u64 state = spin_lock_irqsave(&proc_lock);
    pid->proc = proc;
    pgrp_join_locked(proc, g);
    uthread_publish_locked(u);
    spin_unlock_irqrestore(&proc_lock, state);
    return t;
}

static void parts_lend(struct thread *to, struct thread *from)
{
    to->proc = from->proc;
    to->user = from->user;
    to->cred = from->cred;
    to->fs = from->fs;
    to->files = from->files;
}

static void console_open(void)
{
    struct file *file;
    int err = vfs_open_kernel("/dev/console", O_RDWR, 0, &file);

    for (int fd = 0; !err && fd < 3; fd++) {
        file_get(file);
        err = fd_install(file, fd, false) == fd ? 0 : -EMFILE;
    }
    if (err)
        log_warn("no /dev/console for process 1 (error %d)", err);
    else
        file_put(file);
}

/* --- the program --- */

static bool try_program(struct thread *t, struct init_args *a, const char *path)
{
    long err;

    a->argv[0] = path;
    err = proc_exec_kernel(t, path, a->argv, a->envp);
    if (err && err != -ENOENT)
        log_err("cannot start %s: error %ld", path, err);
    return err == 0;
}

static bool program_start(struct thread *t, struct init_args *a, const char *line)
{
    static const char *const places[] = {"/init", "/sbin/init", "/etc/init", "/bin/init",
                                         "/bin/sh"};
    char path[256];

    if (cmdline_get(line, "rdinit", path, sizeof(path)) ||
        cmdline_get(line, "init", path, sizeof(path)))
        return try_program(t, a, path);
    for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
        if (try_program(t, a, places[i]))
            return true;
    }
    return false;
}

void proc_start_init(const char *line)
{
    struct init_args *a = mem_zalloc(sizeof(*a));
    struct thread *t = first_thread_make();

    if (!a)
        panic("no memory for process 1");
    args_collect(a, line);
    parts_lend(current, t);
    console_open();
    if (!program_start(t, a, line))
        panic("no program for process 1: is there an initrd? try init=/bin/sh");
    /* exec may have replaced the tables; and the memory is the lender's */
    parts_lend(t, current);
    t->aspace = current->aspace;
    aspace_use(NULL);
    current->proc = NULL;
    current->user = NULL;
    current->cred = NULL;
    current->fs = NULL;
    current->files = NULL;
    mem_free(a);
    thread_start(t);
}
