/* SPDX-License-Identifier: MIT */
/*
 * Two threads of one process break the same shared page at once, each writing its own word;
 * nobody's write is lost, and the child keeps the old content. The page may be copied once,
 * never twice with one write in each.
 */
#include "t.h"

enum { THREADS = 4, ROUNDS = 5, PAGES = 8 };

static char *m;
static volatile int round_no, ready, finished;

static void *toucher(void *arg)
{
    long me = (long)arg;
    t_pin(me);
    for (int r = 1; r <= ROUNDS; r++) {
        for (int i = 0; round_no != r; i++)
            if (i % 64 == 0)
                sched_yield();
        for (int p = 0; p < PAGES; p++)
            ((uint64_t *)(m + p * PAGE))[me * 101] = r * 10 + me;
        __atomic_fetch_add(&finished, 1, __ATOMIC_SEQ_CST);
    }
    return NULL;
}

int main(void)
{
    pthread_t t[THREADS];
    m = t_map(PAGES);
    t_delays(t_seed());
    for (long i = 0; i < THREADS; i++)
        CHECK(pthread_create(&t[i], NULL, toucher, (void *)i) == 0);
    for (int r = 1; r <= ROUNDS; r++) {
        for (int p = 0; p < PAGES; p++)
            t_fill(m + p * PAGE, r);
        int go[2];
        char c;
        pipe(go);
        pid_t pid = t_fork();
        if (pid == 0) {
            close(go[1]);
            read(go[0], &c, 1);
            for (int p = 0; p < PAGES; p++)
                CHECK(t_compare(m + p * PAGE, r) < 0, "round %d: the child's page %d changed",
                      r, p);
            _exit(0);
        }
        finished = 0;
        round_no = r;
        for (int i = 0; finished != THREADS; i++)
            if (i % 64 == 0)
                sched_yield();
        for (int p = 0; p < PAGES; p++)
            for (int i = 0; i < THREADS; i++)
                CHECK(((uint64_t *)(m + p * PAGE))[i * 101] == (uint64_t)r * 10 + i,
                      "round %d page %d: the write of thread %d is lost", r, p, i);
        close(go[0]);
        close(go[1]);
        t_wait_ok(pid);
    }
    for (int i = 0; i < THREADS; i++)
        pthread_join(t[i], NULL);
    t_delays(0);
    return 0;
}
