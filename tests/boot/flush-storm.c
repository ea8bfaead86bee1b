/* SPDX-License-Identifier: MIT */
/*
 * A storm of remote flushes: threads on all harts map, touch, protect, unmap and discard in
 * one address space at once, and some fork. Nobody waits for ever, nobody reaches memory that
 * is gone.
 */
#include "t.h"

enum { THREADS = 4, LOOPS = 20, PAGES = 8 };

static void *worker(void *arg)
{
    long me = (long)arg;
    uint64_t state = t_seed() + me;
    t_pin(me);
    for (int i = 0; i < LOOPS; i++) {
        char *m = t_map(PAGES);
        for (int p = 0; p < PAGES; p++)
            *(uint64_t *)(m + p * PAGE) = (uint64_t)m + i;
        CHECK(mprotect(m, 2 * PAGE, PROT_READ) == 0);
        CHECK(madvise(m + 4 * PAGE, PAGE, MADV_DONTNEED) == 0);
        CHECK(*(uint64_t *)(m + PAGE) == (uint64_t)m + i && m[4 * PAGE] == 0);
        CHECK(mprotect(m, 2 * PAGE, RW) == 0);
        *(uint64_t *)m = 7;
        if (t_mix(&state) % 16 == 0) {
            pid_t pid = t_fork();
            if (pid == 0)
                _exit(*(uint64_t *)m != 7);
            *(uint64_t *)m = 8;
            t_wait_ok(pid);
        }
        CHECK(munmap(m, PAGES * PAGE) == 0);
    }
    return NULL;
}

int main(void)
{
    pthread_t t[THREADS];
    t_delays(t_seed());
    for (long i = 0; i < THREADS; i++)
        CHECK(pthread_create(&t[i], NULL, worker, (void *)i) == 0);
    for (int i = 0; i < THREADS; i++)
        pthread_join(t[i], NULL);
    t_delays(0);
    return 0;
}
