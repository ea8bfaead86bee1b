// SPDX-License-Identifier: MIT
// The frame allocator on an arena: at random against a model on all harts, counts, running dry,
// reclaiming, junk, failure injection.
// with: kernel/mem/page.c kernel/mem/cache.c kernel/mem/fail.c
// with: tests/host/stub/kernel.c tests/host/stub/arena.c
#include <arch/riscv/hart.h>
#include <errno.h>
#include <kernel.h>
#include <mem/fail.h>
#include <mem/internal.h>
#include <mem/kmap.h>
#include <mem/page.h>
#include <string.h>
#include <t.h>

enum { N_FRAMES = 4096, HOLE_EVERY = 700, N_BLOCKS = 600 };

struct block {
    struct page *page;
    unsigned order, count;
    enum page_type type;
    u8 mark;
};

static struct block blocks[N_BLOCKS];
static u8 owner[N_FRAMES]; /* 1: in a block of the model */

static u64 free_pages(void)
{
    struct mem_stats stats;
    mem_stats_read(&stats); /* asserts that it adds up */
    return stats.free_pages;
}

static void model_take(struct block *block)
{
    for (u64 i = 0; i < 1UL << block->order; i++) {
        u64 frame = page_to_pfn(block->page + i) - page_first_pfn;
        CHECK(frame < N_FRAMES);
        CHECK(!owner[frame]);
        owner[frame] = 1;
    }
}

static void model_give(struct block *block)
{
    for (u64 i = 0; i < 1UL << block->order; i++)
        owner[page_to_pfn(block->page + i) - page_first_pfn] = 0;
}

static void check_content(struct block *block, u8 byte)
{
    const u8 *at = page_to_va(block->page);
    size_t size = PAGE_SIZE << block->order;
    for (int i = 0; i < 64; i++)
        CHECK_EQ(at[t_below(size)], byte);
    CHECK(at[0] == byte && at[size - 1] == byte);
}

static void block_alloc(struct block *block)
{
    unsigned flags = t_below(2) ? ALLOC_ZERO : 0;
    block->order = t_below(3) ? 0 : t_below(t_below(8) ? 4 : PAGE_MAX_ORDER + 1);
    block->type = PAGE_KERNEL + t_below(PAGE_N_TYPES - PAGE_KERNEL);
    block->page = block->order ? kalloc_pages(block->order, block->type, flags)
                               : kalloc(block->type, flags);
    if (!block->page)
        return;
    block->count = 1;
    model_take(block);
    CHECK_EQ(page_count(block->page), 1);
    CHECK_EQ(block->page->type, block->type);
    CHECK(is_aligned(page_to_pfn(block->page), 1UL << block->order));
    check_content(block, flags & ALLOC_ZERO ? 0 : JUNK);
    block->mark = t_random() >> 20;
    memset(page_to_va(block->page), block->mark, PAGE_SIZE << block->order);
}

static void block_step(struct block *block)
{
    if (!block->page) {
        block_alloc(block);
        return;
    }
    CHECK_EQ(page_count(block->page), block->count);
    if (t_below(3) == 0) {
        CHECK_EQ(inc_ref(block->page), 0);
        block->count++;
        return;
    }
    check_content(block, block->mark);
    if (block->count == 1)
        model_give(block);
    kfree(block->page);
    if (--block->count == 0)
        block->page = NULL;
}

static void blocks_free(void)
{
    for (int i = 0; i < N_BLOCKS; i++) {
        for (; blocks[i].count > 0; blocks[i].count--)
            kfree(blocks[i].page);
        blocks[i].page = NULL;
    }
    memset(owner, 0, sizeof(owner));
}

static u64 model_used(void)
{
    u64 n = 0;
    for (int i = 0; i < N_FRAMES; i++)
        n += owner[i];
    return n;
}

static void random_against_model(void)
{
    stub_ram_create(N_FRAMES, HOLE_EVERY);
    u64 all = free_pages();
    for (int step = 0; step < 60000; step++) {
        stub_set_hart(t_below(MAX_HARTS));
        block_step(&blocks[t_below(N_BLOCKS)]);
        if (step % 64 == 0)
            CHECK_EQ(free_pages(), all - model_used());
        if (step % 5000 == 0)
            mem_drain();
    }
    CHECK_EQ(stub_n_held, 0);
    blocks_free();
    CHECK_EQ(free_pages(), all);
    stub_ram_destroy();
}

static void merges_to_the_largest_blocks(void)
{
    stub_ram_create(N_FRAMES, 0); /* frame 0 is reserved: three blocks of 4 MiB are whole */
    struct page *all[N_FRAMES];
    u64 n = 0;
    while ((all[n] = kalloc(PAGE_ANON, 0)))
        n++;
    CHECK_EQ(n, N_FRAMES - 1);
    CHECK_EQ(free_pages(), 0);
    for (u64 i = n - 1; i > 0; i--) { /* shuffle */
        u64 other = t_below(i + 1);
        struct page *page = all[i];
        all[i] = all[other];
        all[other] = page;
    }
    for (u64 i = 0; i < n; i++) {
        stub_set_hart(t_below(MAX_HARTS));
        kfree(all[i]);
    }
    struct page *big[4];
    for (int i = 0; i < 3; i++)
        CHECK((big[i] = kalloc_pages(PAGE_MAX_ORDER, PAGE_KERNEL, 0)) != NULL);
    CHECK(kalloc_pages(PAGE_MAX_ORDER, PAGE_KERNEL, 0) == NULL);
    CHECK(kalloc_pages(PAGE_MAX_ORDER + 1, PAGE_KERNEL, 0) == NULL);
    for (int i = 0; i < 3; i++)
        kfree(big[i]);
    stub_ram_destroy();
}

static void takes_the_last_frame_of_other_harts(void)
{
    stub_ram_create(256, 0);
    struct page *pages[256];
    u64 n = 0;
    for (u32 hart = 0; hart < 3; hart++) { /* leave frames in the caches of three harts */
        stub_set_hart(hart);
        kfree(kalloc(PAGE_ANON, 0));
    }
    stub_set_hart(5);
    while ((pages[n] = kalloc(PAGE_ANON, 0)))
        n++;
    CHECK_EQ(n, 255);
    while (n > 0)
        kfree(pages[--n]);
    stub_ram_destroy();
}

static void keeps_zeroed_frames(void)
{
    stub_ram_create(64, 0);
    struct page *pages[64];
    u64 before = free_pages(), n = 0;
    while (n < 40)
        pages[n++] = kalloc(PAGE_TABLE, ALLOC_ZERO);
    while (n > 0)
        kfree_zeroed(pages[--n]); /* more of them than a hart keeps */
    CHECK_EQ(free_pages(), before);

    struct page *page = kalloc(PAGE_TABLE, ALLOC_ZERO);
    const u8 *bytes = page_to_va(page);
    for (unsigned i = 0; i < PAGE_SIZE; i++)
        CHECK_EQ(bytes[i], 0);
    kfree_zeroed(page);
    while ((pages[n] = kalloc(PAGE_ANON, 0))) /* others get them when nothing else is left */
        n++;
    CHECK_EQ(n, before);
    while (n > 0)
        kfree(pages[--n]);
    page = kalloc_pages(5, PAGE_ANON, 0); /* and none is kept from large blocks */
    CHECK(page);
    kfree(page);
    stub_ram_destroy();
}

static void counts(void)
{
    stub_ram_create(64, 0);
    struct page *page = kalloc(PAGE_ANON, ALLOC_ZERO);
    u64 before = free_pages();
    CHECK_EQ(inc_ref(page), 0);
    page_get(page);
    CHECK_EQ(page_count(page), 3);
    kfree(page);
    kfree(page);
    CHECK_EQ(free_pages(), before);
    CHECK_EQ(page_count(page), 1);

    page->count = PAGE_COUNT_MAX - 1;
    CHECK_EQ(inc_ref(page), 0);
    CHECK_EQ(inc_ref(page), -EOVERFLOW);
    CHECK_EQ(page_count(page), PAGE_COUNT_MAX);
    kfree(page);
    CHECK_EQ(inc_ref(page), 0);
    page->count = 1;
    kfree(page);
    CHECK_EQ(free_pages(), before + 1);
    CHECK(stub_panics(kfree(page)));      /* twice */
    CHECK(stub_panics(kfree(zero_page))); /* never counted */
    stub_ram_destroy();
}

static void finds_use_after_free(void)
{
    stub_ram_create(64, 0);
    struct page *page = kalloc(PAGE_ANON, 0);
    u8 *byte = page_to_va(page);
    kfree(page);
    CHECK_EQ(byte[77], JUNK);
    byte[77] = 1;
    CHECK(stub_panics(kalloc(PAGE_ANON, 0)));
    CHECK(strstr(stub_panic_text, "after it was freed") != NULL);
    byte[77] = JUNK;
    kfree(page); /* what the panic left half way */

    page = kalloc(PAGE_TABLE, ALLOC_ZERO);
    byte = page_to_va(page);
    byte[77] = 1;
    CHECK(stub_panics(kfree_zeroed(page)));
    byte[77] = 0;
    kfree_zeroed(page);
    byte[77] = 1;
    CHECK(stub_panics(kalloc(PAGE_TABLE, ALLOC_ZERO)));
    CHECK(strstr(stub_panic_text, "should be zero") != NULL);
    kfree(page);
    stub_ram_destroy();
}

static void injects_failures(void)
{
    stub_ram_create(256, 0);
    for (int k = 1; k <= 5; k++) {
        struct page *pages[5];
        u64 before = free_pages();
        stub_fail_countdown = k;
        for (int i = 0; i < 5; i++) {
            pages[i] = i % 2 ? kalloc_pages(1, PAGE_KERNEL, 0) : kalloc(PAGE_ANON, 0);
            CHECK_EQ(pages[i] == NULL, i == k - 1);
        }
        CHECK_EQ(stub_fail_countdown, 0);
        for (int i = 0; i < 5; i++)
            if (pages[i])
                kfree(pages[i]);
        CHECK_EQ(free_pages(), before);
    }
    stub_fail_countdown = 1;
    struct page *page = kalloc(PAGE_ANON, ALLOC_NOFAIL_TEST);
    CHECK(page != NULL);
    CHECK_EQ(stub_fail_countdown, 1);
    kfree(page);
    stub_ram_destroy();
}

static struct page *hoard[64];
static u64 n_hoard, n_asked;

static u64 hoard_count(void)
{
    return n_hoard;
}

static u64 hoard_reclaim(u64 pages)
{
    u64 n = 0;
    n_asked++;
    for (; n < pages && n_hoard > 0; n++)
        kfree(hoard[--n_hoard]);
    return n;
}

static struct mem_reclaimer reclaimer = {.n_reclaimable = hoard_count,
                                         .reclaim = hoard_reclaim};

static void reclaims(void)
{
    static bool is_registered;
    struct page *pages[300];
    u64 n = 0;
    stub_ram_create(256, 0);
    if (!is_registered)
        mem_register_reclaim(&reclaimer);
    is_registered = true;
    for (n_hoard = 0; n_hoard < 64; n_hoard++)
        hoard[n_hoard] = kalloc(PAGE_FILE, 0);
    CHECK(mem_has_free(255));
    CHECK(!mem_has_free(256));
    n_asked = 0;
    for (n = 0; n < 255 - 64; n++)
        CHECK((pages[n] = kalloc(PAGE_ANON, 0)) != NULL);
    CHECK_EQ(n_asked, 0);
    CHECK(mem_has_free(64));
    while ((pages[n] = kalloc(PAGE_ANON, 0)))
        n++;
    CHECK_EQ(n, 255);
    CHECK_EQ(n_hoard, 0);
    CHECK(!mem_has_free(1));
    while (n > 0)
        kfree(pages[--n]);
    stub_ram_destroy();
}

int main(int argc, char **argv)
{
    t_begin(argc, argv);
    RUN(random_against_model);
    RUN(merges_to_the_largest_blocks);
    RUN(takes_the_last_frame_of_other_harts);
    RUN(keeps_zeroed_frames);
    RUN(counts);
    RUN(finds_use_after_free);
    RUN(injects_failures);
    RUN(reclaims);
    return t_done();
}
