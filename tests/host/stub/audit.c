/* SPDX-License-Identifier: MIT */
/* See audit.h. */
#include "audit.h"

#include <vm/internal.h>
#include <vm/pt.h>

#include <stdio.h>
#include <string.h>

#define MAX_FRAMES 4096

static u32 refs[MAX_FRAMES];
static bool seen[MAX_FRAMES];
static unsigned n_wrong;
static bool is_thorough = true;

static void wrong(const char *what, u64 where, u64 entry)
{
    if (n_wrong++ < 10)
        fprintf(stderr, "audit: %s: %llx, entry %llx\n", what, (unsigned long long)where,
                (unsigned long long)entry);
}

static unsigned frame_index(const struct page *page)
{
    return page - page_array;
}

/* Lists the slots of user memory that are not none, and returns how many there are. Mostly the
 * table is believed where they may be. */
static unsigned used_slots(const struct page *table, u16 used[PT_ENTRIES])
{
    const u64 *bits = page_to_va(table);
    unsigned limit = table->pt.level == PT_LEVELS - 1 ? PT_ENTRIES / 2 : PT_ENTRIES, n = 0;
    u64 groups = is_thorough ? ~0UL : table->pt.groups;

    for (unsigned i = 0; i < limit; i += 8, groups >>= 1) {
        if (!(groups & 1))
            continue;
        if (!(bits[i] | bits[i + 1] | bits[i + 2] | bits[i + 3] | bits[i + 4] | bits[i + 5] |
              bits[i + 6] | bits[i + 7]))
            continue;
        for (unsigned j = i; j < i + 8; j++) {
            if (bits[j])
                used[n++] = j;
        }
    }
    return n;
}

static void audit_leaf(const struct page *table, pte_t e)
{
    const struct page *page = pte_page(e);

    if (!pte_is_writable(e))
        return;
    if (pte_is_cow(e))
        wrong("COW-2: cow and writable", page_to_pfn(table), e.bits);
    if (table->pt.sealed)
        wrong("COW-4: writable in a sealed table", page_to_pfn(table), e.bits);
    if (page->type == PAGE_ANON && page_count(page) != 1)
        wrong("COW-1: writable, and the frame has other owners", page_to_pfn(table), e.bits);
}

static void audit_upper(const struct page *table, pte_t e)
{
    const struct page *below = pte_page(e);

    if (below->type != PAGE_TABLE || below->pt.level + 1 != table->pt.level)
        wrong("not a table of the level below", page_to_pfn(table), e.bits);
    if (!pte_is_private(e)) {
        if (pte_is_valid(e) && !below->pt.sealed)
            wrong("PT-1: linked, but not sealed", page_to_pfn(table), e.bits);
        return;
    }
    if (table->pt.sealed)
        wrong("COW-4: private in a sealed table", page_to_pfn(table), e.bits);
    if (page_count(below) != 1 || below->pt.sealed)
        wrong("private, but shared or sealed", page_to_pfn(table), e.bits);
}

/* Its entries are looked at once, however many ways lead to it. Returns: is anything below
 * shared? */
static bool audit_table(const struct page *table)
{
    const pte_t *slots = page_to_va(table);
    u16 used[PT_ENTRIES];
    bool has_shared = false;

    if (seen[frame_index(table)])
        return false; /* then the way to it was shared already */
    seen[frame_index(table)] = true;
    unsigned n = used_slots(table, used);
    if (table->type != PAGE_TABLE || n != table->pt.n_used)
        wrong("number of entries", page_to_pfn(table), n);
    for (unsigned i = 0; i < n; i++) {
        pte_t e = slots[used[i]];
        refs[frame_index(pte_page(e))]++;
        if (table->pt.level == 0) {
            audit_leaf(table, e);
            continue;
        }
        audit_upper(table, e);
        has_shared |= pte_is_shared(e) | audit_table(pte_page(e));
    }
    return has_shared;
}

void audit_begin(void)
{
    static u64 n_audits;

    memset(refs, 0, sizeof(refs));
    memset(seen, 0, sizeof(seen));
    n_wrong = 0;
    is_thorough = ++n_audits % 16 == 0;
}

void audit_tables(struct aspace *as)
{
    const struct page *root = pa_to_page(as->root_pa);

    refs[frame_index(root)]++;
    if (audit_table(root) && !as->has_shared)
        wrong("has shared tables and does not know", as->root_pa, 0);
}

unsigned audit_end(void)
{
    for (pfn_t i = 0; i < page_end_pfn - page_first_pfn; i++) {
        const struct page *page = &page_array[i];
        u32 expected = refs[i];

        if (page->type != PAGE_ANON && page->type != PAGE_FILE && page->type != PAGE_TABLE) {
            if (expected && page != zero_page)
                wrong("mapped, but not given out", page_to_pfn(page), page->type);
            continue;
        }
        if (page->type == PAGE_FILE && page->file.object)
            expected++;
        if (page_count(page) != expected)
            wrong("COW-3: count and references", page_count(page), expected);
    }
    return n_wrong;
}

static u64 n_tables_below(const struct page *table)
{
    const pte_t *slots = page_to_va(table);
    u16 used[PT_ENTRIES];
    u64 total = 1;

    if (table->pt.level == 0)
        return 1;
    unsigned n = used_slots(table, used);
    for (unsigned i = 0; i < n; i++)
        total += n_tables_below(pte_page(slots[used[i]]));
    return total;
}

u64 audit_n_tables(const struct aspace *as)
{
    is_thorough = true;
    return n_tables_below(pa_to_page(as->root_pa));
}
