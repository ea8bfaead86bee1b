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
    g->object = NULL;
    for (unsigned kind = 0; kind < RSS_N_KINDS; kind++)
        g->rss[kind] = 0;
    gather_reset(g);
}

static void gather_flush(struct tlb_gather *g)
{
    if (g->start < g->end) {
        if (g->has_tables)
            aspace_flush_all(g->as);
        else
            aspace_flush_range(g->as, g->start, g->end);
        ledger_check(g->as, "before frames are dropped");
    }
    for (unsigned i = 0; i < g->n_pages; i++) {
        if (unlikely(g->has_tables) && g->pages[i]->type == PAGE_TABLE)
            pt_put(g->pages[i]);
        else
            kfree(g->pages[i]);
    }
    gather_reset(g);
}

static void gather_page(struct tlb_gather *g, struct page *page)
{
    g->pages[g->n_pages++] = page;
    if (unlikely(g->n_pages == GATHER_MAX))
        gather_flush(g);
}

static void count_page(struct tlb_gather *g, const struct page *page)
{
    if (page != zero_page)
        g->rss[rss_kind_of(page, g->object)]++;
}

void gather_pte(struct tlb_gather *g, vaddr_t va, pte_t old)
{
    struct page *page = pte_page(old);

    g->start = min(g->start, va);
    g->end = max(g->end, va + PAGE_SIZE);
    ledger_revoke(g->as, va, va + PAGE_SIZE);
    if (page == zero_page)
        return;
    count_page(g, page);
    gather_page(g, page);
}

void gather_table(struct tlb_gather *g, struct page *table)
{
    g->start = 0;
    g->end = USER_END;
    g->has_tables = true;
    ledger_revoke(g->as, 0, USER_END);
    gather_page(g, table);
}

/* What a table and those below it map. */
static void count_table(struct tlb_gather *g, const struct page *table)
{
    pt_for_each_used (slot, table, 0, PT_ENTRIES) {
        if (table->pt.level > 0)
            count_table(g, pte_page(*slot));
        else
            count_page(g, pte_page(*slot));
    }
}

void gather_shared(struct tlb_gather *g, struct page *table)
{
    count_table(g, table);
    gather_table(g, table);
}

void gather_end(struct tlb_gather *g)
{
    gather_flush(g);
    for (unsigned kind = 0; kind < RSS_N_KINDS; kind++) {
        if (g->rss[kind])
            rss_add(g->as, kind, -g->rss[kind]);
    }
}
