/* SPDX-License-Identifier: MIT */
/*
 * When is a page table worth sharing? The cost of a whole cycle (the parent writes its pages,
 * forks, the child does something, exits, wait) over how many pages of one 2 MiB region, which
 * is one leaf table, there are. Measured once where every table is shared (calf with dense=1)
 * and once where none is (fork=cow), it tells from how many entries on sharing is cheaper.
 *
 *   density-rest-N   the child touches none of them
 *   density-read-N   it reads one
 *   density-write-N  it writes one
 */
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench.h"

enum { ROUNDS = 20, LEAF = 512 };

/* An aligned region, with the middle table above it in use elsewhere as well. */
static volatile char *region(void)
{
    uintptr_t at = (uintptr_t)map(2 * LEAF * PAGE);
    return (volatile char *)((at + LEAF * PAGE - 1) & ~(LEAF * PAGE - 1));
}

static uint64_t cycle(volatile char *p, unsigned n, const char *what)
{
    uint64_t t0 = now();
    for (unsigned i = 0; i < n; i++)
        p[i * (LEAF / n) * PAGE]++;
    pid_t pid = raw_fork();
    if (pid == 0) {
        if (*what == 'w')
            p[0] = 1;
        else if (!strcmp(what, "read"))
            (void)p[0];
        _exit(0);
    }
    if (pid < 0)
        fatal("fork");
    waitpid(pid, NULL, 0);
    return now() - t0;
}

void density(const struct measure *m)
{
    static const char *const does[] = {"rest", "read", "write"};
    for (unsigned d = 0; d < sizeof does / sizeof *does; d++) {
        for (unsigned n = 1; n <= LEAF; n += n < 16 ? n : n < 64 ? 8 : n) {
            volatile char *p = region();
            char name[40];
            uint64_t total = 0;
            snprintf(name, sizeof name, "%s-%s-%u", m->names[0], does[d], n);
            for (int i = -2; i < ROUNDS; i++) {
                uint64_t cost = cycle(p, n, does[d]);
                total += i < 0 ? 0 : cost;
            }
            report(name, total, ROUNDS);
            report_print();
            munmap((void *)p, LEAF * PAGE);
        }
    }
}
