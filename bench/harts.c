/* SPDX-License-Identifier: MIT */
/*
 * fork on several harts at once: processes of their own, each kept on one hart, fork, let the
 * child exit and wait, over and over for the same span of time. Told as how many times the
 * rate of one hart that is; the rounds of 1, 2 and 4 take turns, and the median counts.
 */
#define _GNU_SOURCE
#include <sched.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench.h"

enum {
    ROUNDS = 7,
    SPAN = 200000000, /* ns of forking */
    AHEAD = 50000000, /* ns until all begin together */
};

static unsigned long forks_until(uint64_t end)
{
    unsigned long n = 0;
    for (; now() < end; n++) {
        pid_t pid = raw_fork();
        if (pid == 0)
            _exit(0);
        if (pid < 0)
            fatal("fork");
        waitpid(pid, NULL, 0);
    }
    return n;
}

static void hart_run(int hart, uint64_t begin, int out)
{
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET(hart, &set);
    if (sched_setaffinity(0, sizeof set, &set) < 0)
        fatal("sched_setaffinity");
    while (now() < begin)
        ;
    unsigned long n = forks_until(begin + SPAN);
    write(out, &n, sizeof n);
    _exit(0);
}

/* Forks per second of so many harts together. */
static double rate(int harts)
{
    int p[2];
    unsigned long n, total = 0;
    uint64_t begin = now() + AHEAD;
    if (pipe(p) < 0)
        fatal("pipe");
    for (int i = 0; i < harts; i++)
        if (raw_fork() == 0)
            hart_run(i, begin, p[1]);
    close(p[1]);
    while (read(p[0], &n, sizeof n) == sizeof n)
        total += n;
    close(p[0]);
    while (wait(NULL) > 0)
        ;
    return total * 1e9 / SPAN;
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

void fork_harts(const struct measure *m)
{
    static double one[ROUNDS], two[ROUNDS], four[ROUNDS];
    for (int i = 0; i < ROUNDS; i++) {
        one[i] = rate(1);
        two[i] = rate(2) / one[i];
        four[i] = rate(4) / one[i];
    }
    qsort(one, ROUNDS, sizeof *one, compare);
    qsort(two, ROUNDS, sizeof *two, compare);
    qsort(four, ROUNDS, sizeof *four, compare);
    report_value(m->names[0], one[ROUNDS / 2], "forks/s");
    report_value(m->names[1], two[ROUNDS / 2], "times");
    report_value(m->names[2], four[ROUNDS / 2], "times");
}
