/* SPDX-License-Identifier: MIT */
/*
 * fork over the size of the process, and what parent and child pay for their memory afterwards.
 *
 * The memory is one anonymous mapping of which each page was written. What a child measures
 * comes back through a pipe: a page of shared memory beside the mapping would change what is
 * measured.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench.h"

enum {
    WARM = 2,          /* rounds that warm the caches of the kernel; one when that is long */
    ROUNDS = 50,       /* at most so many count */
    ENOUGH = 20000000, /* instructions, after which no further round starts */
    SPREAD = 100,      /* one page in so many is 1 % */
    WORST_PASSES = 3,
};

/* ---- the calls alone ---- */

static int failed(const char *name)
{
    char why[64] = "fork: ";
    strncat(why, strerror(errno), sizeof why - 8);
    report_none(name, why);
    return 0;
}

/* Does this round count? */
static int is_warm(int round, uint64_t begin)
{
    return round >= WARM || (round > 0 && now() - begin > ENOUGH);
}

/* From the call to its return in the parent; the child has its turn afterwards. */
static int fork_call(const char *name)
{
    uint64_t begin = now(), total = 0, rounds = 0;
    for (int i = 0; rounds < ROUNDS && total < ENOUGH; i++) {
        int counts = is_warm(i, begin);
        uint64_t t0 = now();
        pid_t pid = raw_fork();
        uint64_t t1 = now();
        if (pid == 0)
            _exit(0);
        if (pid < 0)
            return failed(name);
        waitpid(pid, NULL, 0);
        if (counts)
            total += t1 - t0, rounds++;
    }
    report(name, total, rounds);
    return 1;
}

/* fork, the child's exit, and wait: all of it. */
static int fork_wait(const char *name)
{
    uint64_t begin = now(), t0 = 0, rounds = 0;
    for (int i = 0; rounds < ROUNDS && (!rounds || now() - t0 < ENOUGH); i++) {
        int counts = is_warm(i, begin);
        if (counts && !rounds)
            t0 = now();
        pid_t pid = raw_fork();
        if (pid == 0)
            _exit(0);
        if (pid < 0)
            return failed(name);
        waitpid(pid, NULL, 0);
        rounds += counts;
    }
    report(name, now() - t0, rounds);
    return 1;
}

/* The names say what: fork-…, fork-wait-…, idle-… */
void fork_size(const struct measure *m)
{
    char *p = m->mib ? map(m->mib * MIB) : NULL;
    touch(p, m->mib * MIB);
    for (int i = 0; i < MAX_NAMES && m->names[i]; i++) {
        const char *name = m->names[i];
        int once = m->mib >= 1024;
        if (!wanted(name))
            continue;
        if (!strncmp(name, "idle-", 5)) {
            idle_few(name);
            continue;
        }
        int (*measure)(const char *) = strncmp(name, "fork-wait-", 10) ? fork_call : fork_wait;
        for (int k = 0; k < 3 && measure(name) && !once; k++)
            ;
        report_print();
    }
}

/* ---- what the child pays ---- */

static uint64_t read_cost(const volatile char *p, size_t bytes)
{
    uint64_t t0 = now();
    for (size_t i = 0; i < bytes; i += PAGE)
        (void)p[i];
    return now() - t0 - 3 * (bytes / PAGE); /* the loop: load, add, branch */
}

/* Each page read once by the child: the reads alone, and fork to wait with all in it. */
static void child_reads(char *p, const struct measure *m)
{
    int back[2];
    uint64_t cost = 0;
    if (pipe(back) < 0)
        fatal("pipe");
    uint64_t t0 = now();
    pid_t pid = raw_fork();
    if (pid == 0) {
        cost = read_cost(p, m->mib * MIB);
        write(back[1], &cost, sizeof cost);
        _exit(0);
    }
    if (pid < 0)
        fatal("fork");
    waitpid(pid, NULL, 0);
    uint64_t t1 = now();
    read(back[0], &cost, sizeof cost);
    close(back[0]);
    close(back[1]);
    if (wanted(m->names[0]))
        report(m->names[0], cost, m->mib * MIB / PAGE), report_print();
    if (wanted(m->names[1]))
        report(m->names[1], t1 - t0, 1), report_print();
}

void child_read(const struct measure *m)
{
    char *p = map(m->mib * MIB);
    touch(p, m->mib * MIB);
    child_reads(p, m);
}

/* Which pages the child writes: 1 % spread evenly, 1 % in a row from the middle, or all. */
static void write_as(const char *name, volatile char *p, size_t pages)
{
    size_t first = 0, end = pages, step = 1;
    if (strstr(name, "cluster"))
        first = pages / 2 + 17, end = first + pages / SPREAD; /* not where a table begins */
    if (strstr(name, "spread") || !strcmp(name, "snapshot"))
        step = SPREAD;
    for (size_t i = first; i < end; i += step)
        p[i * PAGE] = 2;
}

/* fork, the child's writes, its exit, wait: all of it. The parent wrote every page before. */
void child_write(const struct measure *m)
{
    size_t bytes = m->mib * MIB;
    char *p = map(bytes);
    for (int i = 0; i < 2; i++) {
        touch(p, bytes);
        uint64_t t0 = now();
        pid_t pid = raw_fork();
        if (pid == 0) {
            write_as(m->names[0], p, bytes / PAGE);
            _exit(0);
        }
        if (pid < 0)
            fatal("fork");
        waitpid(pid, NULL, 0);
        report(m->names[0], now() - t0, 1);
    }
    report_print();
}

/* The life of a snapshot with its memory: map, write all, fork, 1 % written, exit, unmap. */
void snapshot(const struct measure *m)
{
    size_t bytes = m->mib * MIB;
    for (int i = 0; i < 2; i++) {
        uint64_t t0 = now();
        char *p = map(bytes);
        touch(p, bytes);
        pid_t pid = raw_fork();
        if (pid == 0) {
            write_as(m->names[0], p, bytes / PAGE);
            _exit(0);
        }
        if (pid < 0)
            fatal("fork");
        waitpid(pid, NULL, 0);
        munmap(p, bytes);
        report(m->names[0], now() - t0, 1);
    }
    report_print();
}

/* ---- what the parent pays ---- */

/* Per page; "sole": the child has gone before. */
void parent_write(const struct measure *m)
{
    size_t pages = m->mib * MIB / PAGE;
    int release, sole = strstr(m->names[0], "sole") != NULL;
    char *p = map(pages * PAGE);
    for (int i = 0; i < 2; i++) {
        touch(p, pages * PAGE);
        pid_t pid = child_waiting(&release);
        if (sole)
            child_release(pid, release);
        report(m->names[0], touch_cost(p, pages), pages);
        if (!sole)
            child_release(pid, release);
    }
    report_print();
}

/*
 * The longest single write after fork, over all pages. Three passes, and of each page the
 * shortest, because an interrupt that falls into a fault is not the fault's cost. The figures
 * are kept on the heap, far from the mapping: they share no page table with it.
 */
void parent_worst(const struct measure *m)
{
    size_t pages = m->mib * MIB / PAGE;
    uint32_t *cost = sbrk(pages * sizeof *cost);
    volatile char *p = map(pages * PAGE);
    int release;
    uint32_t worst = 0;
    memset(cost, 0xff, pages * sizeof *cost);
    for (int pass = 0; pass < WORST_PASSES; pass++) {
        touch(p, pages * PAGE);
        pid_t pid = child_waiting(&release);
        for (size_t i = 0; i < pages; i++) {
            uint64_t t0 = now();
            p[i * PAGE] = 2;
            uint64_t took = now() - t0;
            if (took < cost[i])
                cost[i] = took;
        }
        child_release(pid, release);
    }
    for (size_t i = 0; i < pages; i++)
        worst = cost[i] > worst ? cost[i] : worst;
    report(m->names[0], worst, 1);
    report_print();
}
