/* SPDX-License-Identifier: MIT */
/*
 * What every boot test shares.
 *
 * A test exits with 0 when it passed; CHECK prints the place and the values and exits with 1;
 * t_skip exits with 77. Tests speak the Linux ABI and also run on Linux: what needs the files
 * of a debug build of calf (failure injection, delays, counters) is asked for first.
 *
 * Random choices come from t_rnd(), seeded by the runner (T_SEED), else by testseed= on the
 * kernel's command line, else 1.
 */
#pragma once
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#pragma GCC diagnostic ignored "-Wunused-result"
#pragma GCC diagnostic ignored "-Wclobbered"
#pragma GCC diagnostic ignored "-Wformat-zero-length"

#define PAGE 4096ul
#define RW   (PROT_READ | PROT_WRITE)

enum { T_SKIP = 77 };

static inline void __attribute__((noreturn, format(printf, 4, 5)))
t_fail(const char *file, int line, const char *what, const char *fmt, ...)
{
    char text[400];
    int e = errno;
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    const char *slash = strrchr(file, '/');
    dprintf(1, "%s:%d: %s %s (errno %d)\n", slash ? slash + 1 : file, line, what, text, e);
    _exit(1);
}

/* CHECK(condition) or CHECK(condition, "format", values...) */
#define CHECK(cond, ...)                                       \
    do {                                                       \
        if (!(cond))                                           \
            t_fail(__FILE__, __LINE__, #cond, "" __VA_ARGS__); \
    } while (0)

static inline void __attribute__((noreturn)) t_skip(const char *why)
{
    dprintf(1, "SKIP %s\n", why);
    _exit(T_SKIP);
}

/* ---- random numbers ---- */

static uint64_t t_state;

static inline uint64_t t_seed(void)
{
    static char line[4096];
    const char *s = getenv("T_SEED");
    if (s)
        return strtoull(s, NULL, 0);
    int fd = open("/proc/cmdline", O_RDONLY);
    long n = fd < 0 ? 0 : read(fd, line, sizeof line - 1);
    close(fd);
    line[n > 0 ? n : 0] = 0;
    char *p = strstr(line, "testseed=");
    return p ? strtoull(p + 9, NULL, 0) : 1;
}

static inline uint64_t t_mix(uint64_t *state)
{
    uint64_t z = *state += 0x9e3779b97f4a7c15ull;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ull;
    z = (z ^ z >> 27) * 0x94d049bb133111ebull;
    return z ^ z >> 31;
}

static inline uint64_t t_rnd(void)
{
    if (!t_state)
        t_state = t_seed() * 2 + 1;
    return t_mix(&t_state);
}

/* ---- time ---- */

static inline long t_now_ms(void)
{
    struct timespec ts;
    clock_gettime(CLOCK_MONOTONIC, &ts);
    return ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

static inline void t_msleep(long ms)
{
    struct timespec ts = {ms / 1000, ms % 1000 * 1000000};
    while (nanosleep(&ts, &ts) < 0 && errno == EINTR)
        ;
}

/* ---- memory and processes ---- */

static inline void *t_map(size_t pages)
{
    void *p = mmap(NULL, pages * PAGE, RW, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CHECK(p != MAP_FAILED, "%zu pages", pages);
    return p;
}

static inline void *t_map_shared(size_t pages)
{
    void *p = mmap(NULL, pages * PAGE, RW, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    CHECK(p != MAP_FAILED, "%zu pages", pages);
    return p;
}

/* Fills a page so that every word tells where and from whom it is. */
static inline void t_fill(void *page, uint64_t tag)
{
    uint64_t *w = page;
    for (uint64_t i = 0; i < PAGE / 8; i++)
        w[i] = tag * 0x9e3779b97f4a7c15ull + i;
}

/* The index of the first wrong word, or -1. */
static inline long t_compare(const void *page, uint64_t tag)
{
    const uint64_t *w = page;
    for (uint64_t i = 0; i < PAGE / 8; i++)
        if (w[i] != tag * 0x9e3779b97f4a7c15ull + i)
            return i;
    return -1;
}

static inline long t_compare_zero(const void *page)
{
    const uint64_t *w = page;
    for (uint64_t i = 0; i < PAGE / 8; i++)
        if (w[i])
            return i;
    return -1;
}

static inline pid_t t_fork(void)
{
    pid_t pid = fork();
    CHECK(pid >= 0, "fork");
    return pid;
}

static inline int t_wait(pid_t pid)
{
    int status = -1;
    pid_t r;
    do
        r = waitpid(pid, &status, 0);
    while (r < 0 && errno == EINTR);
    CHECK(r == pid, "waitpid %d gave %d", pid, r);
    return status;
}

/* Waits for a child that must have passed its own checks. */
static inline void t_wait_ok(pid_t pid)
{
    int st = t_wait(pid);
    CHECK(WIFEXITED(st) && WEXITSTATUS(st) == 0, "child ended with status %#x", st);
}

/* Runs the statements in a child; gives its wait status. */
#define T_CHILD(...)           \
    ({                         \
        pid_t pid_ = t_fork(); \
        if (pid_ == 0) {       \
            __VA_ARGS__;       \
            _exit(0);          \
        }                      \
        t_wait(pid_);          \
    })

static int t_n_harts = 1;

/* Asked before anybody is pinned: affinity is inherited. */
__attribute__((constructor)) static void t_count_harts(void)
{
    cpu_set_t set;
    CPU_ZERO(&set);
    if (sched_getaffinity(0, sizeof set, &set) == 0)
        t_n_harts = CPU_COUNT(&set);
}

static inline int t_harts(void)
{
    return t_n_harts;
}

/* Best effort: keeps the caller on one hart. */
static inline void t_pin(int hart)
{
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET(hart % t_harts(), &set);
    sched_setaffinity(0, sizeof set, &set);
}

/*
 * ---- faults that are expected ----
 *
 * The mask is neither saved nor changed: a system call in the loop of a test may empty this
 * hart's TLB (under QEMU each change of sstatus.SUM does) and hide what the test looks for.
 */

static __thread sigjmp_buf t_env;
static __thread volatile int t_armed, t_code;
static __thread void *volatile t_addr;

static void t_on_fault(int sig, siginfo_t *si, void *u)
{
    (void)u;
    if (!t_armed) {
        dprintf(1, "unexpected signal %d code %d at %p\n", sig, si->si_code, si->si_addr);
        _exit(3);
    }
    t_code = si->si_code;
    t_addr = si->si_addr;
    siglongjmp(t_env, sig);
}

static inline void t_catch_faults(void)
{
    struct sigaction sa = {.sa_sigaction = t_on_fault, .sa_flags = SA_SIGINFO | SA_NODEFER};
    sigaction(SIGSEGV, &sa, NULL);
    sigaction(SIGBUS, &sa, NULL);
    sigaction(SIGILL, &sa, NULL);
}

/* The signal that an access raises, or 0. kind: 'r', 'w' or 'x'. */
static inline int t_touch(volatile void *p, int kind)
{
    int sig = sigsetjmp(t_env, 0);
    if (sig == 0) {
        t_armed = 1;
        if (kind == 'r')
            (void)*(volatile char *)p;
        else if (kind == 'w')
            *(volatile char *)p = *(volatile char *)p + 1;
        else
            ((void (*)(void))(uintptr_t)p)();
    }
    t_armed = 0;
    return sig;
}

/* ---- what a debug build of calf offers ---- */

static inline int t_read_file(const char *path, char *buf, size_t size)
{
    int fd = open(path, O_RDONLY), n = 0;
    if (fd < 0)
        return -1;
    for (long r; n < (int)size - 1 && (r = read(fd, buf + n, size - 1 - n)) > 0;)
        n += r;
    close(fd);
    buf[n] = 0;
    return n;
}

static inline int t_write_file(const char *path, const char *text)
{
    int fd = open(path, O_WRONLY);
    if (fd < 0)
        return -1;
    int r = write(fd, text, strlen(text)) < 0 ? -1 : 0;
    close(fd);
    return r;
}

static int t_fail_fd = -1;

static inline void t_need_fail(void)
{
    t_fail_fd = open("/proc/calf/fail", O_RDWR);
    if (t_fail_fd < 0)
        t_skip("no failure injection here");
}

/* The k-th allocation of this thread from now on fails; 0 switches off. */
static inline void t_fail_at(long k)
{
    char b[24];
    int n = snprintf(b, sizeof b, "%ld", k);
    if (pwrite(t_fail_fd, b, n, 0) != n)
        t_fail(__FILE__, __LINE__, "write", "to /proc/calf/fail");
}

/* Switches off; tells whether the failure had happened. */
static inline int t_fail_fired(void)
{
    char b[24] = "";
    long n = pread(t_fail_fd, b, sizeof b - 1, 0);
    t_fail_at(0);
    return n > 0 && strtol(b, NULL, 10) == 0;
}

/*
 * fork() with the k-th allocation failing, and nothing else: the three calls are made without a
 * store in between, since a store of the parent may need memory of its own (and kill it).
 */
static inline pid_t t_fork_failing(long k, int *fired)
{
    static char left[24];
    long pid = SIGCHLD, fd = t_fail_fd;
    memset(left, 0, sizeof left);
    t_fail_at(k);
    __asm__ volatile("mv a0, %0\nli a1, 0\nli a2, 0\nli a3, 0\nli a4, 0\nli a7, %3\necall\n"
                     "mv %0, a0\nbeqz a0, 1f\n"
                     "mv a0, %1\nmv a1, %2\nli a2, 20\nli a3, 0\nli a7, %4\necall\n"
                     "mv a0, %1\nla a1, 2f\nli a2, 1\nli a3, 0\nli a7, %5\necall\n"
                     ".pushsection .rodata\n2: .string \"0\"\n.popsection\n1:\n"
                     : "+&r"(pid)
                     : "r"(fd), "r"(left), "i"(SYS_clone), "i"(SYS_pread64), "i"(SYS_pwrite64)
                     : "memory", "a0", "a1", "a2", "a3", "a4", "a7");
    *fired = strtol(left, NULL, 10) == 0;
    errno = pid < 0 ? -pid : 0;
    return pid < 0 ? -1 : pid;
}

/* Random delays in the kernel's critical windows, where it has them. */
static inline void t_delays(uint64_t seed)
{
    char b[24];
    snprintf(b, sizeof b, "%lu", (unsigned long)(seed & 0x7fffffff));
    t_write_file("/proc/calf/delay", b);
}

/* A counter of /proc/vmstat, or of /proc/self/cow; -1 when there is none. */
static inline long t_counter_in(const char *path, const char *name)
{
    static char text[32768];
    if (t_read_file(path, text, sizeof text) < 0)
        return -1;
    size_t n = strlen(name);
    for (char *p = text; *p;) {
        if (!strncmp(p, name, n) && (p[n] == ' ' || p[n] == ':' || p[n] == '\t'))
            return strtol(p + n + 1, NULL, 10);
        p += strcspn(p, "\n");
        p += *p == '\n';
    }
    return -1;
}

static inline long t_counter(const char *name)
{
    return t_counter_in("/proc/self/cow", name);
}

/*
 * The engine that copies every page at fork shares none: counters and states differ, and threads
 * that write during the copying are copied page by page, not at one moment.
 */
static inline int t_is_eager(void)
{
    static char line[4096];
    return t_read_file("/proc/cmdline", line, sizeof line) > 0 && strstr(line, "fork=eager");
}

/* The states of the pages from addr on as /proc/PID/cow draws them; 0 when it does not exist.
 */
static inline int t_states(pid_t pid, const void *addr, size_t pages, char *out)
{
    static char text[1 << 18];
    char path[40];
    snprintf(path, sizeof path, "/proc/%d/cow", pid);
    if (t_read_file(path, text, sizeof text) < 0)
        return 0;
    memset(out, '?', pages);
    out[pages] = 0;
    for (char *p = text; *p;) {
        unsigned long lo, hi;
        int at = 0;
        if (sscanf(p, "%lx-%lx %*s %n", &lo, &hi, &at) == 2 && at)
            for (size_t i = 0; i < pages; i++) {
                unsigned long a = (unsigned long)addr + i * PAGE;
                if (a >= lo && a < hi)
                    out[i] = p[at + (a - lo) / PAGE];
            }
        p += strcspn(p, "\n");
        p += *p == '\n';
    }
    return 1;
}

/*
 * Asks the kernel to count every reference again. Relatives that are still on their way into a
 * sleep disturb the count: what is wrong stays wrong when asked again.
 */
static inline void t_recount(const char *when)
{
    static char text[1024];
    for (int i = 0; i < 6; i++) {
        if (t_read_file("/proc/calf/recount", text, sizeof text) <= 0 ||
            !strncmp(text, "ok", 2))
            return;
        t_msleep(10);
    }
    CHECK(0, "%s: recount says %.300s", when, text);
}
