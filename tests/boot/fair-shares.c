/* SPDX-License-Identifier: MIT */
/*
 * Time passes for everybody: with more busy processes than harts, each gets its share, a
 * sleeper wakes on time, interrupts keep coming, and busy processes can be killed.
 */
#include "t.h"

/* The machine under the machine may be busy: shares are judged roughly, over as long as it
 * takes. */
enum { EXTRA = 3, MS = 400, MS_MAX = 20000 };

static int all_ran(const volatile uint64_t *count, int n)
{
    uint64_t most = 0, least = -1ul;
    for (int i = 0; i < n; i++) {
        most = count[i] > most ? count[i] : most;
        least = count[i] < least ? count[i] : least;
    }
    return least > most / 50;
}

int main(void)
{
    int n = t_harts() + EXTRA;
    volatile uint64_t *count = t_map_shared(1);
    pid_t pids[64];
    if (n > 60)
        n = 60;
    for (int i = 0; i < n; i++)
        if ((pids[i] = t_fork()) == 0)
            for (;;)
                count[i]++;
    long start = t_now_ms(), best = MS_MAX;
    while (t_now_ms() < start + MS || !all_ran(count, n)) {
        long before = t_now_ms();
        t_msleep(5);
        long took = t_now_ms() - before;
        best = took < best ? took : best;
        CHECK(t_now_ms() < start + MS_MAX, "somebody does not get his share");
    }
    for (int i = 0; i < n; i++)
        CHECK(kill(pids[i], SIGKILL) == 0);
    for (int i = 0; i < n; i++) {
        int st = t_wait(pids[i]);
        CHECK(WIFSIGNALED(st));
    }
    CHECK(best < 100, "a sleep of 5 ms takes %ld ms at best", best);
    return 0;
}
