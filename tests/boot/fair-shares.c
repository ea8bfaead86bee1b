/* SPDX-License-Identifier: MIT */
/*
 * Time passes for everybody: with more busy processes than harts, each gets its share, a
 * sleeper wakes on time, interrupts keep coming, and busy processes can be killed.
 */
#include "t.h"

enum { EXTRA = 3, MS = 400 };

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
    long worst = 0;
    for (long end = t_now_ms() + MS; t_now_ms() < end;) {
        long start = t_now_ms();
        t_msleep(5);
        long took = t_now_ms() - start;
        worst = took > worst ? took : worst;
    }
    for (int i = 0; i < n; i++)
        CHECK(kill(pids[i], SIGKILL) == 0);
    uint64_t most = 0;
    for (int i = 0; i < n; i++) {
        int st = t_wait(pids[i]);
        CHECK(WIFSIGNALED(st));
        most = count[i] > most ? count[i] : most;
    }
    for (int i = 0; i < n; i++)
        CHECK(count[i] > most / 50, "process %d got %lu of %lu", i, (unsigned long)count[i],
              (unsigned long)most);
    CHECK(worst < MS, "a sleep of 5 ms took %ld ms", worst);
    return 0;
}
