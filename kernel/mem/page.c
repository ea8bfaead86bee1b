/* SPDX-License-Identifier: MIT */
/*
 * The frame allocator: a buddy system behind a small cache of single frames on each hart.
 *
 * Buddy: free memory is blocks of 2^order frames, aligned to their size, in one list per
 * order. A block and its neighbour of the same size that together make an aligned block are
 * buddies; whichever is freed second merges them.
 *
 * PAGE-1 PG_BUDDY is set on the head of each block in the lists and on no other frame.
 * PAGE-2 A frame in a hart cache is PAGE_FREE with flags without PG_BUDDY, order 0, count 0.
 * PAGE-3 total = free + all in use by type: every change of one side changes the other under
 *        the same hart lock, so that mem_stats_read(), which takes all locks, may assert it.
 * PAGE-4 A frame in the `zeroed` part of a hart cache is as PAGE-2 says, and holds only zeroes.
 *
 * Locks: hart lock (any one hart's, several in order of number), then the buddy lock. All locks
 * of this folder are taken with interrupts off, but a hart its own hart lock, so that memory may
 * be taken and given back under locks that interrupt handlers take, though never by a handler.
 */
#include <arch/riscv/copy.h>
#include <arch/riscv/hart.h>
#include <debug/assert.h>
#include <lib/string.h>
#include <mem/fail.h>
#include <mem/internal.h>
#include <mem/kmap.h>
#include <mem/page.h>

#define HART_FRAMES (64) /* frames a hart cache can hold */
#define HART_BATCH  (HART_FRAMES / 2)
#define HART_ZEROED (16) /* frames a hart keeps because they are full of zeroes */

struct page *page_array, *page_of_pfn0;
pfn_t page_first_pfn, page_end_pfn;
struct page *zero_page;

static struct {
    struct spinlock lock;
    struct list_head blocks[PAGE_MAX_ORDER + 1]; /* `lock` */
    u64 n_free;                                  /* `lock`: frames in all blocks */
    u64 total_pages;                             /* set at boot */
    u64 n_reserved;                              /* `lock` */
} buddy = {.lock = SPINLOCK_INIT("mem.buddy")};

static struct hart_frames {
    struct hart_lock lock;
    u64 n;
    s64 in_use[PAGE_N_TYPES]; /* frames taken minus frames given back on this hart */
    struct page *frames[HART_FRAMES];
    u64 n_zeroed;
    struct page *zeroed[HART_ZEROED]; /* for ALLOC_ZERO; the others come last here */
} __attribute__((aligned(1024))) hart_frames[MAX_HARTS]; /* a size that is quick to index by */

static LIST_HEAD(reclaimers); /* set at boot */

/* --- junk: use after free shows, and so does trust in stale content --- */

#ifdef DEBUG
static void junk_fill(struct page *page)
{
    memset(page_to_va(page), JUNK, PAGE_SIZE);
    page->flags |= PG_JUNK;
}

static void junk_check(struct page *page)
{
    const u64 *word = page_to_va(page);
    if (!(page->flags & PG_JUNK))
        return;
    for (unsigned i = 0; i < PAGE_SIZE / sizeof(*word); i++)
        if (unlikely(word[i] != JUNK * 0x0101010101010101UL))
            panic("frame %lx was written after it was freed: offset %lx holds %lx",
                  page_to_pfn(page), i * sizeof(*word), word[i]);
}

/* A frame leaves the allocator: as junk, but for frames that never were freed and hold whatever
 * the machine left in them. */
static void junk_end(struct page *page)
{
    junk_check(page);
    if (!(page->flags & PG_JUNK))
        junk_fill(page);
    page->flags = 0;
}
#else
static inline void junk_fill(struct page *page)
{
}
static inline void junk_end(struct page *page)
{
}
#endif

/* PAGE-4 */
static inline void zero_check(const struct page *page)
{
#ifdef DEBUG
    const u64 *word = page_to_va(page);
    for (unsigned i = 0; i < PAGE_SIZE / sizeof(*word); i++)
        if (unlikely(word[i]))
            panic("frame %lx should be zero: offset %lx holds %lx", page_to_pfn(page),
                  i * sizeof(*word), word[i]);
#endif
}

/* --- buddy --- */

static inline struct page *buddy_of(struct page *page, unsigned order)
{
    pfn_t pfn = page_to_pfn(page) ^ (1UL << order);
    if (pfn < page_first_pfn || pfn >= page_end_pfn)
        return NULL;
    return &page_array[pfn - page_first_pfn];
}

/* PG_BUDDY changes only under the lock; the other flags of a frame that is in use may change
 * now. */
static inline bool is_free_block_locked(struct page *page, unsigned order)
{
    return (__atomic_load_n(&page->flags, __ATOMIC_RELAXED) & PG_BUDDY) && page->order == order;
}

static void block_add_locked(struct page *page, unsigned order)
{
    page->order = order;
    page->flags |= PG_BUDDY;
    list_add(&page->link, &buddy.blocks[order]);
}

static void block_remove_locked(struct page *page)
{
    list_del(&page->link);
    page->flags &= ~PG_BUDDY;
    page->order = 0;
}

static void buddy_free_locked(struct page *page, unsigned order)
{
    assert(spin_is_held(&buddy.lock));
    buddy.n_free += 1UL << order;
    page->order = 0; /* it may end up inside a larger block */
    while (order < PAGE_MAX_ORDER) {
        struct page *other = buddy_of(page, order);
        if (!other || !is_free_block_locked(other, order))
            break;
        block_remove_locked(other);
        page = min(page, other);
        order++;
    }
    block_add_locked(page, order);
}

/* A block of at least `order`, split down to it; NULL when there is none. */
static struct page *buddy_alloc_locked(unsigned order)
{
    assert(spin_is_held(&buddy.lock));
    unsigned found = order;
    while (found <= PAGE_MAX_ORDER && list_is_empty(&buddy.blocks[found]))
        found++;
    if (found > PAGE_MAX_ORDER)
        return NULL;
    struct page *page = list_first(&buddy.blocks[found], struct page, link);
    block_remove_locked(page);
    while (found > order) {
        found--;
        block_add_locked(page + (1UL << found), found);
    }
    buddy.n_free -= 1UL << order;
    return page;
}

/* --- hart caches --- */

static always_inline struct hart_frames *my_frames(void)
{
    struct hart_frames *hart = &hart_frames[mycpu()->id];
    __asm__("" : "+r"(hart)); /* worked out once, not anew for each field */
    return hart;
}

/* A whole block of at most max_order, small ones first so that large ones last; one split off a
 * larger one if there is none; NULL when there is nothing. */
static struct page *buddy_take_run_locked(unsigned max_order, unsigned *order)
{
    assert(spin_is_held(&buddy.lock));
    for (*order = 0; *order < max_order; ++*order) {
        if (list_is_empty(&buddy.blocks[*order]))
            continue;
        struct page *page = list_first(&buddy.blocks[*order], struct page, link);
        block_remove_locked(page);
        buddy.n_free -= 1UL << *order;
        return page;
    }
    return buddy_alloc_locked(max_order);
}

/* The largest block that still fits into n more frames. */
static unsigned run_order(u64 n)
{
    unsigned order = 0;
    while (2UL << order <= n)
        order++;
    return order;
}

/* The frames that were kept for their zeroes become frames like others. */
static void zeroed_release_locked(struct hart_frames *hart)
{
    assert(hart_is_locked(&hart->lock));
    while (hart->n_zeroed > 0 && hart->n < HART_FRAMES)
        hart->frames[hart->n++] = hart->zeroed[--hart->n_zeroed];
}

/* Fills an empty hart cache by up to a batch. */
static void frames_refill_locked(struct hart_frames *hart)
{
    assert(hart_is_locked(&hart->lock));
    u64 irq = spin_lock_irqsave(&buddy.lock);
    while (hart->n < HART_BATCH) {
        unsigned order;
        struct page *page = buddy_take_run_locked(run_order(HART_BATCH - hart->n), &order);
        if (!page)
            break;
        for (u64 i = 0; i < 1UL << order; i++)
            hart->frames[hart->n++] = page + i;
    }
    spin_unlock_irqrestore(&buddy.lock, irq);
    if (unlikely(hart->n == 0))
        zeroed_release_locked(hart);
}

/* Gives the `n` frames that were not used for longest to the buddy lists. */
static void no_inline frames_spill_locked(struct hart_frames *hart, u64 n)
{
    assert(hart_is_locked(&hart->lock));
    u64 irq = spin_lock_irqsave(&buddy.lock);
    for (u64 i = 0; i < n; i++)
        buddy_free_locked(hart->frames[i], 0);
    spin_unlock_irqrestore(&buddy.lock, irq);
    hart->n -= n;
    memmove(hart->frames, hart->frames + n, hart->n * sizeof(hart->frames[0]));
}

static void frames_drain(void)
{
    for (u32 i = 0; i < MAX_HARTS; i++) {
        u64 irq;
        if (!hart_lock_foreign(&hart_frames[i].lock, &irq))
            continue;
        frames_spill_locked(&hart_frames[i], hart_frames[i].n);
        zeroed_release_locked(&hart_frames[i]);
        frames_spill_locked(&hart_frames[i], hart_frames[i].n);
        hart_unlock_foreign(&hart_frames[i].lock, irq);
    }
}

/* --- taking --- */

static always_inline struct page *frame_begin_locked(struct hart_frames *hart,
                                                     struct page *page, enum page_type type)
{
    hart->in_use[type]++;
    page->type = type;
    page->count = 1;
    return page;
}

/* One frame of this hart's cache with count and type set, or NULL when it is empty. */
static always_inline struct page *frame_take_locked(struct hart_frames *hart,
                                                    enum page_type type)
{
    assert(hart_is_locked(&hart->lock));
    if (unlikely(hart->n == 0))
        return NULL;
    return frame_begin_locked(hart, hart->frames[--hart->n], type);
}

/* The same for a frame that is full of zeroes. */
static always_inline struct page *zeroed_take_locked(struct hart_frames *hart,
                                                     enum page_type type)
{
    assert(hart_is_locked(&hart->lock));
    if (hart->n_zeroed == 0)
        return NULL;
    return frame_begin_locked(hart, hart->zeroed[--hart->n_zeroed], type);
}

static struct page *block_take(unsigned order, enum page_type type)
{
    struct hart_frames *hart = my_frames();
    hart_lock(&hart->lock);
    u64 irq = spin_lock_irqsave(&buddy.lock);
    struct page *page = buddy_alloc_locked(order);
    spin_unlock_irqrestore(&buddy.lock, irq);
    if (page) {
        hart->in_use[type] += 1L << order;
        page->order = order;
        page->count = 1;
        for (u64 i = 0; i < 1UL << order; i++)
            page[i].type = type;
    }
    hart_unlock(&hart->lock);
    return page;
}

static struct page *take(unsigned order, enum page_type type)
{
    if (order > 0)
        return block_take(order, type);
    struct hart_frames *hart = my_frames();
    hart_lock(&hart->lock);
    if (hart->n == 0)
        frames_refill_locked(hart);
    struct page *page = frame_take_locked(hart, type);
    hart_unlock(&hart->lock);
    return page;
}

/* Nothing is left where it is quick to look: gather what lies about, then ask for more. */
static struct page *take_slowly(unsigned order, enum page_type type)
{
    struct page *page = take(order, type);
    if (page)
        return page;
    caches_drain();
    frames_drain();
    page = take(order, type);

    struct mem_reclaimer *reclaimer;
    list_for_each (reclaimer, &reclaimers, link) {
        if (page)
            break;
        if (reclaimer->reclaim((1UL << order) + HART_BATCH) == 0)
            continue;
        caches_drain();
        frames_drain();
        page = take(order, type);
    }
    return page;
}

static struct page *no_inline zeroed(struct page *page)
{
    clear_page(page_to_va(page));
    return page;
}

static struct page *no_inline kalloc_slowly(enum page_type type, unsigned flags)
{
    struct page *page = take_slowly(0, type);
    if (!page)
        return NULL;
    junk_end(page);
    return flags & ALLOC_ZERO ? zeroed(page) : page;
}

struct page *kalloc(enum page_type type, unsigned flags)
{
    if (!(flags & ALLOC_NOFAIL_TEST) && alloc_should_fail())
        return NULL;
    struct hart_frames *hart = my_frames();
    if (!hart_trylock(&hart->lock))
        return kalloc_slowly(type, flags);
    struct page *page = flags & ALLOC_ZERO ? zeroed_take_locked(hart, type) : NULL;
    if (page) {
        hart_unlock(&hart->lock);
        zero_check(page);
        return page;
    }
    page = frame_take_locked(hart, type);
    hart_unlock(&hart->lock);
    if (unlikely(!page))
        return kalloc_slowly(type, flags);
    junk_end(page);
    return flags & ALLOC_ZERO ? zeroed(page) : page;
}

struct page *kalloc_internal(enum page_type type)
{
    return kalloc(type, ALLOC_NOFAIL_TEST);
}

struct page *kalloc_pages(unsigned order, enum page_type type, unsigned flags)
{
    if (order == 0)
        return kalloc(type, flags);
    if (order > PAGE_MAX_ORDER)
        return NULL;
    if (!(flags & ALLOC_NOFAIL_TEST) && alloc_should_fail())
        return NULL;
    struct page *page = take_slowly(order, type);
    if (!page)
        return NULL;
    for (u64 i = 0; i < 1UL << order; i++) {
        junk_end(page + i);
        if (flags & ALLOC_ZERO)
            zeroed(page + i);
    }
    return page;
}

/* --- giving back --- */

static always_inline void frame_give_locked(struct hart_frames *hart, struct page *page)
{
    assert(hart_is_locked(&hart->lock));
    hart->in_use[page->type]--;
    page->type = PAGE_FREE;
    hart->frames[hart->n++] = page;
}

/* The cache is full, or another hart counts or drains it just now. */
static void no_inline frame_give_slowly(struct page *page)
{
    struct hart_frames *hart = my_frames();
    hart_lock(&hart->lock);
    if (hart->n == HART_FRAMES)
        frames_spill_locked(hart, HART_BATCH);
    frame_give_locked(hart, page);
    hart_unlock(&hart->lock);
}

static always_inline void frame_give(struct page *page)
{
    struct hart_frames *hart = my_frames();
    junk_fill(page);
    if (!hart_trylock(&hart->lock)) {
        frame_give_slowly(page);
        return;
    }
    if (unlikely(hart->n == HART_FRAMES)) {
        hart_unlock(&hart->lock);
        frame_give_slowly(page);
        return;
    }
    frame_give_locked(hart, page);
    hart_unlock(&hart->lock);
}

static void no_inline block_give(struct page *page)
{
    struct hart_frames *hart = my_frames();
    unsigned order = page->order;
    hart_lock(&hart->lock);
    hart->in_use[page->type] -= 1L << order;
    for (u64 i = 0; i < 1UL << order; i++) {
        junk_fill(page + i);
        page[i].type = PAGE_FREE;
    }
    u64 irq = spin_lock_irqsave(&buddy.lock);
    buddy_free_locked(page, order);
    spin_unlock_irqrestore(&buddy.lock, irq);
    hart_unlock(&hart->lock);
}

/* Keeps the frame for its zeroes. False: there are enough, or the cache is locked just now. */
static bool zeroed_give(struct page *page)
{
    struct hart_frames *hart = my_frames();
    if (!hart_trylock(&hart->lock))
        return false;
    bool has_room = hart->n_zeroed < HART_ZEROED;
    if (has_room) {
        hart->in_use[page->type]--;
        page->type = PAGE_FREE;
        page->count = 0;
        page->flags = 0;
        hart->zeroed[hart->n_zeroed++] = page;
    }
    hart_unlock(&hart->lock);
    return has_room;
}

void kfree_zeroed(struct page *page)
{
    assert_msg(page->count == 1 && page->order == 0, "frame %lx, count %u, order %u",
               page_to_pfn(page), page->count, page->order);
    zero_check(page);
    if (!zeroed_give(page))
        kfree(page);
}

void kfree(struct page *page)
{
    assert_msg(page->type != PAGE_FREE && page->type != PAGE_RESERVED,
               "frame %lx, type %u, count %u", page_to_pfn(page), page->type, page->count);
    assert_msg(page->count > 0, "frame %lx, type %u", page_to_pfn(page), page->type);
    /* A count of one is our own reference: nobody can add to it meanwhile (COW-8). The acquire
     * pairs with the release of whoever dropped the one before: it is done with the frame. */
    if (__atomic_load_n(&page->count, __ATOMIC_ACQUIRE) != 1 &&
        __atomic_sub_fetch(&page->count, 1, __ATOMIC_ACQ_REL) != 0)
        return;
    page->count = 0;
    page->flags = 0;
    if (likely(page->order == 0))
        frame_give(page);
    else
        block_give(page);
}

/* --- counting --- */

void mem_stats_read(struct mem_stats *out)
{
    *out = (struct mem_stats){.total_pages = buddy.total_pages};
    u64 irq = irq_save(); /* as in hart_lock_foreign() */
    for (u32 i = 0; i < MAX_HARTS; i++)
        hart_lock(&hart_frames[i].lock);
    spin_lock(&buddy.lock);

    out->free_pages = buddy.n_free;
    out->by_type[PAGE_RESERVED] = buddy.n_reserved;
    for (u32 i = 0; i < MAX_HARTS; i++) {
        out->free_pages += hart_frames[i].n + hart_frames[i].n_zeroed;
        for (unsigned type = 0; type < PAGE_N_TYPES; type++)
            out->by_type[type] += hart_frames[i].in_use[type];
    }

    spin_unlock(&buddy.lock);
    for (u32 i = 0; i < MAX_HARTS; i++)
        hart_unlock(&hart_frames[i].lock);
    irq_restore(irq);

    u64 sum = out->free_pages;
    for (unsigned type = 0; type < PAGE_N_TYPES; type++)
        sum += out->by_type[type];
    assert_msg(sum == out->total_pages, "PAGE-3: %lu of %lu frames", sum, out->total_pages);
}

void mem_drain(void)
{
    caches_drain();
    frames_drain();
}

bool mem_has_free(u64 pages)
{
    /* a guess is good enough: no locks */
    u64 n = __atomic_load_n(&buddy.n_free, __ATOMIC_RELAXED);
    if (likely(n >= pages))
        return true;
    for (u32 i = 0; i < MAX_HARTS; i++)
        n += __atomic_load_n(&hart_frames[i].n, __ATOMIC_RELAXED);
    struct mem_reclaimer *reclaimer;
    list_for_each (reclaimer, &reclaimers, link) {
        if (n >= pages)
            break;
        n += reclaimer->n_reclaimable();
    }
    return n >= pages;
}

void mem_register_reclaim(struct mem_reclaimer *reclaimer)
{
    list_add_tail(&reclaimer->link, &reclaimers);
}

/* --- boot --- */

void pages_init(u64 total_pages, u64 reserved_pages)
{
    for (unsigned order = 0; order <= PAGE_MAX_ORDER; order++)
        list_init(&buddy.blocks[order]);
    buddy.total_pages = total_pages;
    buddy.n_reserved = reserved_pages;
    buddy.n_free = 0;
}

void page_free_reserved(struct page *page, unsigned order)
{
    assert(page->type == PAGE_RESERVED);
    for (u64 i = 0; i < 1UL << order; i++)
        page[i].type = PAGE_FREE;
    u64 irq = spin_lock_irqsave(&buddy.lock);
    buddy.n_reserved -= 1UL << order;
    buddy_free_locked(page, order);
    spin_unlock_irqrestore(&buddy.lock, irq);
}
