/* SPDX-License-Identifier: MIT */
/*
 * Filling ahead: who writes one fresh page after the other is given the next ones too, and is
 * spared a trap for each.
 *
 * The page table tells whether this is such a run: so many pages right before this one are
 * writable already. The window grows with the run, to a quarter of it and at most FILL_AHEAD
 * pages, so what is given in vain is little beside what was asked for, and a run of fewer than
 * FILL_RUN pages gets nothing. It ends with the area, with the leaf table, at the first page that is
 * there, and where memory is no longer plentiful: nothing fails, or is reclaimed, for its sake.
 */
#include <arch/riscv/uaccess.h>
#include <mem/kmap.h>
#include <mem/page.h>
#include <vm/internal.h>
#include <vm/pt.h>

#define PLENTY 4096 /* free frames: 16 MiB */

/* How many pages right before this one are writable; a window's worth is enough to know. */
static unsigned run_length(const pte_t *slot, unsigned index)
{
    unsigned most = min(index, 4 * FILL_AHEAD), n = 0;

    while (n < most && pte_is_writable(pte_load(slot - 1 - n)))
        n++;
    return n;
}

void ahead_reserve(struct fault *f, const pte_t *slot)
{
    unsigned index = pt_index(f->va, 0);
    unsigned run = run_length(slot, index);
    u64 n = run < FILL_RUN ? 0 : run / 4;

    n = min(n, PT_ENTRIES - 1 - index);
    n = min(n, ((f->vma->end - f->va) >> PAGE_SHIFT) - 1);
    if (n == 0 || !mem_has_free(PLENTY))
        return;
    while (f->n_ahead < n && pte_is_none(pte_load(++slot))) {
        struct page *page = kalloc(PAGE_ANON, 0);
        if (!page)
            return;
        clear_page(page_to_va(page));
        f->ahead[f->n_ahead++] = page;
    }
}

void ahead_fill(struct fault *f, pte_t *slot, u64 bits)
{
    unsigned n = 0;

    while (n < f->n_ahead && pte_is_none(pte_load(&slot[n + 1]))) {
        pt_fill(&slot[n + 1], fresh_entry(f->ahead[n], bits));
        n++;
    }
    rss_add(f->as, RSS_ANON, n);
    vm_count(f->as, VM_ZERO_FILLED, n);
    vm_count(f->as, VM_AHEAD, n);
    /* another thread was there before: what is left goes back */
    for (unsigned i = n; i < f->n_ahead; i++)
        f->ahead[i - n] = f->ahead[i];
    f->n_ahead -= n;
}

void ahead_drop(struct fault *f)
{
    while (f->n_ahead)
        kfree(f->ahead[--f->n_ahead]);
}
