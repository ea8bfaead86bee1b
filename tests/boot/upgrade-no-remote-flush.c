/* SPDX-License-Identifier: MIT */
/*
 * A change of permissions alone needs no remote flush: while another thread of the process
 * runs on another hart, the sole owner takes over its frames, and first touches fill pages,
 * without interrupting that hart; taking a translation away does interrupt it.
 */
#include "t.h"

enum { PAGES = 200 };

static volatile int stop;

static void *spinner(void *arg)
{
    t_pin(1);
    while (!stop)
        __asm__ volatile("" ::: "memory");
    return arg;
}

static long remote_flushes(void)
{
    return t_counter_in("/proc/vmstat", "tlb_flush_remote");
}

int main(void)
{
    pthread_t t;
    if (t_harts() < 2)
        t_skip("one hart");
    if (remote_flushes() < 0)
        t_skip("no counters here");
    if (t_is_eager())
        t_skip("nothing is ever shared");
    char *m = t_map(PAGES), *fresh = t_map(PAGES);
    for (int i = 0; i < PAGES; i++)
        m[i * PAGE] = 1;
    CHECK(pthread_create(&t, NULL, spinner, NULL) == 0);
    t_pin(0);
    t_msleep(20);
    CHECK(T_CHILD() == 0);
    t_msleep(20);
    long before = remote_flushes();
    for (int i = 0; i < PAGES; i++)
        m[i * PAGE] = 2;
    for (int i = 0; i < PAGES; i++)
        fresh[i * PAGE] = 1;
    long after = remote_flushes();
    CHECK(after - before < PAGES / 4, "%ld remote flushes for %d upgrades and first touches",
          after - before, 2 * PAGES);
    for (int i = 0; i < PAGES; i++)
        CHECK(mprotect(m + i * PAGE, PAGE, i % 2 ? PROT_READ : PROT_NONE) == 0);
    CHECK(remote_flushes() - after >= PAGES / 2, "only %ld remote flushes for %d revocations",
          remote_flushes() - after, PAGES);
    stop = 1;
    pthread_join(t, NULL);
    return 0;
}
