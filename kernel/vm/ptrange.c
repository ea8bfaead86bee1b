/* SPDX-License-Identifier: MIT */
/*
 * Ranges of page tables, shared ones among them: owning what is about to be edited, dropping
 * whole what is about to go, and the end of a table.
 *
 * A range that covers a shared table whole costs one reference, whatever the table holds; a
 * range that covers a part of what it serves makes it this address space's own first.
 *
 * Locks: as->lock for writing. A table whose last reference goes is reachable by nobody.
 */
#include <debug/assert.h>
#include <linux/errno.h>
#include <sched/thread.h>
#include <vm/internal.h>
#include <vm/pt.h>
#include <vm/tlb.h>

/* The next slot of a table of this level, at or after *va and below end, that serves an area
 * and is not none; *va is set to an address that it serves. NULL: there is none. */
static pte_t *next_used_slot(struct aspace *as, vaddr_t *va, vaddr_t end, unsigned level)
{
    u64 span = pt_span(level);
    struct vma *vma;

    while (*va < end && (vma = vma_find(as, *va)) && vma->start < end) {
        vaddr_t at = max(*va, vma->start), stop = min(vma->end, end);
        while (at < stop) {
            pte_t *slot = pt_upper_slot(as, at, level);
            u64 step = slot ? span : pt_span(level + 1);
            if (slot && !pte_is_none(pte_load(slot))) {
                *va = at;
                return slot;
            }
            at = align_down(at, step) + step;
        }
        *va = at;
    }
    return NULL;
}

int pt_own_range(struct aspace *as, vaddr_t start, vaddr_t end)
{
    if (!as->has_shared)
        return 0;
    for (unsigned level = PT_LEVELS - 1; level > 0; level--) {
        pte_t *slot;
        for (vaddr_t va = start; (slot = next_used_slot(as, &va, end, level));
             va = align_down(va, pt_span(level)) + pt_span(level)) {
            int err = pt_own(as, slot, level);
            if (err)
                return err;
        }
    }
    return 0;
}

/* Is there an area in the span of a table that lies, at least in part, outside of [start, end)?
 */
static bool serves_others(struct aspace *as, vaddr_t span_start, u64 span, vaddr_t start,
                          vaddr_t end)
{
    vaddr_t span_end = min(span_start + span, (vaddr_t)USER_END);

    return (span_start < start && vma_find_overlap(as, span_start, start)) ||
           (end < span_end && vma_find_overlap(as, end, span_end));
}

static int own_edge(struct aspace *as, vaddr_t edge, vaddr_t start, vaddr_t end)
{
    for (unsigned level = PT_LEVELS - 1; level > 0; level--) {
        pte_t *slot = pt_upper_slot(as, edge, level);
        if (!slot || !pte_is_shared(pte_load(slot)))
            continue;
        u64 span = pt_span(level);
        if (!serves_others(as, align_down(edge, span), span, start, end))
            return 0; /* all of it goes */
        int err = pt_own(as, slot, level);
        if (err)
            return err;
    }
    return 0;
}

int pt_own_edges(struct aspace *as, vaddr_t start, vaddr_t end)
{
    if (!as->has_shared)
        return 0;
    int err = own_edge(as, start, start, end);
    return err ? err : own_edge(as, end - 1, start, end);
}

void pt_drop_shared(struct aspace *as, vaddr_t start, vaddr_t end)
{
    struct tlb_gather g;

    if (!as->has_shared)
        return;
    gather_begin(&g, as);
    for (unsigned level = PT_LEVELS - 1; level > 0; level--) {
        pte_t *slot;
        for (vaddr_t va = start; (slot = next_used_slot(as, &va, end, level));
             va = align_down(va, pt_span(level)) + pt_span(level)) {
            pte_t e = pte_load(slot);
            if (!pte_is_shared(e))
                continue;
            pt_lock(slot);
            pte_store(slot, PTE_NONE);
            pt_table(slot)->pt.n_used--;
            pt_unlock(slot);
            gather_shared(&g, pte_page(e));
        }
    }
    gather_end(&g);
}

/* --- the end of a table --- */

static void drop_leaves(struct page *table)
{
    struct page *const pages = pfn_to_page(0), *const zero = zero_page;

    __atomic_thread_fence(__ATOMIC_RELEASE); /* for all of page_put_shared() below */
    pt_for_each_used (slot, table, 0, PT_ENTRIES) {
        struct page *page = pages + pte_pfn(*slot);
        *slot = PTE_NONE;
        if (likely(page != zero) && !page_put_shared(page))
            kfree(page);
    }
    table->pt.n_used = 0;
}

static void drop_tables(struct page *table)
{
    pt_for_each_used (slot, table, 0, PT_ENTRIES) {
        struct page *below = pte_page(*slot);
        *slot = PTE_NONE;
        pt_put(below);
        sched_point();
    }
    table->pt.n_used = 0;
}

void pt_put(struct page *table)
{
    if (!pt_is_last_reference(table) && __atomic_sub_fetch(&table->count, 1, __ATOMIC_ACQ_REL))
        return;
    if (table->pt.level > 0)
        drop_tables(table);
    else
        drop_leaves(table);
    table->count = 1; /* ours was the last, and kfree takes it from one to zero */
    kfree_zeroed(table);
}

void pt_drop_all(struct aspace *as)
{
    drop_tables(pa_to_page(as->root_pa));
}
