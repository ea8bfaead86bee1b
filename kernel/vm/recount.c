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
    u8 *seen;         /* a bit per frame: a table whose entries have been counted */
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

static void walk_area(struct recount *r, struct vma *vma, s64 rss[RSS_N_KINDS])
{
    struct pt_run run;

    for (vaddr_t va = vma->start; pt_next_run(vma->aspace, va, vma->end, &run);
         va = pt_run_end(&run)) {
        for (unsigned i = 0; i < run.n; i++) {
            pte_t pte = pte_load(&run.slots[i]);
            if (pte_is_none(pte))
                continue;
            if (pte_page(pte) != zero_page)
                rss[rss_kind_of(pte_page(pte), vma->object)]++;
            check_rules(r, vma, run.va + i * PAGE_SIZE, pte);
        }
    }
}

/* A shared table counts once, however many address spaces lead to it (COW-3). */
static bool is_first_visit(struct recount *r, const struct page *table)
{
    pfn_t at = page_to_pfn(table) - page_first_pfn;
    bool is_first = !(r->seen[at / 8] >> at % 8 & 1);

    r->seen[at / 8] |= 1 << at % 8;
    return is_first;
}

/* COW-4, PT-1: what is linked is sealed; what is private has one reference; in a sealed table
 * nothing is writable and nothing private. */
static void check_table_rules(struct recount *r, const struct page *table, pte_t e)
{
    if (table->pt.level == 0) {
        if (table->pt.sealed && pte_is_writable(e))
            complain(r, "COW-4: sealed table %lx: writable entry %lx\n", page_to_pfn(table),
                     e.bits);
        return;
    }
    const struct page *below = pte_page(e);
    if (pte_is_private(e) && (table->pt.sealed || page_count(below) != 1 || below->pt.sealed))
        complain(r,
                 "COW-4: table %lx (sealed %d): private entry, table %lx count %u sealed %d\n",
                 page_to_pfn(table), table->pt.sealed, page_to_pfn(below), page_count(below),
                 below->pt.sealed);
    if (pte_is_valid(e) && pte_is_shared(e) && !below->pt.sealed)
        complain(r, "PT-1: table %lx is linked but not sealed\n", page_to_pfn(below));
}

/* Counts a table's entries and all below; checks that it knows how many it has. Returns how
 * many leaf entries there are below it. */
static u64 walk_table(struct recount *r, const struct page *table)
{
    const pte_t *slots = page_to_va(table);
    unsigned limit = table->pt.level == PT_LEVELS - 1 ? PT_ENTRIES / 2 : PT_ENTRIES, n_used = 0;
    bool is_first = is_first_visit(r, table);
    u64 n_leaves = 0;

    r->n_tables += is_first;
    for (unsigned i = 0; i < limit; i++) {
        pte_t e = pte_load(&slots[i]);
        if (pte_is_none(e))
            continue;
        n_used++;
        if (!(table->pt.groups >> (i / PT_GROUP) & 1))
            complain(r, "table %lx: entry %u in a group marked unused\n", page_to_pfn(table),
                     i);
        if (is_first) {
            count_ref(r, e);
            check_table_rules(r, table, e);
        }
        n_leaves += table->pt.level == 0 ? 1 : walk_table(r, pte_page(e));
    }
    if (table->type != PAGE_TABLE || table->pt.n_used != n_used)
        complain(r, "table %lx: type %d level %u, %u entries (has %u)\n", page_to_pfn(table),
                 table->type, table->pt.level, table->pt.n_used, n_used);
    return n_leaves;
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
    s64 rss[RSS_N_KINDS] = {0};
    struct vma *vma;
    u64 in_areas = 0;

    rw_write_lock(&as->lock);
    r->n_aspaces++;
    rb_for_each (vma, &as->areas, node) {
        walk_area(r, vma, rss);
        in_areas += area_entries(vma);
    }
    count_ref(r, pte_make_table(as->root_pa >> PAGE_SHIFT));
    u64 in_tables = walk_table(r, pa_to_page(as->root_pa));
    if (in_areas != in_tables)
        complain(r, "%lu entries in tables, %lu of them in areas\n", in_tables, in_areas);
    for (unsigned kind = 0; kind < RSS_N_KINDS; kind++) {
        if (rss[kind] != as->rss[kind])
            complain(r, "rss of kind %u: %ld, counted %ld\n", kind, as->rss[kind], rss[kind]);
    }
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
    memset(r->seen, 0, (page_end_pfn - page_first_pfn) / 8 + 1);
    r->n_aspaces = r->n_tables = 0;
    aspace_for_each(walk_aspace, r);
    for (pfn_t pfn = r->first; pfn < r->end; pfn++)
        compare_frame(r, pfn);
}

size_t vm_recount(char *buf, size_t size)
{
    struct recount r = {.buf = buf, .size = size};

    r.refs = mem_alloc(WINDOW * sizeof(*r.refs));
    r.seen = mem_alloc((page_end_pfn - page_first_pfn) / 8 + 1);
    if (!r.refs || !r.seen)
        r.used = ksnprintf(buf, size, "no memory for a recount\n");
    for (r.first = page_first_pfn; !r.used && r.first < page_end_pfn; r.first = r.end) {
        r.end = min(r.first + WINDOW, page_end_pfn);
        recount_window(&r);
    }
    mem_free(r.refs);
    mem_free(r.seen);
    if (!r.used)
        r.used = ksnprintf(buf, size, "ok: %lu frames, %lu tables, %lu address spaces\n",
                           r.n_frames, r.n_tables, r.n_aspaces);
    return r.used;
}
