/* SPDX-License-Identifier: MIT */
/*
 * COW-5: break before make, the old frame dropped last. One thread writes a page whose
 * sharing breaks again and again, another reads it on another hart: the reader never sees a
 * value older than one that was already announced.
 */
#include "t.h"

enum { ROUNDS = 25 };

struct page {
    volatile uint64_t value;
    uint64_t fill[510];
    volatile uint64_t last;
};

static struct page *page;
static volatile uint64_t announced, stop, stale;

static void *writer(void *arg)
{
    (void)arg;
    t_pin(1);
    for (uint64_t n = 1; !stop; n++) {
        page->value = n;
        page->last = n;
        __atomic_store_n(&announced, n, __ATOMIC_SEQ_CST);
        if (n % 64 == 0)
            sched_yield();
    }
    return NULL;
}

static void *reader(void *arg)
{
    (void)arg;
    t_pin(2);
    uint64_t before = 0;
    for (unsigned n = 0; !stop; n++) {
        uint64_t told = __atomic_load_n(&announced, __ATOMIC_SEQ_CST);
        uint64_t now = page->value, last = page->last;
        if (now < told || last < told || now < before)
            stale++;
        before = now;
        if (n % 64 == 0)
            sched_yield();
    }
    return NULL;
}

int main(void)
{
    pthread_t w, r;
    page = t_map(1);
    t_delays(t_seed());
    CHECK(pthread_create(&w, NULL, writer, NULL) == 0);
    CHECK(pthread_create(&r, NULL, reader, NULL) == 0);
    for (int i = 0; i < ROUNDS && !stale; i++) {
        pid_t pid = t_fork();
        if (pid == 0) {
            uint64_t a = page->value, b = page->last;
            CHECK(a - b <= 1, "not a snapshot: %lu %lu", (unsigned long)a, (unsigned long)b);
            t_msleep(1);
            CHECK(page->value == a && page->last == b, "the snapshot moves");
            _exit(0);
        }
        t_wait_ok(pid);
    }
    stop = 1;
    pthread_join(w, NULL);
    pthread_join(r, NULL);
    t_delays(0);
    CHECK(stale == 0, "%lu stale reads", (unsigned long)stale);
    return 0;
}
