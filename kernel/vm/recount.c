/* SPDX-License-Identifier: MIT */
/*
 * The recount: does every number add up? (docs/fork.md, "Seeing it".)
 *
 * Every table of every address space is walked, references are counted per frame, and the
 * result is compared with each frame's own count; on the way each entry is checked against the
 * rules:
 *
 *   COW-1  a writable private entry's frame has a count of one
 *   COW-2  a cow entry is not writable and lies in a private area that permits writing
 *   COW-3  count == entries that point to the frame + the object that holds it
 *   COW-9  an entry permits nothing that its area forbids
 *   and: tables know how many entries they have, rss figures are right, no frame is counted but
 *   nowhere mapped.
 *
 * Frames are handled in windows so that the scratch array stays small. The machine must be
 * quiet: only the caller runs. Locks: each as->lock for writing, one after the other.
 */
#include <lib/printf.h>
#include <lib/string.h>
#include <linux/errno.h>
#include <mem/cache.h>
#include <vm/internal.h>
#include <vm/pt.h>

#define WINDOW (256 * 1024UL) /* frames */

struct recount {
    char *buf;
    size_t size, used;
    unsigned n_wrong;
    u64 n_frames, n_tables, n_aspaces;
    pfn_t first, end; /* this window */
    u16 *refs;        /* found in this window; saturates */
};

static void complain(struct recount *r, const char *fmt, ...) printf_like(2, 3);
static void complain(struct recount *r, const char *fmt, ...)
{
    va_list args;

    if (++r->n_wrong > 20 || r->used + 1 >= r->size)
        return;
    va_start(args, fmt);
    r->used += min((size_t)kvsnprintf(r->buf + r->used, r->size - r->used, fmt, args),
                   r->size - r->used - 1);
    va_end(args);
}

static void count_ref(struct recount *r, pte_t pte)
{
    pfn_t pfn = pte_pfn(pte);

    if (pfn >= r->first && pfn < r->end && r->refs[pfn - r->first] != UINT16_MAX)
        r->refs[pfn - r->first]++;
}

static void check_rules(struct recount *r, const struct vma *vma, vaddr_t va, pte_t pte)
{
    const struct page *page = pte_page(pte);
    u64 permitted = vma_pte_bits(vma);

    if (pte_is_valid(pte) && (pte.bits & ~permitted & PTE_PERM_MASK))
        complain(r, "COW-9: %lx: entry %lx permits more than the area (%x)\n", va, pte.bits,
                 vma->prot);
    if (pte_is_cow(pte) && (pte_is_writable(pte) || !vma_is_cow(vma)))
        complain(r, "COW-2: %lx: entry %lx, area prot %x flags %x\n", va, pte.bits, vma->prot,
                 vma->flags);
    if (vma_is_shared(vma) || !pte_is_writable(pte))
        return;
    if (page->type != PAGE_ANON || page_count(page) != 1)
        complain(r, "COW-1: %lx: writable, frame %lx type %d count %u\n", va, pte_pfn(pte),
                 page->type, page_count(page));
}

struct rss {
    s64 anon, file, shmem;
};

static void add_rss(struct rss *rss, const struct page *page)
{
    if (page == zero_page)
        return;
    if (page->type == PAGE_ANON)
        rss->anon++;
    else if (page_is_shmem(page))
        rss->shmem++;
    else
        rss->file++;
}

static void walk_area(struct recount *r, struct vma *vma, struct rss *rss)
{
    struct pt_run run;

    for (vaddr_t va = vma->start; pt_next_run(vma->aspace, va, vma->end, &run);
         va = pt_run_end(&run)) {
        for (unsigned i = 0; i < run.n; i++) {
            pte_t pte = pte_load(&run.slots[i]);
            if (pte_is_none(pte))
                continue;
            count_ref(r, pte);
            add_rss(rss, pte_page(pte));
            check_rules(r, vma, run.va + i * PAGE_SIZE, pte);
        }
    }
}

/* Counts a table and everything below; checks that it knows how many entries it has. */
static void walk_table(struct recount *r, const pte_t *table, unsigned level,
                       u64 *n_leaf_entries)
{
    const struct page *page = pt_table(table);
    unsigned n_used = 0, limit = level == PT_LEVELS - 1 ? PT_ENTRIES / 2 : PT_ENTRIES;

    r->n_tables++;
    for (unsigned i = 0; i < limit; i++) {
        pte_t pte = pte_load(&table[i]);
        if (pte_is_none(pte))
            continue;
        n_used++;
        if (level == 0) {
            *n_leaf_entries += 1;
            continue;
        }
        count_ref(r, pte);
        walk_table(r, pa_to_va(pte_pa(pte)), level - 1, n_leaf_entries);
    }
    if (page->type != PAGE_TABLE || page->pt.level != level || page->pt.n_used != n_used)
        complain(r, "table %lx: type %d level %u (is %u), %u entries (has %u)\n",
                 page_to_pfn(page), page->type, page->pt.level, level, page->pt.n_used, n_used);
}

static u64 area_entries(struct vma *vma)
{
    struct pt_run run;
    u64 n = 0;

    for (vaddr_t va = vma->start; pt_next_run(vma->aspace, va, vma->end, &run);
         va = pt_run_end(&run)) {
        for (unsigned i = 0; i < run.n; i++)
            n += !pte_is_none(pte_load(&run.slots[i]));
    }
    return n;
}

static bool walk_aspace(void *arg, struct aspace *as)
{
    struct recount *r = arg;
    struct rss rss = {0};
    struct vma *vma;
    u64 in_areas = 0, in_tables = 0, tables_before = r->n_tables;

    rw_write_lock(&as->lock);
    r->n_aspaces++;
    rb_for_each (vma, &as->areas, node) {
        walk_area(r, vma, &rss);
        in_areas += area_entries(vma);
    }
    count_ref(r, pte_make_table(as->root_pa >> PAGE_SHIFT));
    walk_table(r, as->root, PT_LEVELS - 1, &in_tables);
    if (in_areas != in_tables)
        complain(r, "%lu entries in tables, %lu of them in areas\n", in_tables, in_areas);
    if (rss.anon != as->rss_anon || rss.file != as->rss_file || rss.shmem != as->rss_shmem)
        complain(r, "rss %ld/%ld/%ld, counted %ld/%ld/%ld\n", as->rss_anon, as->rss_file,
                 as->rss_shmem, rss.anon, rss.file, rss.shmem);
    if ((s64)(r->n_tables - tables_before) != as->n_tables)
        complain(r, "%ld tables, counted %lu\n", as->n_tables, r->n_tables - tables_before);
    rw_write_unlock(&as->lock);
    return true;
}

static void compare_frame(struct recount *r, pfn_t pfn)
{
    const struct page *page = pfn_to_page(pfn);
    u32 expected = r->refs[pfn - r->first];

    if (page->type != PAGE_ANON && page->type != PAGE_FILE && page->type != PAGE_TABLE) {
        if (expected && page != zero_page)
            complain(r, "frame %lx of type %d is mapped %u times\n", pfn, page->type, expected);
        return;
    }
    r->n_frames++;
    if (page->type == PAGE_FILE && page->file.object)
        expected++;
    if (page_count(page) != expected)
        complain(r, "COW-3: frame %lx type %d: count %u, found %u\n", pfn, page->type,
                 page_count(page), expected);
}

static void recount_window(struct recount *r)
{
    memset(r->refs, 0, (r->end - r->first) * sizeof(*r->refs));
    r->n_aspaces = r->n_tables = 0;
    aspace_for_each(walk_aspace, r);
    for (pfn_t pfn = r->first; pfn < r->end; pfn++)
        compare_frame(r, pfn);
}

size_t vm_recount(char *buf, size_t size)
{
    struct recount r = {.buf = buf, .size = size};

    r.refs = mem_alloc(WINDOW * sizeof(*r.refs));
    if (!r.refs)
        return ksnprintf(buf, size, "no memory for a recount\n");
    for (r.first = page_first_pfn; r.first < page_end_pfn; r.first = r.end) {
        r.end = min(r.first + WINDOW, page_end_pfn);
        recount_window(&r);
    }
    mem_free(r.refs);
    if (!r.n_wrong)
        r.used = ksnprintf(buf, size, "ok: %lu frames, %lu tables, %lu address spaces\n",
                           r.n_frames, r.n_tables, r.n_aspaces);
    return r.used;
}
