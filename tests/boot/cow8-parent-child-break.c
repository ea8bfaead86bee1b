/* SPDX-License-Identifier: MIT */
/*
 * COW-8: a count of one is stable under its holder's lock, a larger one only a hint. Parent
 * and child break the same pages at the same time on different harts: both keep all their
 * bytes, over and over, with delays in the windows.
 */
#include "t.h"

enum { PAGES = 16, ROUNDS = 40 };

int main(void)
{
    char *m = t_map(PAGES);
    volatile int *gate = t_map_shared(1);
    t_delays(t_seed());
    for (int r = 0; r < ROUNDS; r++) {
        for (int p = 0; p < PAGES; p++)
            t_fill(m + p * PAGE, p + r);
        *gate = 0;
        pid_t pid = t_fork();
        int me = pid == 0;
        t_pin(me);
        __atomic_fetch_add(gate, 1, __ATOMIC_SEQ_CST);
        for (int i = 0; *gate < 2; i++)
            if (i % 256 == 0)
                sched_yield();
        for (int p = 0; p < PAGES; p++) {
            uint64_t *w = (void *)(m + p * PAGE);
            w[me ? 511 : 0] = 42 + me;
        }
        for (int p = 0; p < PAGES; p++) {
            uint64_t *w = (void *)(m + p * PAGE), tag = (p + r) * 0x9e3779b97f4a7c15ull;
            CHECK(w[me ? 511 : 0] == 42u + me, "round %d page %d: own write lost", r, p);
            CHECK(w[me ? 0 : 511] == tag + (me ? 0 : 511),
                  "round %d page %d: other's write seen", r, p);
            for (int i = 1; i < 511; i++)
                CHECK(w[i] == tag + i, "round %d page %d word %d", r, p, i);
        }
        if (me)
            _exit(0);
        t_wait_ok(pid);
    }
    t_delays(0);
    return 0;
}
