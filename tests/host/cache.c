// SPDX-License-Identifier: MIT
// Object caches: at random against a model on all harts, no leak, no overlap, junk, failure
// injection, sizes.
// with: kernel/mem/page.c kernel/mem/cache.c kernel/mem/fail.c
// with: tests/host/stub/kernel.c tests/host/stub/arena.c
#include <arch/riscv/hart.h>
#include <kernel.h>
#include <mem/cache.h>
#include <mem/internal.h>
#include <mem/page.h>
#include <string.h>
#include <t.h>

enum { N_FRAMES = 4096, N_OBJECTS = 3000 };

static struct object {
    u8 *at;
    size_t size;
    struct cache *cache; /* NULL: from mem_alloc() */
    u8 mark;
} objects[N_OBJECTS];

static const size_t sizes[] = {8, 40, 96, 528, 1000, 2048, 3000, 4096};
static struct cache *test_caches[ARRAY_SIZE(sizes)];

static u64 free_pages(void)
{
    struct mem_stats stats;
    mem_stats_read(&stats);
    return stats.free_pages;
}

static bool is_filled(const u8 *at, u8 byte, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (at[i] != byte)
            return false;
    return true;
}

static void caches_create(void)
{
    if (test_caches[0])
        return;
    for (unsigned i = 0; i < ARRAY_SIZE(sizes); i++)
        test_caches[i] = cache_create("test", sizes[i]);
}

static void object_alloc(struct object *object)
{
    bool zero = t_below(2);
    unsigned which = t_below(ARRAY_SIZE(sizes));
    if (t_below(2)) {
        object->cache = test_caches[which];
        object->size = sizes[which];
        object->at = zero ? cache_zalloc(object->cache) : cache_alloc(object->cache);
    } else {
        object->cache = NULL;
        object->size = t_below(t_below(100) ? 600 : 20000);
        object->at = zero ? mem_zalloc(object->size) : mem_alloc(object->size);
    }
    if (!object->at)
        return;
    CHECK(is_filled(object->at, zero ? 0 : JUNK, object->size));
    CHECK((uintptr_t)object->at % 16 == 0);
    object->mark = t_random() >> 30;
    memset(object->at, object->mark, object->size);
}

static void object_free(struct object *object)
{
    /* whatever overlaps it would have changed it */
    CHECK(is_filled(object->at, object->mark, object->size));
    if (object->cache)
        cache_free(object->cache, object->at);
    else
        mem_free(object->at);
    object->at = NULL;
}

static void random_against_model(void)
{
    stub_ram_create(N_FRAMES, 0);
    caches_create();
    u64 all = free_pages(), n_live = 0, n_big = 0, live_before = cache_live_objects();
    for (int step = 0; step < 200000; step++) {
        struct object *object = &objects[t_below(N_OBJECTS)];
        stub_set_hart(t_below(MAX_HARTS));
        if (object->at) {
            n_big -= !object->cache && object->size > 2048;
            object_free(object);
            n_live--;
        } else {
            object_alloc(object);
            n_live += object->at != NULL;
            n_big += object->at && !object->cache && object->size > 2048;
        }
        if (step % 1000 == 0)
            CHECK_EQ(cache_live_objects() - live_before, n_live - n_big);
        if (step % 20000 == 0)
            mem_drain();
    }
    for (int i = 0; i < N_OBJECTS; i++)
        if (objects[i].at)
            object_free(&objects[i]);
    CHECK_EQ(cache_live_objects(), live_before);
    CHECK_EQ(stub_n_held, 0);
    mem_drain();
    CHECK_EQ(free_pages(), all);
    stub_ram_destroy();
}

static void runs_dry_and_recovers(void)
{
    static void *all[200000];
    stub_ram_create(128, 0);
    caches_create();
    u64 before = free_pages(), n = 0;
    while ((all[n] = cache_alloc(test_caches[1])))
        n++;
    CHECK_EQ(n, 127 * (PAGE_SIZE / 48));
    CHECK(kalloc(PAGE_ANON, 0) == NULL);
    for (u64 i = 0; i < n; i++) {
        stub_set_hart(i % MAX_HARTS);
        cache_free(test_caches[1], all[i]);
    }
    /* what lies in the caches of all harts and in empty slabs is found when frames run dry */
    n = 0;
    while ((all[n] = kalloc(PAGE_ANON, 0)))
        n++;
    CHECK_EQ(n, 127);
    while (n > 0)
        kfree(all[--n]);
    CHECK_EQ(free_pages(), before);
    stub_ram_destroy();
}

static void finds_use_after_free(void)
{
    stub_ram_create(64, 0);
    caches_create();
    u8 *object = cache_alloc(test_caches[2]);
    cache_free(test_caches[2], object);
    object[50] ^= 1;
    CHECK(stub_panics(cache_alloc(test_caches[2])));
    CHECK(strstr(stub_panic_text, "after it was freed") != NULL);
    object[50] ^= 1;
    cache_free(test_caches[2], object);
    CHECK(stub_panics(cache_free(test_caches[1], object)));      /* not its cache */
    CHECK(stub_panics(cache_free(test_caches[2], object + 16))); /* not an object */
    stub_ram_destroy();
}

static void injects_failures(void)
{
    stub_ram_create(64, 0);
    caches_create();
    for (int k = 1; k <= 4; k++) {
        void *got[4];
        stub_fail_countdown = k;
        got[0] = cache_alloc(test_caches[0]); /* the slab that it needs does not count */
        got[1] = mem_alloc(100);
        got[2] = mem_alloc(5000);
        got[3] = cache_zalloc(test_caches[3]);
        for (int i = 0; i < 4; i++)
            CHECK_EQ(got[i] == NULL, i == k - 1);
        if (got[0])
            cache_free(test_caches[0], got[0]);
        mem_free(got[1]);
        mem_free(got[2]);
        if (got[3])
            cache_free(test_caches[3], got[3]);
    }
    stub_ram_destroy();
}

static void all_sizes(void)
{
    stub_ram_create(4096, 0);
    for (size_t size = 0; size <= 9000; size++) {
        u8 *at = mem_alloc(size);
        CHECK(at != NULL);
        memset(at, 1, size);
        mem_free(at);
    }
    CHECK(mem_alloc((PAGE_SIZE << PAGE_MAX_ORDER) + 1) == NULL);
    CHECK(mem_alloc(SIZE_MAX) == NULL);
    mem_free(NULL);
    stub_ram_destroy();
}

static void add_frames(void *arg, const char *name, size_t size, u64 live, u64 frames)
{
    (void)name;
    (void)size;
    (void)live;
    *(u64 *)arg += frames;
}

static void frames_are_accounted_for(void)
{
    stub_ram_create(256, 0);
    caches_create();
    void *some[50];
    for (int i = 0; i < 50; i++)
        some[i] = cache_alloc(test_caches[i % ARRAY_SIZE(sizes)]);
    u64 frames = 0;
    cache_for_each(add_frames, &frames);
    struct mem_stats stats;
    mem_stats_read(&stats);
    CHECK_EQ(frames, stats.by_type[PAGE_SLAB]);
    for (int i = 0; i < 50; i++)
        cache_free(test_caches[i % ARRAY_SIZE(sizes)], some[i]);
    stub_ram_destroy();
}

int main(int argc, char **argv)
{
    t_begin(argc, argv);
    RUN(random_against_model);
    RUN(runs_dry_and_recovers);
    RUN(finds_use_after_free);
    RUN(injects_failures);
    RUN(all_sizes);
    RUN(frames_are_accounted_for);
    return t_done();
}
