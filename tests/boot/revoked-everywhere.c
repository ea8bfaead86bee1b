/* SPDX-License-Identifier: MIT */
/*
 * After munmap, mprotect and madvise return, no other hart uses the old translation: a thread
 * that reads the page all the time faults or sees zeroes, never the old bytes, and a writer
 * faults.
 */
#include "t.h"

enum { ROUNDS = 30 };

static volatile uint64_t *volatile page;
static volatile int phase, stop, stale, faults;

static void *reader(void *arg)
{
    (void)arg;
    t_pin(1);
    if (sigsetjmp(t_env, 1))
        faults++;
    t_armed = 1;
    while (!stop) { /* no system call in here: it might flush by itself */
        int now = __atomic_load_n(&phase, __ATOMIC_SEQ_CST);
        uint64_t v = *page;
        if (now % 2 && v != 0 && __atomic_load_n(&phase, __ATOMIC_SEQ_CST) == now)
            stale++;
    }
    t_armed = 0;
    return NULL;
}

int main(void)
{
    pthread_t t;
    t_catch_faults();
    char *m = t_map(1);
    page = (void *)m;
    CHECK(pthread_create(&t, NULL, reader, NULL) == 0);
    for (int r = 0; r < ROUNDS && !stale; r++) {
        *(volatile uint64_t *)m = 1;
        t_msleep(1);
        if (r % 3 == 0)
            CHECK(munmap(m, PAGE) == 0);
        else if (r % 3 == 1)
            CHECK(mprotect(m, PAGE, PROT_NONE) == 0);
        else
            CHECK(madvise(m, PAGE, MADV_DONTNEED) == 0);
        __atomic_fetch_add(&phase, 1, __ATOMIC_SEQ_CST);
        t_msleep(1);
        __atomic_fetch_add(&phase, 1, __ATOMIC_SEQ_CST);
        CHECK(mmap(m, PAGE, RW, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == m);
    }
    stop = 1;
    pthread_join(t, NULL);
    CHECK(stale == 0, "%d reads of memory that was taken away", stale);
    return 0;
}
