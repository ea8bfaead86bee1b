/* SPDX-License-Identifier: MIT */
/*
 * What the operations of a kernel cost: the init process of a measuring boot, on calf and on
 * Linux alike.
 *
 * With one hart and `-icount shift=0,sleep=off` an instruction takes one nanosecond and rdtime
 * ticks every 100 of them, so that the figures are instructions: each operation is repeated
 * until a tick more or less does not matter, and the cost of the loop itself is taken off. On
 * several harts (measured without icount) they are nanoseconds of the host, of use as ratios only.
 *
 * Every line of the list below is a process of its own, this program executed again, so that
 * nothing is left over from the measurement before, and one that is killed is told as such.
 * Nothing here asks which kernel it runs on.
 *
 * On the kernel's command line, or as arguments of this program:
 *   bench=PREFIX  only figures whose names begin so (several: separated by commas)
 *   boot=KIND     only those of one kind of machine: main, big (16 GiB of touched memory),
 *                 many (10,000 children), harts (several) or density (how full a page table
 *                 is); by default all but the last two
 * docs/benchmarks.md says what each figure covers.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
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

#include "bench.h"

enum { REPEAT = 3, ENOUGH = 1000000000 };

static const struct {
    const char *kind;
    struct measure m;
} list[] = {
    {"main", {{"null-call"}, null_call, 0}},
    {"main", {{"fault-zero"}, fault_zero, 16}},
    {"main", {{"fault-copy"}, fault_copy, 16}},
    {"main", {{"fault-sole"}, fault_sole, 16}},
    {"main", {{"fork-tiny", "fork-wait-tiny"}, fork_size, 0}},
    {"main", {{"idle-tiny"}, fork_size, 0}},
    {"main", {{"fork-exec"}, fork_exec, 0}},
    {"main", {{"vfork-exec"}, vfork_exec, 0}},
    {"main", {{"posix-spawn"}, spawn, 0}},
    {"main", {{"pipe-pingpong"}, pipe_pingpong, 0}},
    {"main", {{"pipe-kib"}, pipe_kib, 0}},
    {"main", {{"context-switch"}, context_switch, 0}},
    {"main", {{"mmap-munmap"}, mmap_munmap, 0}},
    {"main", {{"fork-1m", "fork-wait-1m", "idle-1m"}, fork_size, 1}},
    {"main", {{"fork-16m", "fork-wait-16m", "idle-16m"}, fork_size, 16}},
    {"main", {{"fork-64m", "fork-wait-64m", "idle-64m"}, fork_size, 64}},
    {"main", {{"fork-256m", "fork-wait-256m", "idle-256m"}, fork_size, 256}},
    {"main", {{"fork-1g", "fork-wait-1g", "idle-1g"}, fork_size, 1024}},
    {"main", {{"child-read", "child-read-total"}, child_read, 1024}},
    {"main", {{"child-write-spread"}, child_write, 1024}},
    {"main", {{"child-write-cluster"}, child_write, 1024}},
    {"main", {{"child-write-all"}, child_write, 1024}},
    {"main", {{"parent-write"}, parent_write, 256}},
    {"main", {{"parent-write-sole"}, parent_write, 256}},
    {"main", {{"parent-worst"}, parent_worst, 1024}},
    {"main", {{"snapshot"}, snapshot, 1024}},
    {"big", {{"fork-4g", "fork-wait-4g", "idle-4g"}, fork_size, 4096}},
    {"big", {{"fork-16g", "fork-wait-16g"}, fork_size, 16384}},
    {"many",
     {{"many-1000", "many-1000-cost", "many-10000", "many-10000-cost", "many-10000-exit",
       "many-10000-lost"},
      idle_many,
      1024}},
    {"density", {{"density"}, density, 0}},
    {"harts", {{"harts-1", "harts-2", "harts-4"}, fork_harts, 0}},
};
enum { LIST_SIZE = sizeof list / sizeof *list };

static char only[256], kind[16];
static const struct measure *current; /* in a worker */
static struct {
    const char *name;
    uint64_t value;
} best = {"", 0};

/* ---- what is told ---- */

void say(const char *fmt, ...)
{
    char line[200];
    va_list ap;
    va_start(ap, fmt);
    int n = vsnprintf(line, sizeof line, fmt, ap);
    va_end(ap);
    write(1, line, n);
}

/* Waits until the console has sent all: that is nobody's cost. */
void settle(void)
{
    tcdrain(1);
    nanosleep(&(struct timespec){0, 5000000}, NULL);
}

/* The least of a few repetitions counts: interrupts only ever add. */
void report(const char *name, uint64_t total, uint64_t count)
{
    uint64_t value = (total + count / 2) / count;
    if (strcmp(name, best.name) || value < best.value)
        best.value = value;
    best.name = name;
}

void report_print(void)
{
    if (*best.name)
        say("bench %s %lu instructions\n", best.name, (unsigned long)best.value);
    best.name = "";
    settle();
}

void report_value(const char *name, double value, const char *unit)
{
    if (wanted(name))
        say("bench %s %.2f %s\n", name, value, unit);
    settle();
}

void report_none(const char *name, const char *why)
{
    if (wanted(name))
        say("bench %s none %s\n", name, why);
    settle();
}

/* Measures a few times, or once when once takes long. */
void repeat(const char *name, void (*once)(const char *name))
{
    uint64_t start = now();
    for (int i = 0; i < REPEAT && now() - start < ENOUGH; i++)
        once(name);
    report_print();
}

/* Ends the worker: what it has not printed by now did not work. */
void fatal(const char *what)
{
    char why[80];
    snprintf(why, sizeof why, "%s: %s", what, strerror(errno));
    for (int i = 0; current && i < MAX_NAMES && current->names[i]; i++)
        report_none(current->names[i], why);
    _exit(0);
}

/* Does the name begin with one of the prefixes asked for? */
int wanted(const char *name)
{
    const char *p = only;
    do {
        size_t n = strcspn(p, ",");
        if (!strncmp(name, p, n))
            return 1;
        p += n;
    } while (*p++);
    return 0;
}

/* ---- what several measurements do ---- */

/* fork() is the raw clone system call: the C library's own work is not the kernel's. */
pid_t raw_fork(void)
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
    if (a0 < 0)
        errno = -a0;
    return a0 < 0 ? -1 : a0;
}

char *map(size_t bytes)
{
    void *p = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (p == MAP_FAILED)
        fatal("mmap");
    return p;
}

void touch(volatile char *p, size_t bytes)
{
    for (size_t i = 0; i < bytes; i += PAGE)
        p[i] = 1;
}

uint64_t touch_cost(volatile char *p, size_t pages)
{
    uint64_t t0 = now();
    touch(p, pages * PAGE);
    return now() - t0 - 3 * pages; /* the loop: store, add, branch */
}

/* A child that waits until the pipe closes; it has run up to there when this returns. */
pid_t child_waiting(int *release)
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
    if (pid < 0)
        fatal("fork");
    read(ready[0], &c, 1);
    close(ready[0]);
    close(ready[1]);
    close(p[0]);
    *release = p[1];
    return pid;
}

void child_release(pid_t pid, int release)
{
    close(release);
    waitpid(pid, NULL, 0);
}

/* ---- one process for each measurement ---- */

static void none_of(const struct measure *m, const char *why)
{
    for (int i = 0; i < MAX_NAMES && m->names[i]; i++)
        report_none(m->names[i], why);
}

static int any_wanted(const struct measure *m)
{
    for (int i = 0; i < MAX_NAMES && m->names[i]; i++)
        if (wanted(m->names[i]))
            return 1;
    return 0;
}

/* The worker says why it stopped; what it did not print after all did not work. */
static void work(int i)
{
    char number[8], why[64];
    const struct measure *m = &list[i].m;
    char *argv[] = {"bench", "run", number, only, NULL};
    char *envp[] = {NULL};
    int st = 0;
    snprintf(number, sizeof number, "%d", i);
    say("bench-now %s\n", m->names[0]);
    settle();
    pid_t pid = fork();
    if (pid == 0) {
        execve("/proc/self/exe", argv, envp);
        _exit(127);
    }
    waitpid(pid, &st, WUNTRACED);
    if (WIFSIGNALED(st))
        snprintf(why, sizeof why, "killed by signal %d", WTERMSIG(st));
    else
        snprintf(why, sizeof why, "ended with status %d", WEXITSTATUS(st));
    if (WIFSIGNALED(st) || (WIFEXITED(st) && WEXITSTATUS(st)))
        none_of(m, why);
}

static void word_read(const char *line, const char *key, char *into, size_t size)
{
    const char *p = strstr(line, key);
    if (p)
        snprintf(into, size, "%.*s", (int)strcspn(p + strlen(key), " \n"), p + strlen(key));
}

static void command_line_read(void)
{
    char line[1024] = "";
    int fd = open("/proc/cmdline", O_RDONLY);
    ssize_t n = read(fd, line, sizeof line - 1);
    close(fd);
    line[n > 0 ? n : 0] = 0;
    word_read(line, "bench=", only, sizeof only);
    word_read(line, "boot=", kind, sizeof kind);
}

/* Says how huge pages are used, on a kernel that has them. */
static void huge_pages_tell(void)
{
    char text[100];
    int fd = open("/sys/kernel/mm/transparent_hugepage/enabled", O_RDONLY);
    ssize_t n = fd < 0 ? 0 : read(fd, text, sizeof text - 1);
    close(fd);
    if (n > 0)
        say("bench-huge-pages %.*s", (int)n, text);
}

static void prepare(void)
{
    mkdir("/proc", 0755);
    mkdir("/sys", 0755);
    mount("proc", "/proc", "proc", 0, NULL);
    mount("sysfs", "/sys", "sysfs", 0, NULL);
    command_line_read();
    huge_pages_tell();
    nanosleep(&(struct timespec){1, 0}, NULL); /* what the boot left to do in the background */
}

/* Measured only when asked for. */
static int on_request(const char *of)
{
    return !strcmp(of, "harts") || !strcmp(of, "density");
}

int main(int argc, char **argv)
{
    int init = getpid() == 1;
    if (argc > 1 && !strcmp(argv[1], "nothing"))
        return 0;
    if (argc > 3 && !strcmp(argv[1], "run")) {
        current = &list[atoi(argv[2])].m;
        snprintf(only, sizeof only, "%s", argv[3]);
        current->run(current);
        return 0;
    }
    for (int i = 1; i < argc && !init; i++) {
        word_read(argv[i], "bench=", only, sizeof only);
        word_read(argv[i], "boot=", kind, sizeof kind);
    }
    if (init)
        prepare();
    for (int i = 0; i < LIST_SIZE; i++)
        if (any_wanted(&list[i].m) &&
            (*kind ? !strcmp(kind, list[i].kind) : !on_request(list[i].kind)))
            work(i);
    if (!init)
        return 0;
    sync();
    reboot(RB_POWER_OFF);
    for (;;)
        pause();
}
