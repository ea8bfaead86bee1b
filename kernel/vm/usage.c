/* SPDX-License-Identifier: MIT */
/*
 * What an area holds, for /proc: resident and shared pages as smaps counts them, and the state
 * of each page. Locks: as->lock for writing, held by the caller (shared tables are looked
 * into); entries are looked at without their table's lock, so figures of a running process are
 * a snapshot page by page.
 */
#include <lib/string.h>
#include <vm/internal.h>
#include <vm/mmap.h>
#include <vm/pt.h>

static void usage_add(struct vma_usage *u, pte_t pte)
{
    const struct page *page = pte_page(pte);

    if (page == zero_page) {
        u->zero_pages++;
        return;
    }
    /* the page cache's own reference is not a mapping */
    bool is_file = page->type == PAGE_FILE;
    u32 maps = page_count(page) - (is_file && page->file.object ? 1 : 0);
    bool dirty = !is_file || pte_is_writable(pte);

    u->rss++;
    u->anonymous += !is_file;
    u->pss_shifted += (1UL << 12) / max(maps, 1u);
    if (maps > 1)
        *(dirty ? &u->shared_dirty : &u->shared_clean) += 1;
    else
        *(dirty ? &u->private_dirty : &u->private_clean) += 1;
}

void vma_usage(const struct vma *vma, struct vma_usage *out)
{
    struct pt_run run;

    *out = (struct vma_usage){0};
    for (vaddr_t va = vma->start; pt_next_run(vma->aspace, va, vma->end, &run);
         va = pt_run_end(&run)) {
        for (unsigned i = 0; i < run.n; i++) {
            pte_t pte = pte_load(&run.slots[i]);
            if (!pte_is_none(pte))
                usage_add(out, pte);
        }
    }
}

static char page_state(const struct vma *vma, pte_t pte)
{
    if (pte_is_none(pte))
        return '.';
    const struct page *page = pte_page(pte);
    if (page == zero_page)
        return 'z';
    if (vma_is_shared(vma))
        return 'm';
    if (pte_is_writable(pte))
        return 'p';
    if (page->type == PAGE_ANON && page_count(page) == 1)
        return pte_is_cow(pte) ? 'c' : 'r';
    return page->type == PAGE_ANON || pte_is_cow(pte) ? 's' : 'r';
}

void vma_page_states(const struct vma *vma, vaddr_t start, char *states, size_t n)
{
    vaddr_t end = min(vma->end, start + n * PAGE_SIZE);
    struct pt_run run;

    memset(states, '.', (end - start) >> PAGE_SHIFT);
    for (vaddr_t va = start; pt_next_run(vma->aspace, va, end, &run); va = pt_run_end(&run)) {
        for (unsigned i = 0; i < run.n; i++)
            states[((run.va - start) >> PAGE_SHIFT) + i] =
                page_state(vma, pte_load(&run.slots[i]));
    }
}

void vma_page_frames(const struct vma *vma, vaddr_t start, struct page **frames, size_t n)
{
    vaddr_t end = min(vma->end, start + n * PAGE_SIZE);
    struct pt_run run;

    memset(frames, 0, n * sizeof(frames[0]));
    for (vaddr_t va = start; pt_next_run(vma->aspace, va, end, &run); va = pt_run_end(&run)) {
        for (unsigned i = 0; i < run.n; i++) {
            pte_t pte = pte_load(&run.slots[i]);

            if (!pte_is_none(pte))
                frames[((run.va - start) >> PAGE_SHIFT) + i] = pte_page(pte);
        }
    }
}

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

static u64 count_tables(const struct page *table)
{
    const pte_t *slots = page_to_va(table);
    u64 n = 1;

    if (table->pt.level == 0)
        return 1;
    for (unsigned i = 0, left = table->pt.n_used; left; i++) {
        if (pte_is_none(slots[i]))
            continue;
        left--;
        n += count_tables(pte_page(slots[i]));
    }
    return n;
}

u64 aspace_n_tables(struct aspace *as)
{
    rw_write_lock(&as->lock);
    u64 n = count_tables(pa_to_page(as->root_pa));
    rw_write_unlock(&as->lock);
    return n;
}
