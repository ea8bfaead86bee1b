/* SPDX-License-Identifier: MIT */
/*
 * Frames of physical memory and who owns them.
 *
 * Every frame of RAM has a `struct page` in one array; frame, struct, physical address and
 * direct-map address convert into each other without a look-up.
 *
 * A frame is in one state at a time (enum page_type). It leaves PAGE_FREE with a count of one
 * and returns there when its count falls to zero, in kfree() and nowhere else.
 * COW-3: for anonymous and file frames the count is the number of leaf tables that point to the
 * frame plus holders in the kernel (page cache, a system call in flight).
 *
 * Locks: the buddy lists have one lock; each hart has a small cache of single frames. The cache
 * has a lock too, but only its own hart takes it often, so it is never contended: others take
 * it to count and, when memory runs dry, to drain. Interrupt handlers neither allocate nor
 * free.
 */
#pragma once

#include <arch/riscv/page.h>
#include <lib/list.h>
#include <lib/types.h>
#include <sync/spinlock.h>

#include <linux/errno.h>

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
            u64 groups; /* `lock`: bit g is set if one of the entries 8g to 8g + 7 was used */
        } pt;           /* PAGE_TABLE */
        struct {
            struct list_head link; /* the cache's slabs that have free objects */
            u16 free;              /* offset of the first free object */
            u16 n_free;
            u8 cache; /* number of the cache, set when the slab is made */
        } slab;       /* PAGE_SLAB; all but `cache` under the cache's lock */
        struct {
            struct vm_object *object; /* NULL once truncated away */
            u64 index;                /* page offset in the object */
        } file;                       /* PAGE_FILE */
    };
};

#define PG_DIRTY        1 /* file page differs from its store */
#define PG_UPTODATE     2 /* file page holds the store's content */
/* page.c only: */
#define PG_BUDDY        0x4000 /* head of a block in the buddy lists */
#define PG_JUNK         0x8000 /* free, and full of junk (debug builds) */
#define PG_ICACHE_CLEAN 4      /* harts fetch from it what was stored to it */
#define PG_SHMEM        8      /* file page of shared anonymous memory */
#define PG_USED         16     /* file page that some fault asked for */

#ifdef NARROW_COUNTS /* a test build in which saturation is easy to reach */
#define PAGE_COUNT_MAX 200u
#else
#define PAGE_COUNT_MAX 0xf0000000u
#endif

#define PAGE_MAX_ORDER    10 /* blocks of up to 4 MiB */

#define ALLOC_ZERO        1 /* fill with zeroes */
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
/* The same for the last reference of a single frame that its owner left full of zeroes, as an
 * emptied page table is: whoever asks for zeroes next need not make them. */
void kfree_zeroed(struct page *page);

struct mem_stats {
    u64 total_pages;           /* RAM the kernel manages, free or not */
    u64 free_pages;            /* buddy lists and hart caches */
    u64 by_type[PAGE_N_TYPES]; /* in use; sum + free + reserved == total */
};
void mem_stats_read(struct mem_stats *out);
/* Gives every hart cache's frames and objects and all empty slabs back. */
void mem_drain(void);
/* True when at least `pages` frames are free or reclaimable. */
bool mem_has_free(u64 pages);

/*
 * Somebody who holds frames that can be done without, such as clean file pages. Asked when
 * nothing is free, perhaps by a thread that holds any lock and is inside any of them: take
 * locks only if they are free, never sleep, never allocate.
 */
struct mem_reclaimer {
    u64 (*n_reclaimable)(void); /* frames that reclaim() could free now, at a guess */
    u64 (*reclaim)(u64 pages);  /* frees about that many; returns how many */
    struct list_head link;      /* mem/ */
};
/* At boot. */
void mem_register_reclaim(struct mem_reclaimer *reclaimer);

static inline u32 page_count(const struct page *page)
{
    return __atomic_load_n(&page->count, __ATOMIC_RELAXED);
}

/* One more reference. Returns: -EOVERFLOW when the count is saturated (nothing taken). */
static inline int must_check inc_ref(struct page *page)
{
    /* Not exact when harts race, and need not be: the limit is far below what the field holds.
     */
    if (unlikely(page_count(page) >= PAGE_COUNT_MAX))
        return -EOVERFLOW;
    __atomic_fetch_add(&page->count, 1, __ATOMIC_RELAXED);
    return 0;
}

/* Drops a reference if others remain; false: it is the last, and for kfree() to drop. A count
 * of one is our own reference, and nobody can add to it meanwhile (COW-8). A release fence comes
 * before, one for many pages. */
static inline bool page_put_shared(struct page *page)
{
    if (page_count(page) == 1)
        return false;
    if (likely(__atomic_fetch_add(&page->count, -1, __ATOMIC_RELAXED) > 1))
        return true;
    page->count =
        1; /* the others have gone in between: it is ours again, and kfree() acquires */
    return false;
}

/* One more reference where the caller's own reference proves that it cannot saturate soon. */
static inline void page_get(struct page *page)
{
    __atomic_fetch_add(&page->count, 1, __ATOMIC_RELAXED);
}

/* Sets PG_* bits while others may set theirs. There are no atomics of 16 bits: type and order,
 * which stay as they are while the frame is in use, share the word. */
static inline void page_flags_set(struct page *page, u16 flags)
{
    _Static_assert(offsetof(struct page, type) % 4 == 0, "one word");
    _Static_assert(offsetof(struct page, flags) == offsetof(struct page, type) + 2, "one word");
    __atomic_fetch_or((u32 *)&page->type, (u32)flags << 16, __ATOMIC_RELAXED);
}
