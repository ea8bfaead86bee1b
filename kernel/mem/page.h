/* SPDX-License-Identifier: MIT */
/*
 * Frames of physical memory and who owns them.
 *
 * Every frame of RAM has a `struct page` in one array; frame, struct, physical address and
 * direct-map address convert into each other without a look-up.
 *
 * A frame is in one state at a time (enum page_type). It leaves PAGE_FREE with a count of one
 * and returns there when its count falls to zero, in kfree() and nowhere else.
 * COW-3: for anonymous and file frames the count is the number of leaf tables that point to the frame plus
 * holders in the kernel (page cache, a system call in flight).
 *
 * Locks: the buddy lists have one lock; each hart keeps a small cache of single frames that
 * needs none (the kernel is not preemptible and interrupts do not allocate).
 */
#pragma once

#include <arch/riscv/page.h>
#include <lib/list.h>
#include <lib/types.h>
#include <sync/spinlock.h>

enum page_type {
    PAGE_FREE,
    PAGE_RESERVED, /* never given out: firmware, kernel image, the page array */
    PAGE_KERNEL,   /* stacks, buffers */
    PAGE_SLAB,     /* object caches */
    PAGE_TABLE,    /* a page table of user memory */
    PAGE_ANON,     /* private user memory */
    PAGE_FILE,     /* belongs to a vm_object: page cache or shared anonymous memory */
    PAGE_N_TYPES,
};

struct vm_object;
struct cache;

struct page {
    u32 count; /* atomic; references, saturating at PAGE_COUNT_MAX */
    u8 type;   /* enum page_type */
    u8 order;  /* while free, or head of a block: log2 of its pages */
    u16 flags; /* PG_* */
    union {
        struct list_head link; /* PAGE_FREE: buddy list */
        struct {
            struct spinlock lock; /* guards the entries of this table */
            u16 n_used;           /* `lock`: entries that are not zero */
            u8 level;             /* 0: leaf table */
            bool sealed;          /* see docs/fork.md; for shared tables */
        } pt;                     /* PAGE_TABLE */
        struct {
            struct cache *cache;
            void *free;     /* first free object */
            u32 n_free;
        } slab; /* PAGE_SLAB; the link lives in the slab's own structure */
        struct {
            struct vm_object *object; /* NULL once truncated away */
            u64 index;                /* page offset in the object */
        } file; /* PAGE_FILE */
    };
};

#define PG_DIRTY    1 /* file page differs from its store */
#define PG_UPTODATE 2 /* file page holds the store's content */

#ifdef NARROW_COUNTS /* a test build in which saturation is easy to reach */
#define PAGE_COUNT_MAX 200u
#else
#define PAGE_COUNT_MAX 0xf0000000u
#endif

#define ALLOC_ZERO   1 /* fill with zeroes */
#define ALLOC_NOFAIL_TEST 2 /* exempt from fault injection */

extern struct page *page_array; /* page_array[0] is frame `page_first_pfn` */
extern pfn_t page_first_pfn, page_end_pfn;
extern struct page *zero_page; /* PAGE_RESERVED, always zero, never counted */

/* One frame with a count of one and the given type, or NULL when none is left. */
struct page *kalloc(enum page_type type, unsigned flags);
/* 2^order contiguous frames; count and type are those of the first. */
struct page *kalloc_pages(unsigned order, enum page_type type, unsigned flags);
/* Drops one reference; the last one frees the frame (or block). */
void kfree(struct page *page);
/* One more reference. Returns: -EOVERFLOW when the count is saturated (nothing taken). */
int must_check inc_ref(struct page *page);
/* One more reference where the caller's own reference proves that it cannot saturate soon. */
void page_get(struct page *page);

struct mem_stats {
    u64 total_pages;            /* RAM the kernel manages, free or not */
    u64 free_pages;             /* buddy lists and hart caches */
    u64 by_type[PAGE_N_TYPES];  /* in use; sum + free + reserved == total */
};
void mem_stats_read(struct mem_stats *out);
/* Gives every hart cache's frames and empty slabs back, so that counts can be compared. */
void mem_drain(void);
/* True when at least `pages` frames are free or reclaimable. */
bool mem_has_free(u64 pages);

static inline u32 page_count(const struct page *page)
{
    return __atomic_load_n(&page->count, __ATOMIC_RELAXED);
}
