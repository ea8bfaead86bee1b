/* SPDX-License-Identifier: MIT */
/*
 * Threads that fork: several threads of one process fork at the same time while others
 * allocate, write and lock; each child has one thread, a consistent copy, and can fork and
 * thread on itself.
 */
#include "t.h"

enum { THREADS = 3, FORKS = 8 };

static char *m;
static volatile int stop;

static void *writer(void *arg)
{
    uint64_t *w = (void *)(m + THREADS * PAGE);
    for (uint64_t i = 1; !stop; i++) {
        w[0] = i;
        w[511] = i;
        if (i % 64 == 0) {
            free(malloc(20000));
            sched_yield();
        }
    }
    return arg;
}

static void *nothing(void *arg)
{
    return arg;
}

static void child(long me, int n)
{
    uint64_t *w = (void *)(m + THREADS * PAGE);
    CHECK(t_is_eager() || w[0] - w[511] <= 1, "not one moment");
    CHECK(t_compare(m + me * PAGE, me * 1000 + n) < 0, "thread %ld's own page", me);
    t_fill(m + me * PAGE, 5);
    if (n % 4 == 0) {
        pthread_t t;
        void *r;
        CHECK(pthread_create(&t, NULL, nothing, (void *)7) == 0);
        pthread_join(t, &r);
        CHECK(r == (void *)7);
    }
    _exit(0);
}

static void *forker(void *arg)
{
    long me = (long)arg;
    t_pin(me + 1);
    for (int n = 0; n < FORKS; n++) {
        t_fill(m + me * PAGE, me * 1000 + n);
        pid_t pid = t_fork();
        if (pid == 0)
            child(me, n);
        CHECK(t_compare(m + me * PAGE, me * 1000 + n) < 0);
        t_wait_ok(pid);
    }
    return NULL;
}

int main(void)
{
    pthread_t t[THREADS], w;
    m = t_map(THREADS + 1);
    t_delays(t_seed());
    CHECK(pthread_create(&w, NULL, writer, NULL) == 0);
    for (long i = 0; i < THREADS; i++)
        CHECK(pthread_create(&t[i], NULL, forker, (void *)i) == 0);
    for (int i = 0; i < THREADS; i++)
        pthread_join(t[i], NULL);
    stop = 1;
    pthread_join(w, NULL);
    t_delays(0);
    return 0;
}
