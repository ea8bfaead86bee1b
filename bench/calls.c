/* SPDX-License-Identifier: MIT */
/*
 * What single operations cost: system calls, faults, pipes, switches, starting a program.
 */
#define _GNU_SOURCE
#include <sched.h>
#include <spawn.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench.h"

static char *const program[] = {"/bench", "nothing", NULL};
static char *const no_env[] = {NULL};

/* ---- calls and faults ---- */

static void null_call_once(const char *name)
{
    enum { N = 20000 };
    for (int i = 0; i < 100; i++)
        syscall1(SYS_getppid, 0);
    uint64_t t0 = now();
    for (int i = 0; i < N; i++)
        __asm__ volatile("" ::: "memory");
    uint64_t t1 = now();
    for (int i = 0; i < N; i++)
        syscall1(SYS_getppid, 0);
    report(name, (now() - t1) - (t1 - t0), N);
}

void null_call(const struct measure *m)
{
    repeat(m->names[0], null_call_once);
}

static void fault_zero_once(const char *name)
{
    enum { N = 4096 };
    char *p = map(N * PAGE);
    report(name, touch_cost(p, N), N);
    munmap(p, N * PAGE);
}

void fault_zero(const struct measure *m)
{
    repeat(m->names[0], fault_zero_once);
}

static void fault_copy_once(const char *name)
{
    enum { N = 4096 };
    int release;
    char *p = map(N * PAGE);
    touch(p, N * PAGE);
    pid_t pid = child_waiting(&release);
    report(name, touch_cost(p, N), N);
    child_release(pid, release);
    munmap(p, N * PAGE);
}

void fault_copy(const struct measure *m)
{
    repeat(m->names[0], fault_copy_once);
}

/* The child has read each page before it went: what was only prepared to be shared is shared. */
static void fault_sole_once(const char *name)
{
    enum { N = 4096 };
    volatile char *p = map(N * PAGE);
    touch(p, N * PAGE);
    pid_t pid = raw_fork();
    if (pid == 0) {
        for (size_t i = 0; i < N; i++)
            (void)p[i * PAGE];
        _exit(0);
    }
    waitpid(pid, NULL, 0);
    report(name, touch_cost(p, N), N);
    munmap((void *)p, N * PAGE);
}

void fault_sole(const struct measure *m)
{
    repeat(m->names[0], fault_sole_once);
}

static void mmap_munmap_once(const char *name)
{
    enum { N = 2000 };
    uint64_t t0 = 0;
    for (int i = 0; i < N + 20; i++) {
        if (i == 20)
            t0 = now();
        void *p = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        munmap(p, PAGE);
    }
    report(name, now() - t0, N);
}

void mmap_munmap(const struct measure *m)
{
    repeat(m->names[0], mmap_munmap_once);
}

/* ---- programs: until a static glibc program has run and was waited for ---- */

static void fork_exec_once(const char *name)
{
    enum { N = 20 };
    uint64_t t0 = 0;
    for (int i = 0; i < N + 2; i++) {
        if (i == 2)
            t0 = now();
        pid_t pid = raw_fork();
        if (pid == 0) {
            execve(program[0], program, no_env);
            _exit(1);
        }
        int st = -1;
        waitpid(pid, &st, 0);
        if (st)
            fatal("exec");
    }
    report(name, now() - t0, N);
}

void fork_exec(const struct measure *m)
{
    repeat(m->names[0], fork_exec_once);
}

static void vfork_exec_once(const char *name)
{
    enum { N = 20 };
    volatile uint64_t t0 = 0;
    for (volatile int i = 0; i < N + 2; i++) {
        if (i == 2)
            t0 = now();
        pid_t pid = vfork();
        if (pid == 0) {
            execve(program[0], program, no_env);
            _exit(1);
        }
        int st = -1;
        waitpid(pid, &st, 0);
        if (st)
            fatal("exec");
    }
    report(name, now() - t0, N);
}

void vfork_exec(const struct measure *m)
{
    repeat(m->names[0], vfork_exec_once);
}

static void spawn_once(const char *name)
{
    enum { N = 20 };
    uint64_t t0 = 0;
    for (int i = 0; i < N + 2; i++) {
        pid_t pid;
        if (i == 2)
            t0 = now();
        if (posix_spawn(&pid, program[0], NULL, NULL, program, no_env))
            fatal("posix_spawn");
        waitpid(pid, NULL, 0);
    }
    report(name, now() - t0, N);
}

void spawn(const struct measure *m)
{
    repeat(m->names[0], spawn_once);
}

/* ---- pipes and switches ---- */

/* One byte to another process and back. */
static void pipe_pingpong_once(const char *name)
{
    enum { N = 1000 };
    int a[2], b[2];
    char c = 'p';
    if (pipe(a) < 0 || pipe(b) < 0)
        fatal("pipe");
    pid_t pid = raw_fork();
    if (pid == 0) {
        close(a[1]);
        while (read(a[0], &c, 1) == 1)
            write(b[1], &c, 1);
        _exit(0);
    }
    uint64_t t0 = 0;
    for (int i = 0; i < N + 50; i++) {
        if (i == 50)
            t0 = now();
        write(a[1], &c, 1);
        read(b[0], &c, 1);
    }
    report(name, now() - t0, N);
    close(a[1]);
    waitpid(pid, NULL, 0);
    close(a[0]);
    close(b[0]);
    close(b[1]);
}

void pipe_pingpong(const struct measure *m)
{
    repeat(m->names[0], pipe_pingpong_once);
}

/* In pieces of 64 KiB, written and read by one process. */
static void pipe_kib_once(const char *name)
{
    enum { N = 200, SIZE = 65536 };
    static char buf[SIZE];
    int p[2];
    if (pipe(p) < 0)
        fatal("pipe");
    memset(buf, 1, SIZE);
    uint64_t t0 = 0;
    for (int i = 0; i < N + 4; i++) {
        if (i == 4)
            t0 = now();
        if (write(p[1], buf, SIZE) != SIZE || read(p[0], buf, SIZE) != SIZE)
            fatal("write or read");
    }
    report(name, now() - t0, N * (SIZE / 1024));
    close(p[0]);
    close(p[1]);
}

void pipe_kib(const struct measure *m)
{
    repeat(m->names[0], pipe_kib_once);
}

/* sched_yield() between two processes, per switch. */
static void context_switch_once(const char *name)
{
    enum { N = 2000 };
    volatile int *stop =
        mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    *stop = 0;
    pid_t pid = raw_fork();
    if (pid == 0) {
        while (!*stop)
            syscall1(SYS_sched_yield, 0);
        _exit(0);
    }
    for (int i = 0; i < 100; i++)
        syscall1(SYS_sched_yield, 0);
    uint64_t t0 = now();
    for (int i = 0; i < N; i++)
        syscall1(SYS_sched_yield, 0);
    report(name, now() - t0, 2 * N);
    *stop = 1;
    waitpid(pid, NULL, 0);
    munmap((void *)stop, PAGE);
}

void context_switch(const struct measure *m)
{
    repeat(m->names[0], context_switch_once);
}
