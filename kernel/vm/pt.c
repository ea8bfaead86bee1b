/* SPDX-License-Identifier: MIT */
/*
 * Walking and changing page tables; see pt.h for states and locks.
 *
 * A table counts its entries that are not none (page->pt.n_used), so that an empty one is
 * recognised without a look at its 512 slots.
 */
#include <debug/assert.h>
#include <linux/errno.h>
#include <vm/pt.h>
#include <vm/tlb.h>

pte_t *walk(const struct aspace *as, vaddr_t va)
{
    return walk_down(as, va);
}

int walk_alloc(struct aspace *as, vaddr_t va, pte_t **slot)
{
    *slot = walk_down(as, va);
    return likely(*slot) ? 0 : walk_slowly(as, va, VM_ACCESS_WRITE, slot);
}

const pte_t *walk_any(const struct aspace *as, vaddr_t va)
{
    const pte_t *table = as->root;

    for (unsigned level = PT_LEVELS - 1; level > 0; level--) {
        pte_t entry = pte_load(&table[pt_index(va, level)]);
        if (pte_is_none(entry))
            return NULL;
        table = pte_table(entry);
    }
    return &table[pt_index(va, 0)];
}

pte_t *walk_pinned(struct aspace *as, vaddr_t va)
{
    pte_t *table = as->root;

    /* hand over hand: a table is not taken out while the one above it is locked */
    pt_lock(table);
    for (unsigned level = PT_LEVELS - 1; level > 0; level--) {
        pte_t entry = pte_load(&table[pt_index(va, level)]);
        pte_t *below = pte_is_private(entry) ? pte_table(entry) : NULL;
        if (below)
            pt_lock(below);
        pt_unlock(table);
        if (!below)
            return NULL;
        table = below;
    }
    return &table[pt_index(va, 0)];
}

bool pt_next_run(const struct aspace *as, vaddr_t from, vaddr_t end, struct pt_run *run)
{
    while (from < end) {
        const pte_t *table = as->root;
        unsigned level = PT_LEVELS - 1;

        for (; level > 0; level--) {
            pte_t entry = pte_load(&table[pt_index(from, level)]);
            if (pte_is_none(entry))
                break;
            table = pte_table(entry);
        }
        /* up to where the table of this level reaches: 2 MiB for a leaf table, or the
         * whole span of the upper entry that is missing */
        u64 span = pt_span(level ? level : 1);
        vaddr_t stop = min(align_down(from, span) + span, end);
        if (level == 0) {
            run->slots = (pte_t *)&table[pt_index(from, 0)];
            run->va = from;
            run->n = (stop - from) / PAGE_SIZE;
            return true;
        }
        from = stop;
    }
    return false;
}

unsigned pt_skip_groups(const struct page *table, unsigned i)
{
    u64 groups = i < PT_ENTRIES ? table->pt.groups >> (i / PT_GROUP) : 0;

    return groups ? i + PT_GROUP * __builtin_ctzl(groups) : PT_ENTRIES;
}

/* Which slot of its table it is. */
static unsigned slot_index(const pte_t *slot)
{
    return ((uintptr_t)slot & (PAGE_SIZE - 1)) / sizeof(*slot);
}

void pt_enter(pte_t *slot, pte_t pte)
{
    struct page *table = pt_table(slot);

    assert(spin_is_held(&table->pt.lock));
    assert(pte_is_none(pte_load(slot)) && !pte_is_none(pte));
    table->pt.n_used++;
    pt_note_used(table, slot_index(slot));
    pte_store(slot, pte);
}

void pt_fill(pte_t *slot, pte_t pte)
{
    assert(spin_is_held(&pt_table(slot)->pt.lock));
    assert(!(pte_is_cow(pte) && pte_is_writable(pte)));
    pt_enter(slot, pte);
}

pte_t pt_empty(pte_t *slot)
{
    assert(spin_is_held(&pt_table(slot)->pt.lock));
    pte_t old = pte_swap(slot, PTE_NONE);
    assert(!pte_is_none(old));
    pt_table(slot)->pt.n_used--;
    return old;
}

void pt_make_cow(pte_t *slot)
{
    assert(spin_is_held(&pt_table(slot)->pt.lock));
    assert(pte_is_writable(pte_load(slot)) && !pte_is_cow(pte_load(slot)));
    /* one atomic step for both bits: a walker may be setting A or D at this moment */
    __atomic_fetch_xor(&slot->bits, PTE_W | PTE_COW, __ATOMIC_RELAXED);
}

/* Takes the table below an upper slot out if nothing is in it any more. */
static void prune_slot(struct aspace *as, pte_t *slot, struct tlb_gather *gather)
{
    pte_t entry = pte_load(slot);
    if (!pte_is_private(entry) || pte_page(entry)->pt.n_used)
        return;

    /* the lower lock waits for a walk_pinned() that is still in there */
    pt_lock(slot);
    spin_lock(&pte_page(entry)->pt.lock);
    pte_store(slot, PTE_NONE);
    pt_table(slot)->pt.n_used--;
    spin_unlock(&pte_page(entry)->pt.lock);
    pt_unlock(slot);
    vm_count(as, VM_TABLE_FREE, 1);
    gather_table(gather, pte_page(entry));
}

pte_t *pt_upper_slot(const struct aspace *as, vaddr_t va, unsigned level)
{
    pte_t *table = as->root;

    for (unsigned at = PT_LEVELS - 1; at > level; at--) {
        pte_t entry = pte_load(&table[pt_index(va, at)]);
        if (!pte_is_private(entry))
            return NULL;
        table = pte_table(entry);
    }
    return &table[pt_index(va, level)];
}

void pt_prune(struct aspace *as, vaddr_t start, vaddr_t end, struct tlb_gather *gather)
{
    for (unsigned level = 1; level < PT_LEVELS; level++) {
        u64 span = pt_span(level);
        for (vaddr_t va = align_down(start, span); va < end; va += span) {
            pte_t *slot = pt_upper_slot(as, va, level);
            if (slot)
                prune_slot(as, slot, gather);
            else
                va = align_down(va, pt_span(level + 1)) + pt_span(level + 1) - span;
        }
    }
}

struct page *pt_create(unsigned level)
{
    /* a lock class for each level: they are taken from the root downwards */
    static const char *const lock_names[PT_LEVELS] = {"leaf table", "middle table",
                                                      "root table"};
    struct page *page = kalloc(PAGE_TABLE, ALLOC_ZERO);

    if (!page)
        return NULL;
    spin_init(&page->pt.lock, lock_names[level]);
    page->pt.n_used = 0;
    page->pt.groups = 0;
    page->pt.level = level;
    page->pt.sealed = false;
    return page;
}

struct page *pt_create_root(void)
{
    struct page *page = pt_create(PT_LEVELS - 1);

    if (page)
        kmap_fill_root(page_to_va(page));
    return page;
}
