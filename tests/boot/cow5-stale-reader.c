/* SPDX-License-Identifier: MIT */
/*
 * COW-5: break before make, the old frame dropped last. Two threads write a page whose
 * sharing breaks again and again, a third reads it, all on different harts: the reader never
 * sees a value older than one that was already announced. (Two writers, because the one that
 * breaks the page comes back only after the flush: a new frame that is visible too early is
 * written by the other.) The children check that they are a snapshot, which is not the eager
 * engine's promise.
 */
// boots: 1 4 ad
#include "t.h"

enum { ROUNDS = 25, WRITERS = 2 };

struct page {
    volatile uint64_t value[WRITERS];
    uint64_t fill[512 - 2 * WRITERS];
    volatile uint64_t last[WRITERS];
};

static struct page *page;
static volatile uint64_t announced[WRITERS], stop, stale;

static void *writer(void *arg)
{
    long me = (long)arg;
    t_pin(1 + me);
    for (uint64_t n = 1; !stop; n++) {
        page->value[me] = n;
        page->last[me] = n;
        __atomic_store_n(&announced[me], n, __ATOMIC_SEQ_CST);
        if (n % 256 == 0)
            sched_yield();
    }
    return NULL;
}

static void *reader(void *arg)
{
    t_pin(3);
    for (unsigned n = 0; !stop; n++) {
        for (int w = 0; w < WRITERS; w++) {
            uint64_t told = __atomic_load_n(&announced[w], __ATOMIC_SEQ_CST);
            if (page->value[w] < told || page->last[w] < told)
                stale++;
        }
        if (n % 256 == 0)
            sched_yield();
    }
    return arg;
}

static void child(void)
{
    uint64_t a[WRITERS], b[WRITERS];
    for (int w = 0; w < WRITERS; w++) {
        a[w] = page->value[w];
        b[w] = page->last[w];
        CHECK(t_is_eager() || a[w] - b[w] <= 1, "not a snapshot: %lu %lu", (unsigned long)a[w],
              (unsigned long)b[w]);
    }
    t_msleep(1);
    for (int w = 0; w < WRITERS; w++)
        CHECK(page->value[w] == a[w] && page->last[w] == b[w], "the snapshot moves");
    _exit(0);
}

int main(void)
{
    pthread_t w[WRITERS], r;
    page = t_map(1);
    t_delays(t_seed());
    for (long i = 0; i < WRITERS; i++)
        CHECK(pthread_create(&w[i], NULL, writer, (void *)i) == 0);
    CHECK(pthread_create(&r, NULL, reader, NULL) == 0);
    t_pin(0);
    for (int i = 0; i < ROUNDS && !stale; i++) {
        pid_t pid = t_fork();
        if (pid == 0)
            child();
        t_wait_ok(pid);
    }
    stop = 1;
    for (int i = 0; i < WRITERS; i++)
        pthread_join(w[i], NULL);
    pthread_join(r, NULL);
    t_delays(0);
    CHECK(stale == 0, "%lu stale reads", (unsigned long)stale);
    return 0;
}
