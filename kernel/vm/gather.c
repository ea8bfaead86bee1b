/* SPDX-License-Identifier: MIT */
/*
 * Frames on their way out of an address space: entries are cleared first, then all harts
 * flushed, and only then references dropped (COW-5); see struct tlb_gather.
 */
#include <debug/assert.h>
#include <vm/internal.h>
#include <vm/pt.h>
#include <vm/tlb.h>

static void gather_reset(struct tlb_gather *g)
{
    g->start = USER_END;
    g->end = 0;
    g->has_tables = false;
    g->n_pages = 0;
}

void gather_begin(struct tlb_gather *g, struct aspace *as)
{
    g->as = as;
    g->is_dead = false;
    g->rss_anon = g->rss_file = g->rss_shmem = 0;
    gather_reset(g);
}

static void gather_flush(struct tlb_gather *g)
{
    if (g->start < g->end && !g->is_dead) {
        if (g->has_tables)
            aspace_flush_all(g->as);
        else
            aspace_flush_range(g->as, g->start, g->end);
        ledger_check(g->as, "before frames are dropped");
    }
    for (unsigned i = 0; i < g->n_pages; i++)
        kfree(g->pages[i]);
    gather_reset(g);
}

static void gather_page(struct tlb_gather *g, struct page *page)
{
    g->pages[g->n_pages++] = page;
    if (unlikely(g->n_pages == GATHER_MAX))
        gather_flush(g);
}

void gather_pte(struct tlb_gather *g, vaddr_t va, pte_t old)
{
    struct page *page = pte_page(old);

    if (!g->is_dead) {
        g->start = min(g->start, va);
        g->end = max(g->end, va + PAGE_SIZE);
        ledger_revoke(g->as, va, va + PAGE_SIZE);
    }
    if (page == zero_page)
        return;
    if (page->type == PAGE_ANON)
        g->rss_anon++;
    else if (page_is_shmem(page))
        g->rss_shmem++;
    else
        g->rss_file++;
    gather_page(g, page);
}

void gather_table(struct tlb_gather *g, struct page *table)
{
    g->start = 0;
    g->end = USER_END;
    g->has_tables = true;
    if (!g->is_dead)
        ledger_revoke(g->as, 0, USER_END);
    gather_page(g, table);
}

void gather_end(struct tlb_gather *g)
{
    gather_flush(g);
    if (g->rss_anon)
        __atomic_fetch_sub(&g->as->rss_anon, g->rss_anon, __ATOMIC_RELAXED);
    if (g->rss_file)
        __atomic_fetch_sub(&g->as->rss_file, g->rss_file, __ATOMIC_RELAXED);
    if (g->rss_shmem)
        __atomic_fetch_sub(&g->as->rss_shmem, g->rss_shmem, __ATOMIC_RELAXED);
}
