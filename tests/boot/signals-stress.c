/* SPDX-License-Identifier: MIT */
/*
 * Signals under stress: processes on all harts send each other signals while they compute,
 * fork, wait and sleep in calls. Each queued real-time signal arrives exactly once, none
 * corrupts a computation, and stop and continue do not lose anybody.
 */
#include "t.h"

enum { PEERS = 4, EACH = 60 };

static volatile int *got; /* shared: [receiver][sender] */
static int me;

static void on_rt(int sig, siginfo_t *si, void *u)
{
    (void)sig, (void)u;
    __atomic_fetch_add(&got[me * PEERS + si->si_value.sival_int], 1, __ATOMIC_SEQ_CST);
}

static void on_usr(int sig)
{
    volatile char frame[300];
    for (int i = 0; i < 300; i++)
        frame[i] = sig;
    (void)frame[299];
}

static uint64_t compute(uint64_t x)
{
    double d = 1;
    for (int i = 0; i < 300; i++) {
        x = x * 6364136223846793005ull + 1442695040888963407ull;
        d = d * 1.0000001 + (x >> 60);
    }
    return x ^ (uint64_t)d;
}

static void peer(pid_t *pids)
{
    uint64_t want = compute(me);
    while (!pids[PEERS])
        sched_yield();
    for (int i = 0; i < EACH; i++) {
        for (int p = 0; p < PEERS; p++) {
            if (p == me)
                continue;
            while (sigqueue(pids[p], SIGRTMIN + i % 3, (union sigval){.sival_int = me}) < 0 &&
                   errno == EAGAIN)
                sched_yield();
            kill(pids[p], SIGUSR1);
        }
        CHECK(compute(me) == want, "a signal changed a computation");
        if (i % 20 == 7) {
            pid_t pid = t_fork();
            if (pid == 0)
                _exit(3);
            int st = t_wait(pid);
            CHECK(WIFEXITED(st) && WEXITSTATUS(st) == 3, "%#x", st);
        }
        if (i % 16 == 3)
            t_msleep(1);
    }
    /* Until everybody's signals are here. */
    long end = t_now_ms() + 8000;
    for (int p = 0; p < PEERS; p++)
        while (p != me && got[me * PEERS + p] < EACH && t_now_ms() < end)
            sched_yield();
    for (int p = 0; p < PEERS; p++)
        CHECK(p == me || got[me * PEERS + p] == EACH, "%d of %d signals from %d",
              got[me * PEERS + p], EACH, p);
    __atomic_fetch_add(&pids[PEERS + 1], 1, __ATOMIC_SEQ_CST);
    while (__atomic_load_n(&pids[PEERS + 1], __ATOMIC_SEQ_CST) < PEERS)
        sched_yield();
    _exit(0);
}

int main(void)
{
    got = t_map_shared(1);
    pid_t *pids = t_map_shared(1), mine[PEERS];
    struct sigaction sa = {.sa_sigaction = on_rt, .sa_flags = SA_SIGINFO | SA_RESTART};
    for (int i = 0; i < 3; i++)
        sigaction(SIGRTMIN + i, &sa, NULL);
    sa.sa_flags = SA_RESTART;
    sa.sa_handler = on_usr;
    sigaction(SIGUSR1, &sa, NULL);
    for (me = 0; me < PEERS; me++) {
        if ((mine[me] = t_fork()) == 0)
            peer(pids);
        pids[me] = mine[me];
    }
    pids[PEERS] = 1;
    for (int i = 0; i < 6; i++) {
        kill(mine[i % PEERS], SIGSTOP);
        t_msleep(2);
        kill(mine[i % PEERS], SIGCONT);
    }
    for (int i = 0; i < PEERS; i++)
        t_wait_ok(mine[i]);
    return 0;
}
