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
 * Locks: entries of a leaf table change under its page->pt.lock; entries of upper tables under
 * as->pt_lock. Tables are only added under as->lock held for reading and only removed with it
 * held for writing, so whoever holds as->lock may walk without a lock; others use
 * walk_pinned().
 */
#pragma once

#include <arch/riscv/pte.h>
#include <debug/assert.h>
#include <mem/kmap.h>
#include <mem/page.h>
#include <vm/aspace.h>

/* The leaf slot of va, or NULL when there is no leaf table. Locks: as->lock held. */
pte_t *walk(const struct aspace *as, vaddr_t va);
/* The same, making tables as needed. Returns 0, -ENOMEM. */
int must_check walk_alloc(struct aspace *as, vaddr_t va, pte_t **slot);
/* Like walk(), for callers without as->lock: the leaf table's lock is held if not NULL. */
pte_t *walk_pinned(struct aspace *as, vaddr_t va);

/* The slots of one leaf table that fall into a range. */
struct pt_run {
    pte_t *slots; /* of `va` */
    vaddr_t va;   /* address of slots[0] */
    unsigned n;   /* slots */
};
/* The first run with a leaf table at or after `from`, below `end`. False: none. Locks:
 * as->lock. */
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

/* Changes to a leaf slot. Locks: its table's. */
void pt_fill(pte_t *slot, pte_t pte); /* none -> something */
pte_t pt_empty(pte_t *slot);          /* something -> none; returns what was there */
pte_t pt_break(pte_t *slot); /* COW-5: clears the entry for a moment; pt_mend() follows */
void pt_mend(pte_t *slot, pte_t pte);
/* writable -> cow, keeping A and D. */
void pt_make_cow(pte_t *slot);

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

struct tlb_gather;
/* Takes empty tables that only serve [start, end) out and gives them to the gather. Locks:
 * as->lock for writing. */
void pt_prune(struct aspace *as, vaddr_t start, vaddr_t end, struct tlb_gather *gather);
/* A root table with the kernel half filled in, or NULL. */
struct page *pt_create_root(void);
