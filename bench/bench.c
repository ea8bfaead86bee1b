/* SPDX-License-Identifier: MIT */
/*
 * What the operations of a kernel cost, counted in instructions.
 *
 * The init process of a measuring boot, on calf and on Linux alike, on one hart under
 * `-icount shift=0,sleep=off`: there one instruction takes one nanosecond and rdtime ticks
 * every 100 of them, so each operation is repeated until a tick more or less does not matter,
 * and the cost of the loop itself (measured with an empty body) is taken off. Lines:
 *
 *     bench NAME VALUE instructions
 *
 * What each figure covers, as seen by the caller on its only hart:
 *   null-call         getppid(), through the plain system call instruction
 *   fault-zero        first write to an untouched page of anonymous memory
 *   fault-copy        write to a page that a living child shares
 *   fault-sole        write to a page whose other sharers are gone
 *   fork-tiny         from the call of fork() to its return in the parent; the child waits for
 *                     its turn meanwhile (its running is not counted)
 *   fork-wait-tiny    fork, the child's exit, wait: all of it
 *   fork-size-N       as fork-tiny, in a process with N of touched anonymous memory (1g:
 *                     fork-1g)
 *   fork-wait-size-N  as fork-wait-tiny, likewise (fork-wait-1g)
 *   write-child       one write to each page of a shared area of 16 MiB, per page, by the child
 *                     while the parent waits
 *   write-parent      the same by the parent while the child waits
 *   fork-exec, vfork-exec, posix-spawn
 *                     until a static glibc program has run and was waited for
 *   pipe-pingpong     one byte to another process and back
 *   pipe-kib          one KiB through a pipe, in pieces of 64 KiB written and read by one
 *                     process
 *   context-switch    sched_yield() between two processes, per switch
 *   mmap-munmap       mapping and unmapping one untouched page
 *   boot-to-init      guest time in ns (= instructions) when this program starts
 *
 * bench=PREFIX on the kernel's command line measures only the names that begin so.
 * fork() is the raw clone system call: the C library's own work is not the kernel's.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#define PAGE 4096ul
#define MIB  (1ul << 20)

enum {
    TICK = 100, /* instructions from one value of rdtime to the next */
    REPEAT = 3,
};

static char only[64];
static struct {
    const char *name;
    uint64_t value;
} best = {"", 0};
static char self[] = "/proc/self/exe";

static inline uint64_t now(void)
{
    uint64_t t;
    __asm__ volatile("rdtime %0" : "=r"(t)::"memory");
    return t * TICK;
}

static inline long syscall1(long n, long a0)
{
    register long r __asm__("a0") = a0;
    register long nr __asm__("a7") = n;
    __asm__ volatile("ecall" : "+r"(r) : "r"(nr) : "memory");
    return r;
}

static pid_t raw_fork(void)
{
    register long a0 __asm__("a0") = SIGCHLD;
    register long a1 __asm__("a1") = 0;
    register long a2 __asm__("a2") = 0;
    register long a3 __asm__("a3") = 0;
    register long a4 __asm__("a4") = 0;
    register long nr __asm__("a7") = SYS_clone;
    __asm__ volatile("ecall"
                     : "+r"(a0)
                     : "r"(a1), "r"(a2), "r"(a3), "r"(a4), "r"(nr)
                     : "memory");
    return a0;
}

static void say(const char *fmt, ...)
{
    char line[200];
    va_list ap;
    va_start(ap, fmt);
    int n = vsnprintf(line, sizeof line, fmt, ap);
    va_end(ap);
    write(1, line, n);
}

/* The least of a few repetitions counts: interrupts only ever add. */
static void report(const char *name, uint64_t total, uint64_t count)
{
    uint64_t value = (total + count / 2) / count;
    if (strcmp(name, best.name) || value < best.value)
        best.value = value;
    best.name = name;
}

/* Prints the figure, and waits until the console has sent it: that is nobody's cost. */
static void report_print(void)
{
    struct timespec ms = {0, 5000000};
    say("bench %s %lu instructions\n", best.name, (unsigned long)best.value);
    tcdrain(1);
    nanosleep(&ms, NULL);
    best.name = "";
}

static void repeat(void (*measure)(void))
{
    for (int i = 0; i < REPEAT; i++)
        measure();
    report_print();
}

static void fatal(const char *what)
{
    say("bench: %s failed\n", what);
    reboot(RB_POWER_OFF);
    _exit(1);
}

static int wanted(const char *name)
{
    return !strncmp(name, only, strlen(only));
}

static void *map(size_t bytes)
{
    void *p = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (p == MAP_FAILED)
        fatal("mmap");
    madvise(p, bytes, MADV_NOHUGEPAGE);
    return p;
}

static void touch(volatile char *p, size_t bytes)
{
    for (size_t i = 0; i < bytes; i += PAGE)
        p[i] = 1;
}

/* A child that waits until the pipe closes; it has run up to there when this returns. */
static pid_t child_waiting(int *release)
{
    int p[2], ready[2];
    char c;
    if (pipe(p) < 0 || pipe(ready) < 0)
        fatal("pipe");
    pid_t pid = raw_fork();
    if (pid == 0) {
        close(p[1]);
        write(ready[1], "r", 1);
        read(p[0], &c, 1);
        _exit(0);
    }
    read(ready[0], &c, 1);
    close(ready[0]);
    close(ready[1]);
    close(p[0]);
    *release = p[1];
    return pid;
}

static void child_release(pid_t pid, int release)
{
    close(release);
    waitpid(pid, NULL, 0);
}

/* ---- calls and faults ---- */

static void null_call(void)
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
    report("null-call", (now() - t1) - (t1 - t0), N);
}

static uint64_t touch_cost(volatile char *p, size_t pages)
{
    uint64_t t0 = now();
    touch(p, pages * PAGE);
    return now() - t0 - 3 * pages; /* the loop: store, add, branch */
}

static void fault_zero(void)
{
    enum { N = 4096 };
    char *p = map(N * PAGE);
    report("fault-zero", touch_cost(p, N), N);
    munmap(p, N * PAGE);
}

static void fault_copy(void)
{
    enum { N = 4096 };
    int release;
    char *p = map(N * PAGE);
    touch(p, N * PAGE);
    pid_t pid = child_waiting(&release);
    report("fault-copy", touch_cost(p, N), N);
    child_release(pid, release);
    munmap(p, N * PAGE);
}

static void fault_sole(void)
{
    enum { N = 4096 };
    int release;
    char *p = map(N * PAGE);
    touch(p, N * PAGE);
    pid_t pid = child_waiting(&release);
    child_release(pid, release);
    report("fault-sole", touch_cost(p, N), N);
    munmap(p, N * PAGE);
}

static void write_child(void)
{
    enum { N = 4096 };
    uint64_t *cost =
        mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    char *p = map(N * PAGE);
    touch(p, N * PAGE);
    *cost = 0;
    pid_t pid = raw_fork();
    if (pid == 0) {
        *cost = touch_cost(p, N);
        _exit(0);
    }
    waitpid(pid, NULL, 0);
    report("write-child", *cost, N);
    munmap(p, N * PAGE);
    munmap(cost, PAGE);
}

static void write_parent(void)
{
    enum { N = 4096 };
    int release;
    char *p = map(N * PAGE);
    touch(p, N * PAGE);
    pid_t pid = child_waiting(&release);
    for (size_t i = 0; i < N; i += 2) /* every other page: neighbours stay shared */
        p[i * PAGE] = 2;
    uint64_t t0 = now();
    for (size_t i = 1; i < N; i += 2)
        ((volatile char *)p)[i * PAGE] = 2;
    report("write-parent", now() - t0 - 3 * N / 2, N / 2);
    child_release(pid, release);
    munmap(p, N * PAGE);
}

/* ---- fork ---- */

static void fork_call(const char *name, int rounds)
{
    uint64_t total = 0;
    for (int i = 0; i < rounds + 2; i++) {
        uint64_t t0 = now();
        pid_t pid = raw_fork();
        uint64_t t1 = now();
        if (pid == 0)
            _exit(0);
        if (pid < 0)
            fatal(name);
        waitpid(pid, NULL, 0);
        if (i >= 2) /* the first rounds warm the caches of the kernel */
            total += t1 - t0;
    }
    report(name, total, rounds);
}

static void fork_wait(const char *name, int rounds)
{
    uint64_t t0 = 0;
    for (int i = 0; i < rounds + 2; i++) {
        if (i == 2)
            t0 = now();
        pid_t pid = raw_fork();
        if (pid == 0)
            _exit(0);
        if (pid < 0)
            fatal(name);
        waitpid(pid, NULL, 0);
    }
    report(name, now() - t0, rounds);
}

static void fork_sizes(void)
{
    static const struct {
        const char *call, *wait;
        size_t mib;
        int rounds;
    } sizes[] = {{"fork-size-0m", "fork-wait-size-0m", 0, 40},
                 {"fork-size-1m", "fork-wait-size-1m", 1, 30},
                 {"fork-size-4m", "fork-wait-size-4m", 4, 20},
                 {"fork-size-16m", "fork-wait-size-16m", 16, 10},
                 {"fork-size-64m", "fork-wait-size-64m", 64, 4},
                 {"fork-size-256m", "fork-wait-size-256m", 256, 2},
                 {"fork-size-1024m", "fork-wait-size-1024m", 1024, 1}};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        size_t bytes = sizes[i].mib * MIB;
        int big = sizes[i].mib == 1024;
        const char *call = big && wanted("fork-1g") ? "fork-1g" : NULL;
        const char *wait = big && wanted("fork-wait-1g") ? "fork-wait-1g" : NULL;
        if (!wanted(sizes[i].call) && !wanted(sizes[i].wait) && !call && !wait)
            continue;
        char *p = bytes ? map(bytes) : NULL;
        touch(p, bytes);
        if (wanted(sizes[i].call))
            fork_call(sizes[i].call, sizes[i].rounds), report_print();
        if (wanted(sizes[i].wait))
            fork_wait(sizes[i].wait, sizes[i].rounds), report_print();
        if (call)
            fork_call(call, 1), report_print();
        if (wait)
            fork_wait(wait, 1), report_print();
        if (bytes)
            munmap(p, bytes);
    }
}

/* ---- programs ---- */

static char *const program[] = {self, "nothing", NULL};
static char *const no_env[] = {NULL};

static void fork_exec(void)
{
    enum { N = 20 };
    uint64_t t0 = 0;
    for (int i = 0; i < N + 2; i++) {
        if (i == 2)
            t0 = now();
        pid_t pid = raw_fork();
        if (pid == 0) {
            execve("/bench", program, no_env);
            _exit(1);
        }
        int st = -1;
        waitpid(pid, &st, 0);
        if (st)
            fatal("fork-exec");
    }
    report("fork-exec", now() - t0, N);
}

static void vfork_exec(void)
{
    enum { N = 20 };
    volatile uint64_t t0 = 0;
    for (volatile int i = 0; i < N + 2; i++) {
        if (i == 2)
            t0 = now();
        pid_t pid = vfork();
        if (pid == 0) {
            execve("/bench", program, no_env);
            _exit(1);
        }
        waitpid(pid, NULL, 0);
    }
    report("vfork-exec", now() - t0, N);
}

static void spawn(void)
{
    enum { N = 20 };
    uint64_t t0 = 0;
    for (int i = 0; i < N + 2; i++) {
        pid_t pid;
        if (i == 2)
            t0 = now();
        if (posix_spawn(&pid, "/bench", NULL, NULL, program, no_env))
            fatal("posix_spawn");
        waitpid(pid, NULL, 0);
    }
    report("posix-spawn", now() - t0, N);
}

/* ---- pipes, switches, mappings ---- */

static void pipe_pingpong(void)
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
    report("pipe-pingpong", now() - t0, N);
    close(a[1]);
    waitpid(pid, NULL, 0);
    close(a[0]);
    close(b[0]);
    close(b[1]);
}

static void pipe_kib(void)
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
            fatal("pipe-kib");
    }
    report("pipe-kib", now() - t0, N * (SIZE / 1024));
    close(p[0]);
    close(p[1]);
}

static void context_switch(void)
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
    report("context-switch", now() - t0, 2 * N);
    *stop = 1;
    waitpid(pid, NULL, 0);
    munmap((void *)stop, PAGE);
}

static void mmap_munmap(void)
{
    enum { N = 2000 };
    uint64_t t0 = 0;
    for (int i = 0; i < N + 20; i++) {
        if (i == 20)
            t0 = now();
        void *p = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        munmap(p, PAGE);
    }
    report("mmap-munmap", now() - t0, N);
}

static void fork_tiny(void)
{
    fork_call("fork-tiny", 50);
}

static void fork_wait_tiny(void)
{
    fork_wait("fork-wait-tiny", 50);
}

static void command_line_read(void)
{
    static char line[4096];
    int fd = open("/proc/cmdline", O_RDONLY);
    long n = fd < 0 ? 0 : read(fd, line, sizeof line - 1);
    line[n > 0 ? n : 0] = 0;
    close(fd);
    char *p = strstr(line, "bench=");
    while (p && p > line && p[-1] != ' ')
        p = strstr(p + 1, "bench=");
    if (p)
        sscanf(p + 6, "%63[^ \n]", only);
}

static void all(void)
{
    static const struct {
        const char *name;
        void (*measure)(void);
    } list[] = {{"null-call", null_call},      {"fault-zero", fault_zero},
                {"fault-copy", fault_copy},    {"fault-sole", fault_sole},
                {"fork-tiny", fork_tiny},      {"fork-wait-tiny", fork_wait_tiny},
                {"fork-exec", fork_exec},      {"vfork-exec", vfork_exec},
                {"posix-spawn", spawn},        {"pipe-pingpong", pipe_pingpong},
                {"pipe-kib", pipe_kib},        {"context-switch", context_switch},
                {"mmap-munmap", mmap_munmap},  {"write-child", write_child},
                {"write-parent", write_parent}};
    for (size_t i = 0; i < sizeof list / sizeof *list; i++)
        if (wanted(list[i].name))
            repeat(list[i].measure);
    fork_sizes();
}

int main(int argc, char **argv)
{
    struct timespec ts;
    if (argc > 1 && !strcmp(argv[1], "nothing"))
        return 0;
    (void)argv;
    clock_gettime(CLOCK_BOOTTIME, &ts);
    if (getpid() == 1) {
        mkdir("/proc", 0755);
        mount("proc", "/proc", "proc", 0, NULL);
        command_line_read();
        nanosleep(&(struct timespec){1, 0},
                  NULL); /* what the boot left to do in the background */
    }
    if (wanted("boot-to-init"))
        say("bench boot-to-init %lu ns\n", ts.tv_sec * 1000000000ul + ts.tv_nsec);
    all();
    if (getpid() != 1)
        return 0;
    sync();
    reboot(RB_POWER_OFF);
    for (;;)
        pause();
}
