/* SPDX-License-Identifier: MIT */
/*
 * What an area holds, for /proc: resident, private and shared pages as smaps counts them, and
 * the state of each page.
 *
 * A frame is *mapped* as often as there are ways from a root table down to an entry that points
 * to it: once for each address space and address where it can be seen. That is what Linux
 * counts, where each process has tables of its own. A table shared by three processes makes
 * three mappings out of one entry, so a frame's count of references (COW-3) is not that number.
 *
 *   exclusive   mapped once. There is one way only, so nothing on it has a second reference:
 *               neither the frame nor any table below the root. And the other way round: if all
 *               counts on one way are one, no other way leads to any part of it. So a look at
 *               the counts on this address space's own way decides, exactly.
 *   how often   is more than that way can tell. The product of its counts is right only as long
 *               as all who share a table came to it through tables shared alike; and a frame
 *               may be in several tables, each shared by others. The census (census.c) walks
 *               them all. Only the proportional share (Pss) and /proc/kpagecount need it.
 *
 * The page cache's reference is not a mapping. What else the kernel holds for a moment (a fault
 * in progress, a table on its way out) may make an exclusive page look shared.
 *
 * Locks: as->lock for writing, held by the caller (shared tables are looked into); entries are
 * looked at without their table's lock, so figures of a running process are a snapshot page by
 * page.
 */
#include <lib/string.h>
#include <vm/internal.h>
#include <vm/pt.h>
#include <vm/usage.h>

/* No table on the way to va, below the root, has another reference. */
static bool way_is_exclusive(const struct aspace *as, vaddr_t va)
{
    const pte_t *table = as->root;

    for (unsigned level = PT_LEVELS - 1; level > 0; level--) {
        pte_t entry = pte_load(&table[pt_index(va, level)]);
        if (pte_is_none(entry) || page_count(pte_page(entry)) > 1)
            return false;
        table = pte_table(entry);
    }
    return true;
}

/* One leaf entry points to it. */
static bool frame_is_exclusive(const struct page *page)
{
    if (page->type == PAGE_ANON)
        return page_count(page) == 1;
    return page->type == PAGE_FILE && page_count(page) == (page->file.object ? 2 : 1);
}

/* ---- smaps ----------------------------------------------------------------------- */

static void usage_add(struct vma_usage *u, pte_t pte, u32 maps)
{
    const struct page *page = pte_page(pte);
    bool is_anon = page->type == PAGE_ANON;
    bool is_dirty = is_anon || pte_is_writable(pte);
    u64 share = (PAGE_SIZE << PSS_SHIFT) / max(maps, 1u);

    u->rss++;
    u->referenced += pte_is_accessed(pte);
    u->anonymous += is_anon;
    u->pss += share;
    u->pss_dirty += is_dirty ? share : 0;
    *(is_anon ? &u->pss_anon : page_is_shmem(page) ? &u->pss_shmem : &u->pss_file) += share;
    if (maps > 1)
        *(is_dirty ? &u->shared_dirty : &u->shared_clean) += 1;
    else
        *(is_dirty ? &u->private_dirty : &u->private_clean) += 1;
}

void vma_usage_add(const struct vma *vma, const struct census *census, struct vma_usage *sum)
{
    struct pt_run run;
    u64 pss_before = sum->pss;

    for (vaddr_t va = vma->start; pt_next_run(vma->aspace, va, vma->end, &run);
         va = pt_run_end(&run)) {
        for (unsigned i = 0; i < run.n; i++) {
            pte_t pte = pte_load(&run.slots[i]);
            if (!pte_is_none(pte) && pte_page(pte) != zero_page)
                usage_add(sum, pte, census_maps(census, pte_page(pte)));
        }
    }
    if (vma->flags & VMA_LOCKED)
        sum->pss_locked += sum->pss - pss_before;
}

/* ---- the state of each page ------------------------------------------------------ */

static char page_state(const struct vma *vma, pte_t pte, bool way_is_exclusive)
{
    if (pte_is_none(pte))
        return '.';
    const struct page *page = pte_page(pte);
    if (page == zero_page)
        return 'z';
    if (vma_is_shared(vma))
        return 'm';
    if (page->type != PAGE_ANON)
        return pte_is_cow(pte) ? 's' : 'r';
    if (!way_is_exclusive || page_count(page) > 1)
        return 's';
    return pte_is_writable(pte) ? 'p' : pte_is_cow(pte) ? 'c' : 'r';
}

void vma_page_states(const struct vma *vma, vaddr_t start, char *states, size_t n)
{
    vaddr_t end = min(vma->end, start + n * PAGE_SIZE);
    struct pt_run run;

    memset(states, '.', (end - start) >> PAGE_SHIFT);
    for (vaddr_t va = start; pt_next_run(vma->aspace, va, end, &run); va = pt_run_end(&run)) {
        bool is_exclusive = way_is_exclusive(vma->aspace, run.va);

        for (unsigned i = 0; i < run.n; i++)
            states[((run.va - start) >> PAGE_SHIFT) + i] =
                page_state(vma, pte_load(&run.slots[i]), is_exclusive);
    }
}

void vma_mapped_pages(const struct vma *vma, vaddr_t start, struct mapped_page *pages, size_t n)
{
    vaddr_t end = min(vma->end, start + n * PAGE_SIZE);
    struct pt_run run;

    memset(pages, 0, n * sizeof(pages[0]));
    for (vaddr_t va = start; pt_next_run(vma->aspace, va, end, &run); va = pt_run_end(&run)) {
        struct mapped_page *page = &pages[(run.va - start) >> PAGE_SHIFT];
        bool is_exclusive = way_is_exclusive(vma->aspace, run.va);

        for (unsigned i = 0; i < run.n; i++) {
            pte_t pte = pte_load(&run.slots[i]);

            if (pte_is_none(pte))
                continue;
            page[i].frame = pte_page(pte);
            page[i].is_exclusive = is_exclusive && frame_is_exclusive(pte_page(pte));
        }
    }
}

/* ---- counting -------------------------------------------------------------------- */

u64 vma_anon_pages(const struct vma *vma)
{
    struct pt_run run;
    u64 n = 0;

    if (vma->object)
        return 0;
    for (vaddr_t va = vma->start; pt_next_run(vma->aspace, va, vma->end, &run);
         va = pt_run_end(&run)) {
        for (unsigned i = 0; i < run.n; i++) {
            pte_t pte = pte_load(&run.slots[i]);
            n += !pte_is_none(pte) && pte_page(pte) != zero_page;
        }
    }
    return n;
}

struct table_count {
    u64 reached, own;
};

static void count_tables(const struct page *table, bool is_own, struct table_count *n)
{
    const pte_t *slots = page_to_va(table);

    n->reached++;
    n->own += is_own;
    if (table->pt.level == 0)
        return;
    for (unsigned i = 0, left = table->pt.n_used; left; i++) {
        if (pte_is_none(slots[i]))
            continue;
        left--;
        const struct page *below = pte_page(slots[i]);
        count_tables(below, is_own && page_count(below) == 1, n);
    }
}

static struct table_count tables_of(struct aspace *as)
{
    struct table_count n = {0};

    rw_write_lock(&as->lock);
    count_tables(pa_to_page(as->root_pa), true, &n);
    rw_write_unlock(&as->lock);
    return n;
}

u64 aspace_n_tables(struct aspace *as)
{
    return tables_of(as).reached;
}

u64 aspace_n_own_tables(struct aspace *as)
{
    return tables_of(as).own;
}

/* ---- the share, roughly ---------------------------------------------------------- */

#define SHARE_SHIFT 20 /* of one page */

/* Of the frames in a leaf table of its own. */
static u64 share_of_frames(const struct page *table)
{
    const pte_t *slots = page_to_va(table);
    u64 sum = 0;

    for (unsigned i = 0, left = table->pt.n_used; left && i < PT_ENTRIES; i++) {
        pte_t entry = pte_load(&slots[i]);
        if (pte_is_none(entry))
            continue;
        left--;
        if (pte_page(entry) != zero_page)
            sum += (1UL << SHARE_SHIFT) / max(page_count(pte_page(entry)), 1u);
    }
    return sum;
}

/* Of a table and what is below it, `users` being the product of the counts on the way. */
static u64 share_of_table(const struct page *table, u64 users)
{
    const pte_t *slots = page_to_va(table);
    u64 sum = (1UL << SHARE_SHIFT) / users;

    if (table->pt.level == 0)
        return sum + (users == 1 ? share_of_frames(table)
                                 : (table->pt.n_used << SHARE_SHIFT) / users);
    for (unsigned i = 0, left = table->pt.n_used; left && i < PT_ENTRIES; i++) {
        pte_t entry = pte_load(&slots[i]);
        if (pte_is_none(entry))
            continue;
        left--;
        sum += share_of_table(pte_page(entry), users * max(page_count(pte_page(entry)), 1u));
    }
    return sum;
}

u64 aspace_share(struct aspace *as)
{
    rw_write_lock(&as->lock);
    u64 share = share_of_table(pa_to_page(as->root_pa), 1);
    rw_write_unlock(&as->lock);
    return share >> SHARE_SHIFT;
}
