/* SPDX-License-Identifier: MIT */
/*
 * The frame copied from stays until the copy is complete: parent and child break the same
 * page at the same moment, page by page, and the parent's first act is to overwrite it whole
 * or to discard and refill it. The child's copy is what fork gave it.
 */
#include "t.h"

enum { PAGES = 64, ROUNDS = 30 };

static int has_ended(pid_t child)
{
    siginfo_t si = {0};
    return child && waitid(P_PID, child, &si, WEXITED | WNOHANG | WNOWAIT) == 0 && si.si_pid;
}

/* Both wait here for each other, then go on after up to a microsecond of difference. */
static void meet(volatile int *gate, int step, pid_t child)
{
    __atomic_fetch_add(gate, 1, __ATOMIC_SEQ_CST);
    for (int i = 1; *gate < 2 * (step + 1); i++)
        if (i % 4096 == 0) {
            sched_yield();
            if (has_ended(child) && *gate < 2 * (step + 1))
                _exit(1); /* it said why */
        }
    for (volatile int i = t_rnd() % 64; i > 0; i--)
        ;
}

static void child(char *m, volatile int *gate, int round)
{
    t_state += 99; /* other differences than the parent's */
    for (int p = 0; p < PAGES; p++) {
        uint64_t *w = (void *)(m + p * PAGE), tag = (p + 1000 * round) * 0x9e3779b97f4a7c15ull;
        meet(gate, p, 0);
        w[0] = 1; /* copies the page */
        for (int i = 1; i < 512; i++)
            CHECK(w[i] == tag + i, "round %d page %d word %d was lost", round, p, i);
    }
    _exit(0);
}

int main(void)
{
    char *m = t_map(PAGES);
    volatile int *gate = t_map_shared(1);
    t_delays(t_seed());
    t_rnd();
    for (int r = 0; r < ROUNDS; r++) {
        for (int p = 0; p < PAGES; p++)
            t_fill(m + p * PAGE, p + 1000 * r);
        *gate = 0;
        pid_t pid = t_fork();
        t_pin(pid == 0);
        if (pid == 0)
            child(m, gate, r);
        for (int p = 0; p < PAGES; p++) {
            meet(gate, p, pid);
            if (p % 4 == 3)
                madvise(m + p * PAGE, PAGE, MADV_DONTNEED);
            memset(m + p * PAGE, 0xee, PAGE);
        }
        t_wait_ok(pid);
    }
    t_delays(0);
    return 0;
}
