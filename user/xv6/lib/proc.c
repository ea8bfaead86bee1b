/* SPDX-License-Identifier: MIT */
/*
 * Processes: fork, exit, wait, kill, exec, time.
 *
 * Differences that this file makes up for: a killed child is Linux's signal status and xv6's
 * -1; kill(-1) is everybody there and nobody here; fork fails at NPROC processes, and tests
 * fork until it does; exec refuses more than MAXARG arguments or a page of them.
 */
#include <asm/errno.h>
#include <linux/sched.h>
#include <linux/signal.h>
#include <linux/sysinfo.h>
#include <linux/time.h>

#include "sys.h"
#include "kernel/param.h"
#include "kernel/riscv.h"
#include "user/user.h"

enum {
    TICK_NS = 100 * 1000 * 1000,
    TICKS_PER_SECOND = 10,
    OTHERS = 3, /* processes that are there before the first test: init, the shell, it */
};

extern char **environ;

static const char program_folder[] = "/xv6/";

static int process_count(void)
{
    struct sysinfo info;

    return sys3(__NR_sysinfo, (long)&info, 0, 0) < 0 ? 0 : info.procs;
}

/* The number of processes counts from what the machine had at this program's first fork. */
int fork(void)
{
    static int before;
    int now = process_count();

    if (!before)
        before = now;
    if (now - before >= NPROC - OTHERS)
        return -1;
    return (int)sys_result(sys6(__NR_clone, SIGCHLD, 0, 0, 0, 0, 0));
}

int exit(int status)
{
    for (;;)
        sys3(__NR_exit_group, status, 0, 0);
}

/* Eight bits of a status survive on Linux; exit(-1) has to be -1 again. */
int wait(int *status)
{
    long pid = sys6(__NR_wait4, -1, (long)status, 0, 0, 0, 0);
    int raw;

    if (pid < 0 || !status)
        return (int)sys_result(pid);
    raw = *status;
    *status = (raw & 0x7f) ? -1 : (signed char)(raw >> 8);
    return (int)pid;
}

int kill(int pid)
{
    if (pid <= 0)
        return -1;
    return (int)sys_result(sys3(__NR_kill, pid, SIGKILL, 0));
}

int getpid(void)
{
    return (int)sys3(__NR_getpid, 0, 0, 0);
}

WEAK int ugetpid(void)
{
    return getpid();
}

/* Whether xv6 would take these arguments: each readable, few, and a stack's page in all. */
static bool arguments_fit(char **argv)
{
    uint64 bytes = 0;

    for (int n = 0; n < MAXARG; n++) {
        if (!user_readable(argv + n))
            return 0;
        if (!argv[n])
            return bytes + (n + 1) * sizeof(*argv) <= USERSTACK * PGSIZE;
        if (!user_string(argv[n]))
            return 0;
        bytes += (strlen(argv[n]) + 1 + 15) & ~15UL;
        if (bytes > USERSTACK * PGSIZE)
            return 0;
    }
    return 0;
}

static void sigpipe_set(uint64 handler)
{
    uint64 action[3] = {handler, 0, 0};

    sys6(__NR_rt_sigaction, SIGPIPE, (long)action, 0, sizeof(uint64), 0, 0);
}

/* A bare name that is not in the current folder is looked for among the programs for xv6:
 * there all programs are in the folder where everybody stands. */
static long exec_in_folder(const char *name, char **argv)
{
    char path[sizeof(program_folder) + MAXPATH];

    if (strchr(name, '/'))
        return -ENOENT;
    strcpy(path, program_folder);
    strcpy(path + strlen(path), name);
    return sys3(__NR_execve, (long)path, (long)argv, (long)environ);
}

int exec(const char *path, char **argv)
{
    if (!user_string(path) || strlen(path) >= MAXPATH || !arguments_fit(argv))
        return -1;
    sigpipe_set((uint64)SIG_DFL); /* ignored signals stay so over an exec */
    if (sys3(__NR_execve, (long)path, (long)argv, (long)environ) == -ENOENT)
        exec_in_folder(path, argv);
    sigpipe_set((uint64)SIG_IGN);
    return -1;
}

int pause(int ticks)
{
    struct __kernel_timespec t = {.tv_sec = ticks / TICKS_PER_SECOND,
                                  .tv_nsec = (long)(ticks % TICKS_PER_SECOND) * TICK_NS};

    if (ticks <= 0)
        return 0;
    return (int)sys_result(sys3(__NR_nanosleep, (long)&t, 0, 0));
}

int sleep(int ticks)
{
    return pause(ticks);
}

int uptime(void)
{
    struct __kernel_timespec t;

    if (sys3(__NR_clock_gettime, CLOCK_MONOTONIC, (long)&t, 0) < 0)
        return -1;
    return (int)(t.tv_sec * TICKS_PER_SECOND + t.tv_nsec / TICK_NS);
}
