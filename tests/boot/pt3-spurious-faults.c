/* SPDX-License-Identifier: MIT */
/*
 * PT-3: a fault that finds nothing to do is normal. Threads on all harts touch the same fresh
 * pages at the same moment, read and write mixed; every write is kept, nobody dies.
 */
#include "t.h"

enum { THREADS = 4, PAGES = 40, ROUNDS = 2 };

static char *m;
static pthread_barrier_t barrier;

static void *toucher(void *arg)
{
    long me = (long)arg;
    t_pin(me);
    for (int r = 0; r < ROUNDS; r++) {
        pthread_barrier_wait(&barrier);
        for (int p = 0; p < PAGES; p++) {
            volatile uint64_t *w = (void *)(m + p * PAGE);
            if ((p + me) % 3 == 0)
                CHECK(w[500] == 0, "page %d is not zero", p);
            w[me] = r * 1000 + p;
        }
        pthread_barrier_wait(&barrier);
        for (int p = 0; p < PAGES; p++)
            for (int i = 0; i < THREADS; i++)
                CHECK(((uint64_t *)(m + p * PAGE))[i] == (uint64_t)r * 1000 + p,
                      "round %d: thread %d's write to page %d is lost", r, i, p);
        pthread_barrier_wait(&barrier);
        if (me == 0)
            CHECK(madvise(m, PAGES * PAGE, MADV_DONTNEED) == 0);
        pthread_barrier_wait(&barrier);
    }
    return NULL;
}

int main(void)
{
    pthread_t t[THREADS];
    m = t_map(PAGES);
    pthread_barrier_init(&barrier, NULL, THREADS);
    t_delays(t_seed());
    for (long i = 0; i < THREADS; i++)
        CHECK(pthread_create(&t[i], NULL, toucher, (void *)i) == 0);
    for (int i = 0; i < THREADS; i++)
        pthread_join(t[i], NULL);
    t_delays(0);
    return 0;
}
