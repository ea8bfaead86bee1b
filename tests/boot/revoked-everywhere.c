/* SPDX-License-Identifier: MIT */
/*
 * After munmap, mprotect and madvise return, no other hart uses the old translation: a thread
 * that reads the page all the time faults or sees zeroes, never the old bytes, and a writer
 * faults.
 */
#include "t.h"

enum { ROUNDS = 30 };

static volatile uint64_t *volatile page;
static volatile int phase, written, loops, stop, stale;

static void *reader(void *arg)
{
    (void)arg;
    t_pin(1);
    while (!stop) {
        int now = __atomic_load_n(&phase, __ATOMIC_SEQ_CST);
        int told = __atomic_load_n(&written, __ATOMIC_SEQ_CST);
        uint64_t v = 0;
        int sig = sigsetjmp(t_env, 0);
        t_armed = 1;
        if (sig == 0)
            v = *page;
        t_armed = 0;
        if (told && sig == 0 && v != (uint64_t)told && written == told)
            stale++;
        if (now % 2 && sig == 0 && v != 0 && __atomic_load_n(&phase, __ATOMIC_SEQ_CST) == now)
            stale++;
        loops++;
    }
    return NULL;
}

/* Until the reader has looked, on whatever a loaded machine lets it run. */
static void reader_wait(void)
{
    int seen = loops;
    for (int i = 0; loops - seen < 3 && i < 2000; i++)
        t_msleep(1);
}

int main(void)
{
    pthread_t t;
    t_catch_faults();
    char *m = t_map(1);
    t_pin(0);
    page = (void *)m;
    CHECK(pthread_create(&t, NULL, reader, NULL) == 0);
    for (int r = 0; r < ROUNDS && !stale; r++) {
        *(volatile uint64_t *)m = r + 1;
        __atomic_store_n(&written, r + 1, __ATOMIC_SEQ_CST);
        reader_wait();
        __atomic_store_n(&written, 0, __ATOMIC_SEQ_CST);
        if (r % 3 == 0)
            CHECK(munmap(m, PAGE) == 0);
        else if (r % 3 == 1)
            CHECK(mprotect(m, PAGE, PROT_NONE) == 0);
        else
            CHECK(madvise(m, PAGE, MADV_DONTNEED) == 0);
        __atomic_fetch_add(&phase, 1, __ATOMIC_SEQ_CST);
        reader_wait();
        __atomic_fetch_add(&phase, 1, __ATOMIC_SEQ_CST);
        CHECK(mmap(m, PAGE, RW, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == m);
    }
    stop = 1;
    pthread_join(t, NULL);
    CHECK(stale == 0, "%d reads of what is there no longer", stale);
    return 0;
}
