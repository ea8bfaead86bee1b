/* SPDX-License-Identifier: MIT */
/*
 * The census: how often is each frame mapped, in the whole machine?
 *
 * A frame is mapped once for each way from a root table down to an entry that points to it
 * (usage.c). No frame knows that number: fork shares a table without looking at what is in it.
 * So it is counted when somebody asks. The number of ways to a table is the sum over the
 * entries that point to it, of the number of ways to the tables that they are in; a root has
 * one, and a frame is counted like a table. Level by level, from the roots downwards, each
 * table passes its number on to what it points to: all that point to a table have done so before
 * its own turn comes. A shared table takes its turn once, however many lead to it, so the cost
 * is that of the distinct tables: with 10,000 idle children of a process it is that of the
 * process and 10,000 roots.
 *
 * What is counted is true if nothing forks, maps or exits meanwhile; else each figure is that of
 * some moment in between, or a mixture.
 *
 * Locks: each as->lock for writing, one after the other, for each level: what it reaches stays.
 */
#include <debug/assert.h>
#include <linux/errno.h>
#include <mem/cache.h>
#include <sched/thread.h>
#include <vm/internal.h>
#include <vm/pt.h>
#include <vm/usage.h>

/* Counters are made as they are needed, a frame's worth at a time. A table's has marks above
 * the number: it was visited in the round of this level. */
#define CHUNK       (PAGE_SIZE / sizeof(u32))
#define MARK(level) (1u << (29 + (level)))
#define NUMBER_MASK (MARK(0) - 1)

struct census {
    unsigned level; /* of the tables that pass their numbers on in this round */
    bool no_memory;
    size_t n_chunks;
    u32 *chunks[]; /* by frame number, from page_first_pfn on; NULL: all zero */
};

static bool pass_on_in(void *arg, struct aspace *as);
static void visit(struct census *census, const struct page *table);
static void pass_on(struct census *census, const struct page *to, u32 ways);
static u32 *counter_of(struct census *census, const struct page *page);

int census_take(struct census **out)
{
    size_t n_chunks = (page_end_pfn - page_first_pfn + CHUNK - 1) / CHUNK;
    struct census *census = mem_zalloc(sizeof(*census) + n_chunks * sizeof(census->chunks[0]));

    if (!census)
        return -ENOMEM;
    census->n_chunks = n_chunks;
    for (unsigned left = PT_LEVELS; left > 0 && !census->no_memory; left--) {
        census->level = left - 1;
        aspace_for_each(pass_on_in, census);
    }
    if (census->no_memory) {
        census_drop(census);
        return -ENOMEM;
    }
    *out = census;
    return 0;
}

void census_drop(struct census *census)
{
    for (size_t i = 0; i < census->n_chunks; i++) {
        if (census->chunks[i])
            kfree(pa_to_page(va_to_pa(census->chunks[i])));
    }
    mem_free(census);
}

u32 census_maps(const struct census *census, const struct page *page)
{
    size_t at = page_to_pfn(page) - page_first_pfn;
    const u32 *chunk = census->chunks[at / CHUNK];

    return chunk ? chunk[at % CHUNK] & NUMBER_MASK : 0;
}

static bool pass_on_in(void *arg, struct aspace *as)
{
    struct census *census = arg;
    struct page *root = pa_to_page(as->root_pa);

    rw_write_lock(&as->lock);
    u32 *ways = counter_of(census, root);
    if (ways && census->level == PT_LEVELS - 1)
        *ways = 1;
    visit(census, root);
    rw_write_unlock(&as->lock);
    sched_point();
    return !census->no_memory;
}

/* Passes the number of a table of this round's level on, or goes down to such tables. Once. */
static void visit(struct census *census, const struct page *table)
{
    const pte_t *slots = page_to_va(table);
    u32 *ways = counter_of(census, table);

    if (!ways || *ways & MARK(census->level))
        return;
    *ways |= MARK(census->level);
    /* truncation may take entries out of leaf tables meanwhile */
    for (unsigned i = 0, left = table->pt.n_used; left && i < PT_ENTRIES; i++) {
        pte_t entry = pte_load(&slots[i]);
        if (pte_is_none(entry))
            continue;
        left--;
        if (table->pt.level > census->level)
            visit(census, pte_page(entry));
        else if (pte_page(entry) != zero_page)
            pass_on(census, pte_page(entry), *ways & NUMBER_MASK);
    }
}

static void pass_on(struct census *census, const struct page *to, u32 ways)
{
    u32 *counter = counter_of(census, to);

    if (counter)
        *counter += ways;
}

static u32 *counter_of(struct census *census, const struct page *page)
{
    size_t at = page_to_pfn(page) - page_first_pfn;
    u32 **chunk = &census->chunks[at / CHUNK];

    if (unlikely(!*chunk)) {
        struct page *frame = kalloc(PAGE_KERNEL, ALLOC_ZERO);
        if (!frame) {
            census->no_memory = true;
            return NULL;
        }
        *chunk = page_to_va(frame);
    }
    return &(*chunk)[at % CHUNK];
}
