// SPDX-License-Identifier: MIT
// Frames and objects on eight harts at once: each a thread of the host, passing what it takes
// to the others, while others count, drain and reclaim.
// with: kernel/mem/page.c kernel/mem/cache.c kernel/mem/fail.c
// with: tests/host/stub/kernel.c tests/host/stub/arena.c
#include <arch/riscv/hart.h>
#include <kernel.h>
#include <mem/cache.h>
#include <mem/kmap.h>
#include <mem/page.h>
#include <pthread.h>
#include <t.h>
#include <unistd.h>

enum { N_FRAMES = 2048, N_SLOTS = 1500, N_STEPS = 40000 };

/* Whoever takes something out of a slot owns it. */
static struct page *frames[N_SLOTS];
static u64 *objects[N_SLOTS];
static struct cache *cache;
static u32 n_bad;

static u64 next_random(u64 *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

static void frame_step(u64 random)
{
    struct page **slot = &frames[random % N_SLOTS];
    struct page *page = __atomic_exchange_n(slot, NULL, __ATOMIC_ACQ_REL);
    if (page) {
        u64 *word = page_to_va(page);
        if (word[3] != page_to_pfn(page) || word[511] != (u64)page)
            __atomic_fetch_add(&n_bad, 1, __ATOMIC_RELAXED);
        kfree(page);
        return;
    }
    unsigned order = random >> 20 & 15 ? 0 : random >> 30 & 3;
    page = kalloc_pages(order, PAGE_ANON, random >> 40 & 1 ? ALLOC_ZERO : 0);
    if (!page)
        return;
    u64 *word = page_to_va(page);
    word[3] = page_to_pfn(page);
    word[511] = (u64)page;
    page = __atomic_exchange_n(slot, page, __ATOMIC_ACQ_REL);
    if (page)
        kfree(page);
}

static void object_step(u64 random)
{
    u64 **slot = &objects[random % N_SLOTS];
    u64 *object = __atomic_exchange_n(slot, NULL, __ATOMIC_ACQ_REL);
    if (object) {
        if (object[5] != (u64)object)
            __atomic_fetch_add(&n_bad, 1, __ATOMIC_RELAXED);
        cache_free(cache, object);
        return;
    }
    object = cache_zalloc(cache);
    if (!object)
        return;
    object[5] = (u64)object;
    object = __atomic_exchange_n(slot, object, __ATOMIC_ACQ_REL);
    if (object)
        cache_free(cache, object);
}

static void *hart_main(void *arg)
{
    u32 id = (u32)(u64)arg;
    u64 state = t_seed * 7919 + id + 1;
    struct mem_stats stats;
    stub_set_hart(id);
    for (int step = 0; step < N_STEPS; step++) {
        frame_step(next_random(&state));
        object_step(next_random(&state));
        if (step % 500 == 0)
            mem_stats_read(&stats); /* asserts PAGE-3 in the middle of it all */
        if (step % 3000 == 1000)
            mem_drain();
    }
    return NULL;
}

static void wait(const char *name)
{
    (void)name;
    usleep(1);
}

static void eight_harts(void)
{
    pthread_t threads[MAX_HARTS];
    struct mem_stats before, after;
    stub_ram_create(N_FRAMES, 0);
    cache = cache_create("test", 200);
    mem_stats_read(&before);
    stub_wait_hook = wait;
    for (u64 i = 0; i < MAX_HARTS; i++)
        pthread_create(&threads[i], NULL, hart_main, (void *)i);
    for (u64 i = 0; i < MAX_HARTS; i++)
        pthread_join(threads[i], NULL);
    stub_wait_hook = NULL;
    CHECK_EQ(n_bad, 0);
    for (int i = 0; i < N_SLOTS; i++) {
        if (frames[i])
            kfree(frames[i]);
        if (objects[i])
            cache_free(cache, objects[i]);
    }
    CHECK_EQ(cache_live_objects(), 0);
    mem_drain();
    mem_stats_read(&after);
    CHECK_EQ(after.free_pages, before.free_pages);
    stub_ram_destroy();
}

int main(int argc, char **argv)
{
    t_begin(argc, argv);
    RUN(eight_harts);
    return t_done();
}
