/* SPDX-License-Identifier: MIT */
/*
 * COW-6: fork flushes the parent's writable translations on all harts before anybody goes on.
 * Threads on all harts keep writing counters in a fixed order; a child's copy is one moment
 * and never changes afterwards. (The eager engine copies page after page while the threads go on:
 * it makes no such promise.)
 */
// boots: 1 4 ad
#include "t.h"

enum { THREADS = 3, ROUNDS = 12 };

static volatile uint64_t *first[THREADS], *second[THREADS];
static volatile int stop;

static void *writer(void *arg)
{
    long me = (long)arg;
    t_pin(me + 1);
    for (uint64_t n = 1; !stop; n++) {
        *first[me] = n;
        __atomic_thread_fence(__ATOMIC_SEQ_CST);
        *second[me] = n;
        if (n % 128 == 0)
            sched_yield();
    }
    return NULL;
}

static void child(void)
{
    uint64_t a[THREADS], b[THREADS];
    for (int i = 0; i < THREADS; i++) {
        b[i] = *second[i];
        a[i] = *first[i];
    }
    t_msleep(2);
    for (int i = 0; i < THREADS; i++) {
        CHECK(a[i] == *first[i] && b[i] == *second[i], "thread %d still writes into the child",
              i);
        CHECK(t_is_eager() || a[i] - b[i] <= 1, "thread %d: no single moment: %lu %lu", i,
              (unsigned long)a[i], (unsigned long)b[i]);
    }
    _exit(0);
}

int main(void)
{
    pthread_t t[THREADS];
    char *m = t_map(2 * THREADS);
    t_delays(t_seed());
    for (long i = 0; i < THREADS; i++) {
        first[i] = (void *)(m + 2 * i * PAGE);
        second[i] = (void *)(m + (2 * i + 1) * PAGE + PAGE - 8);
        CHECK(pthread_create(&t[i], NULL, writer, (void *)i) == 0);
    }
    for (int i = 0; i < ROUNDS; i++) {
        pid_t pid = t_fork();
        if (pid == 0)
            child();
        t_wait_ok(pid);
    }
    stop = 1;
    for (int i = 0; i < THREADS; i++)
        pthread_join(t[i], NULL);
    t_delays(0);
    return 0;
}
