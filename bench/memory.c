/* SPDX-License-Identifier: MIT */
/*
 * What a child weighs that does nothing: free memory before and after, over many of them.
 *
 * An idle child has run until it waits for a pipe to close. MemFree counts all that it takes:
 * page tables, kernel stack, the pages of its own stack. A few children are as many as fit, up
 * to a limit; thousands stop early when the memory they would need is not there any more,
 * because a kernel that kills the parent would tell less.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "bench.h"

enum {
    FEW = 200, /* children of the small grid; less when that takes long: */
    FEW_LEAST = 4,
    ENOUGH = 1500000000, /* instructions */
    MANY_FIRST = 1000,
    MANY_ALL = 10000,
    STEP = 50,               /* children between two looks at the memory */
    RESERVE_KIB = 32 * 1024, /* what the system itself is left */
};

static int release[2], ready[2];

static void pipes_open(void)
{
    if (pipe(release) < 0 || pipe(ready) < 0)
        fatal("pipe");
}

static int child_add(void)
{
    char c;
    pid_t pid = raw_fork();
    if (pid == 0) {
        close(release[1]);
        write(ready[1], "r", 1);
        read(release[0], &c, 1);
        _exit(0);
    }
    if (pid > 0)
        read(ready[0], &c, 1);
    return pid > 0;
}

static void children_end(int n)
{
    close(release[1]);
    for (int i = 0; i < n; i++)
        wait(NULL);
    close(release[0]);
    close(ready[0]);
    close(ready[1]);
}

/* A figure of /proc/meminfo, in KiB. */
static long memory_kib(const char *what)
{
    static char text[4096];
    int fd = open("/proc/meminfo", O_RDONLY);
    ssize_t n = read(fd, text, sizeof text - 1);
    close(fd);
    text[n > 0 ? n : 0] = 0;
    const char *p = strstr(text, what);
    return p ? atol(p + strlen(what)) : 0;
}

/*
 * Once what other processes left behind has been given back; reading calf's own counters
 * empties its caches of free objects. Elsewhere there is no such file.
 */
static long memory_settled_kib(void)
{
    char c;
    nanosleep(&(struct timespec){0, 200000000}, NULL);
    int fd = open("/proc/calf/usage", O_RDONLY);
    while (fd >= 0 && read(fd, &c, 1) > 0)
        ;
    close(fd);
    return memory_kib("MemFree:");
}

void idle_few(const char *name)
{
    int n = 0;
    pipes_open();
    long before = memory_settled_kib();
    uint64_t start = now();
    while (n < FEW && (n < FEW_LEAST || now() - start < ENOUGH) && child_add())
        n++;
    long taken = before - memory_kib("MemFree:");
    if (n)
        report_value(name, (double)taken / n, "KiB");
    else
        report_none(name, "fork: Cannot allocate memory");
    children_end(n);
}

/* ---- thousands ---- */

struct many {
    const struct measure *m;
    long before;   /* KiB free without children */
    uint64_t took; /* from each fork until the child waits, together */
    int n;
};

static void child_died(int sig)
{
    (void)sig;
    say("bench: a child has gone: out of memory\n");
    errno = ENOMEM;
    fatal("children were killed");
}

/* Would `wanted` children in all need more than there is? Says so, then. */
static int memory_lacks(const struct many *k, int more)
{
    char why[100];
    long taken = k->before - memory_kib("MemFree:");
    long left = memory_kib("MemAvailable:") - RESERVE_KIB;
    if (taken / k->n * more <= left)
        return 0;
    snprintf(why, sizeof why, "%d children took %ld MiB, %ld MiB are left for %d more", k->n,
             taken / 1024, left > 0 ? left / 1024 : 0, more);
    for (int i = k->n < MANY_FIRST ? 0 : 2; i < MAX_NAMES && k->m->names[i]; i++)
        report_none(k->m->names[i], why);
    return 1;
}

/* Adds children up to so many. Returns 0 when they do not fit, having said why. */
static int children_until(struct many *k, int end)
{
    for (; k->n < end; k->n++) {
        int more = end - k->n < STEP ? end - k->n : STEP;
        if (k->n && k->n % STEP == 0 && memory_lacks(k, more))
            return 0;
        uint64_t t0 = now();
        if (!child_add())
            fatal("fork");
        k->took += now() - t0;
    }
    return 1;
}

static void many_tell(const struct many *k, const char *memory, const char *cost)
{
    report_value(memory, (double)(k->before - memory_kib("MemFree:")) / k->n, "KiB");
    report_value(cost, (double)k->took / k->n, "instructions");
}

/* Memory and cost of each of the first thousand, of all, and whether all comes back. */
void idle_many(const struct measure *m)
{
    struct many k = {.m = m};
    char *p = map(m->mib * MIB);
    touch(p, m->mib * MIB);
    pipes_open();
    signal(SIGCHLD, child_died);
    k.before = memory_settled_kib();
    if (!children_until(&k, MANY_FIRST))
        goto leave;
    many_tell(&k, m->names[0], m->names[1]);
    if (memory_lacks(&k, MANY_ALL - MANY_FIRST) || !children_until(&k, MANY_ALL))
        goto leave;
    many_tell(&k, m->names[2], m->names[3]);
    signal(SIGCHLD, SIG_DFL);
    uint64_t t0 = now();
    children_end(k.n);
    report_value(m->names[4], (double)(now() - t0) / k.n, "instructions");
    long lost = k.before - memory_settled_kib(); /* what was cached before may be free now */
    report_value(m->names[5], lost > 0 ? lost : 0, "KiB");
    return;
leave:
    raise(SIGSTOP); /* nobody wants to watch a thousand exits */
}
