/* SPDX-License-Identifier: MIT */
// with: kernel/mem/page.c kernel/mem/cache.c kernel/mem/fail.c
// with: tests/host/stub/kernel.c tests/host/stub/arena.c
/*
 * Reference counts of frames from several threads at once: none is lost. Real threads of the
 * host, with instructions interleaved as its processors please.
 */
#include "stub/kernel.h"
#include "t.h"

#include <mem/page.h>
#include <pthread.h>

enum { THREADS = 4, TURNS = 3000000 };

static struct page *page;
static u32 barrier;

static void *count_up_and_down(void *arg)
{
    __atomic_fetch_add(&barrier, 1, __ATOMIC_SEQ_CST);
    while (__atomic_load_n(&barrier, __ATOMIC_RELAXED) < THREADS)
        ;
    for (unsigned i = 0; i < TURNS; i++) {
        if (i % 2)
            page_get(page);
        else if (inc_ref(page))
            return page;
        kfree(page);
    }
    return arg;
}

static void no_count_is_lost(void)
{
    pthread_t threads[THREADS];
    void *failed;

    page = kalloc(PAGE_ANON, 0);
    for (int i = 0; i < 1000; i++)
        page_get(page);
    for (int i = 0; i < THREADS; i++)
        CHECK_EQ(pthread_create(&threads[i], NULL, count_up_and_down, NULL), 0);
    for (int i = 0; i < THREADS; i++) {
        CHECK_EQ(pthread_join(threads[i], &failed), 0);
        CHECK(!failed);
    }
    CHECK_EQ(page_count(page), 1001);
    for (int i = 0; i < 1001; i++)
        kfree(page);
    CHECK_EQ(page->type, PAGE_FREE);
}

int main(int argc, char **argv)
{
    t_begin(argc, argv);
    stub_ram_create(256, 0);
    RUN(no_count_is_lost);
    stub_ram_destroy();
    return t_done();
}
