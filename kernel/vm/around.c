/* SPDX-License-Identifier: MIT */
/*
 * Neighbours of a page of an object: a fault that reads one maps those around it along with it
 * and saves a trap for each, if they are in memory and it looks as if somebody will want them:
 *
 *   - some process, in its time, has faulted for the page (PG_USED): a program that starts
 *     finds mapped what it needed the last time, and nothing else;
 *   - or the two pages before are mapped: somebody reads one after the other.
 *
 * A page that is mapped in vain is not free: fork copies its entry, and exit takes it out. Where
 * instructions are fetched from only pages come along that harts have fetched from before
 * (PG_ICACHE_CLEAN): to make others fit for it takes as long as a fault.
 *
 * Neighbours get the entry that a reading fault of their own would have given them: never a
 * private copy, and not writable where the first write is to be noticed.
 *
 * Locks: the leaf table's, held by the caller, and the object's within. A page that is in the
 * object at that time is not truncated, or will be unmapped by a truncation that waits for the
 * table.
 */
#include <debug/assert.h>
#include <lib/radix.h>
#include <vm/internal.h>
#include <vm/pt.h>

/* Aligned, so that all its entries are in one leaf table. */
#define WINDOW (FAULT_AROUND * PAGE_SIZE)

static bool is_run(const pte_t *slot, vaddr_t va)
{
    return pt_index(va, 0) >= 2 && !pte_is_none(pte_load(&slot[-1])) &&
           !pte_is_none(pte_load(&slot[-2]));
}

/* What a page must be to come along. */
static u16 flags_needed(const struct fault *f, const pte_t *slot)
{
    if (f->vma->prot & PROT_EXEC)
        return PG_UPTODATE | PG_ICACHE_CLEAN;
    return is_run(slot, f->va) ? PG_UPTODATE : PG_UPTODATE | PG_USED;
}

/* Those of a row of pages that have the flags and are not mapped. */
static void pick(struct around *a, pte_t *slots, struct page *const *pages, unsigned n,
                 u16 flags)
{
    for (unsigned i = 0; i < n; i++) {
        struct page *page = pages[i];
        if (!page || !pte_is_none(pte_load(&slots[i])) ||
            (__atomic_load_n(&page->flags, __ATOMIC_ACQUIRE) & flags) != flags)
            continue;
        page_get(page);
        a->at[a->n] = &slots[i] - a->slots;
        a->pages[a->n++] = page;
    }
}

static void pick_range(struct around *a, struct vm_object *object, pte_t *slots, u64 first,
                       u64 last, u16 flags)
{
    while (first < last) {
        unsigned n;
        void *const *row = radix_row(&object->pages, first, &n);
        n = min(n, last - first);
        if (row)
            pick(a, slots, (struct page *const *)row, n, flags);
        first += n;
        slots += n;
    }
}

void around_find(const struct fault *f, pte_t *slot, struct around *a)
{
    struct vm_object *object = f->vma->object;
    vaddr_t window = align_down(f->va, WINDOW);
    vaddr_t start = max(f->vma->start, window), end = min(f->vma->end, window + WINDOW);
    u64 first = vma_index(f->vma, start), last = vma_index(f->vma, end);
    u64 me = vma_index(f->vma, f->va);
    u16 flags = flags_needed(f, slot);

    a->slots = slot - (me - first);
    a->n = 0;
    spin_lock(&object->lock);
    last = min(last, object_n_pages(object));
    pick_range(a, object, a->slots, first, min(me, last), flags);
    pick_range(a, object, slot + 1, me + 1, last, flags);
    spin_unlock(&object->lock);
}

void around_fill(const struct around *a, u64 bits)
{
    for (unsigned i = 0; i < a->n; i++)
        pt_fill(&a->slots[a->at[i]], fresh_entry(a->pages[i], bits));
}
