/* SPDX-License-Identifier: MIT */
/*
 * The frame copied from stays until the copy is complete: while a child copies page after
 * page, the parent on another hart discards and refills the same pages, so that freed frames
 * are used again at once. The child's copies are what fork gave it.
 */
#include "t.h"

enum { PAGES = 64, ROUNDS = 10 };

int main(void)
{
    char *m = t_map(PAGES);
    volatile int *gate = t_map_shared(1);
    t_delays(t_seed());
    for (int r = 0; r < ROUNDS; r++) {
        for (int p = 0; p < PAGES; p++)
            t_fill(m + p * PAGE, p + 1000 * r);
        *gate = 0;
        pid_t pid = t_fork();
        t_pin(pid == 0);
        __atomic_fetch_add(gate, 1, __ATOMIC_SEQ_CST);
        while (*gate < 2)
            sched_yield();
        if (pid == 0) {
            for (int p = 0; p < PAGES; p++) {
                uint64_t *w = (void *)(m + p * PAGE),
                         tag = (p + 1000 * r) * 0x9e3779b97f4a7c15ull;
                w[0] = 1; /* copies the page */
                for (int i = 1; i < 512; i++)
                    CHECK(w[i] == tag + i, "round %d page %d word %d was lost", r, p, i);
            }
            _exit(0);
        }
        for (int p = 0; p < PAGES; p++) {
            if (p % 2)
                madvise(m + p * PAGE, PAGE, MADV_DONTNEED);
            memset(m + p * PAGE, 0xee, PAGE);
        }
        t_wait_ok(pid);
    }
    t_delays(0);
    return 0;
}
