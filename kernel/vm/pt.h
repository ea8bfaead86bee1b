/* SPDX-License-Identifier: MIT */
/*
 * Page tables of user memory. vm/pt.c is the only file that writes user page-table entries.
 *
 * A leaf entry is in one of these states (docs/fork.md):
 *
 *   none       all zero          never touched: fill on demand
 *   read-only  V !W !COW         the area forbids writing, or a shared file page that is clean
 *   writable   V  W !COW         the only reference (private), or a page of a shared mapping
 *   cow        V !W  COW         private, area permits writing: break before writing
 *   hidden    !V, frame kept     the area is PROT_NONE now; the frame waits for mprotect()
 *
 * Every entry that is not none holds one reference to its frame (COW-3), except the zero page,
 * which is not counted.
 *
 * An upper entry is none, private (the table has no other reference), linked (shared, sealed,
 * in use for reading) or parked (shared, out of the hardware's sight): vm/ptown.c.
 *
 * Locks: entries of a table change under its page->pt.lock; several are taken from the root
 * downwards. Private tables are only added, or made private, under as->lock held for reading,
 * and only removed with it held for writing, so whoever holds as->lock may walk private tables
 * without a lock; others use walk_pinned(). Who wants to look into shared ones holds as->lock
 * for writing.
 */
#pragma once

#include <arch/riscv/pte.h>
#include <debug/assert.h>
#include <mem/kmap.h>
#include <mem/page.h>
#include <vm/aspace.h>
#include <vm/fault.h>

/* The leaf slot of va in a private leaf table, or NULL. Locks: as->lock held. */
pte_t *walk(const struct aspace *as, vaddr_t va);
/* The same, making tables, and making shared ones this address space's own, as needed. Returns
 * 0, -ENOMEM, -EOVERFLOW. */
int must_check walk_alloc(struct aspace *as, vaddr_t va, pte_t **slot);
/* To look only, into shared tables too. Locks: as->lock for writing. */
const pte_t *walk_any(const struct aspace *as, vaddr_t va);
/* Like walk(), for callers without as->lock: the leaf table's lock is held if not NULL. */
pte_t *walk_pinned(struct aspace *as, vaddr_t va);

/* The slots of one leaf table that fall into a range. */
struct pt_run {
    pte_t *slots; /* of `va` */
    vaddr_t va;   /* address of slots[0] */
    unsigned n;   /* slots */
};
/* The first run with a leaf table at or after `from`, below `end`, shared or not. False: none.
 * Locks: as->lock, for writing unless all tables of the range are private. */
bool pt_next_run(const struct aspace *as, vaddr_t from, vaddr_t end, struct pt_run *run);
static inline vaddr_t pt_run_end(const struct pt_run *run)
{
    return run->va + run->n * PAGE_SIZE;
}

/* The table that a slot is in. */
static inline struct page *pt_table(const pte_t *slot)
{
    return pa_to_page(va_to_pa(slot));
}
static inline void pt_lock(const pte_t *slot)
{
    spin_lock(&pt_table(slot)->pt.lock);
}
static inline void pt_unlock(const pte_t *slot)
{
    spin_unlock(&pt_table(slot)->pt.lock);
}

/*
 * A table remembers which groups of eight slots were ever used, so that whoever looks at all its
 * entries passes the empty stretches, which are most of a small process's tables.
 */
#define PT_GROUP 8
static inline void pt_note_used(struct page *table, unsigned i)
{
    table->pt.groups |= 1UL << (i / PT_GROUP);
}
/* The first slot of the first group at or after slot i (a multiple of eight) that was used, or
 * PT_ENTRIES. */
unsigned pt_skip_groups(const struct page *table, unsigned i);
static inline unsigned pt_next_group(const struct page *table, unsigned i)
{
    bool is_used = i < PT_ENTRIES && (table->pt.groups >> (i / PT_GROUP) & 1);

    return is_used ? i : pt_skip_groups(table, i);
}
static inline pte_t *pt_slot(const struct page *table, unsigned i)
{
    return (pte_t *)page_to_va(table) + i;
}
/* All slots [first, end) that are not none. The body may empty them; `break` would only leave a
 * group. Locks: the table's, or nobody else can reach it. */
#define pt_for_each_used(slot, table, first, end)                                     \
    for (unsigned g_ = pt_next_group(table, align_down(first, PT_GROUP)); g_ < (end); \
         g_ = pt_next_group(table, g_ + PT_GROUP))                                    \
        for (pte_t *slot = pt_slot(table, max(g_, (unsigned)(first))),                \
                   *stop_ = pt_slot(table, min(g_ + PT_GROUP, (unsigned)(end)));      \
             slot < stop_; slot++)                                                    \
            if (slot->bits)

/* Changes to a leaf slot. Locks: its table's. */
void pt_fill(pte_t *slot, pte_t pte);  /* none -> something */
void pt_enter(pte_t *slot, pte_t pte); /* the same for a slot of any level */
pte_t pt_empty(pte_t *slot);           /* something -> none; returns what was there */
/* writable -> cow, keeping A and D. */
void pt_make_cow(pte_t *slot);

/* COW-5: clears the entry for a moment; pt_mend() follows. Returns what was there. */
static inline pte_t pt_break(pte_t *slot)
{
    assert(spin_is_held(&pt_table(slot)->pt.lock));
    return pte_swap(slot, PTE_NONE);
}
static inline void pt_mend(pte_t *slot, pte_t pte)
{
    assert(spin_is_held(&pt_table(slot)->pt.lock));
    assert(pte_is_none(pte_load(slot)));
    pte_store(slot, pte);
}

/* Something -> something. A and D are not lost: pte has them set, or takes them over. */
static inline void pt_replace(pte_t *slot, pte_t pte)
{
    assert(spin_is_held(&pt_table(slot)->pt.lock));
    assert(!pte_is_none(pte_load(slot)) && !pte_is_none(pte));
    assert(!(pte_is_cow(pte) && pte_is_writable(pte)));
    pte_store(slot, pte);
}

/* The frame of an entry that is not none. */
static inline struct page *pte_page(pte_t pte)
{
    return pfn_to_page(pte_pfn(pte));
}

static inline bool page_is_shmem(const struct page *page)
{
    return page->type == PAGE_FILE && (page->flags & PG_SHMEM);
}

/* What a page other than the zero page counts as in an area with or without an object. */
static inline enum rss_kind rss_kind_of(const struct page *page, const struct vm_object *object)
{
    if (page->type == PAGE_ANON)
        return object ? RSS_COPIED : RSS_ANON;
    return page_is_shmem(page) ? RSS_SHMEM : RSS_FILE;
}

/* The table that an upper entry points to, in the direct map. */
static inline pte_t *pte_table(pte_t entry)
{
    return pa_to_va(pte_pa(entry));
}

/* The body of walk(), for the fault path. */
static always_inline pte_t *walk_down(const struct aspace *as, vaddr_t va)
{
    const pte_t *table = as->root;

    assert(va < USER_END);
#pragma GCC unroll 2 /* shifts by constants */
    for (unsigned level = PT_LEVELS - 1; level > 0; level--) {
        pte_t entry = pte_load(&table[pt_index(va, level)]);
        if (unlikely(!pte_is_private(entry)))
            return NULL;
        /* invariant: `table` is now the table of level - 1 that serves va, and ours alone */
        table = pte_table(entry);
    }
    return (pte_t *)&table[pt_index(va, 0)];
}

struct tlb_gather;
/* Takes empty tables that only serve [start, end) out and gives them to the gather. Locks:
 * as->lock for writing. */
void pt_prune(struct aspace *as, vaddr_t start, vaddr_t end, struct tlb_gather *gather);
/* The slot for va in the table of `level`, which is private; NULL: there is no such table. */
pte_t *pt_upper_slot(const struct aspace *as, vaddr_t va, unsigned level);
/* An empty table, or NULL. */
struct page *pt_create(unsigned level);
/* A root table with the kernel half filled in, or NULL. */
struct page *pt_create_root(void);

/* --- ptown.c, ptrange.c: tables with several references --- */

/* For a fault, when the private tables do not lead to va: as walk_alloc(), but an access that a
 * shared table can serve makes it walkable for the hardware instead: WALK_LINKED, and nothing is left
 * to do. */
#define WALK_LINKED 1
int must_check walk_slowly(struct aspace *as, vaddr_t va, enum vm_access access, pte_t **slot);
/* Makes the table below a slot of a private table this address space's own, or makes an empty
 * one. Locks: as->lock. Returns 0, -ENOMEM, -EOVERFLOW. */
int must_check pt_own(struct aspace *as, pte_t *slot, unsigned level);
/* All existing tables that serve [start, end). Locks: as->lock for writing. */
int must_check pt_own_range(struct aspace *as, vaddr_t start, vaddr_t end);
/* Before [start, end) is emptied: owns the shared tables that also serve areas outside of it;
 * the others may then be dropped whole. Locks: as->lock for writing. */
int must_check pt_own_edges(struct aspace *as, vaddr_t start, vaddr_t end);
/* Drops the shared tables that serve [start, end), after a flush; pt_own_edges() came before.
 * Sleeps. Locks: as->lock for writing. */
void pt_drop_shared(struct aspace *as, vaddr_t start, vaddr_t end);
/* Drops all user tables and pages of an address space that nobody can reach any more. Sleeps. */
void pt_drop_all(struct aspace *as);
/* Drops a reference to a table; the last one drops all that is in it, and may sleep. */
void pt_put(struct page *table);

/* Nobody else refers to the table (any more). Acquires what the others did to it before they
 * let go. */
static inline bool pt_is_last_reference(const struct page *table)
{
    return __atomic_load_n(&table->count, __ATOMIC_ACQUIRE) == 1;
}
