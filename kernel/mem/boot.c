/* SPDX-License-Identifier: MIT */
/*
 * The memory map at boot.
 *
 * RAM is what the device tree calls memory, cut to whole frames and to what the direct map can
 * reach. Reserved is what it calls reserved (firmware, initrd), the tree itself, and
 * the kernel image, grown to whole frames. The difference is free: the page array is cut from
 * it first, then all the rest goes to the frame allocator in blocks as large as alignment
 * allows.
 *
 * boot.S has mapped everything already (arch/riscv/boot.h), so memory can be touched from the
 * start.
 */
#include <arch/riscv/boot.h>
#include <arch/riscv/copy.h>
#include <debug/assert.h>
#include <debug/log.h>
#include <lib/fdt.h>
#include <lib/string.h>
#include <mem/boot.h>
#include <mem/internal.h>
#include <mem/kmap.h>
#include <mem/page.h>

#define MAX_RANGES 32

struct spans {
    unsigned n;
    struct span at[MAX_RANGES];
};

static struct spans ram, reserved; /* in ascending order, neither touching nor overlapping */

/* Adds a span, joining it with those that it touches, and keeps the order. */
static void spans_add(struct spans *spans, struct span add)
{
    unsigned i = 0, kept = 0;
    struct spans old = *spans;
    if (add.start >= add.end)
        return;
    for (; i < old.n && old.at[i].end < add.start; i++)
        spans->at[kept++] = old.at[i];
    for (; i < old.n && old.at[i].start <= add.end; i++) {
        add.start = min(add.start, old.at[i].start);
        add.end = max(add.end, old.at[i].end);
    }
    if (kept + 1 + (old.n - i) > MAX_RANGES)
        panic("the memory map has more than %u ranges", MAX_RANGES);
    spans->at[kept++] = add;
    for (; i < old.n; i++)
        spans->at[kept++] = old.at[i];
    spans->n = kept;
}

static void reserve(paddr_t base, u64 size)
{
    spans_add(&reserved,
              (struct span){base >> PAGE_SHIFT, ((base + size - 1) >> PAGE_SHIFT) + 1});
}

static void ram_add(paddr_t base, u64 size)
{
    paddr_t low = max(base, phys_base), high = min(base + size, phys_base + DIRECT_SIZE);
    if (low >= high)
        return;
    spans_add(&ram, (struct span){align_up(low, PAGE_SIZE) >> PAGE_SHIFT, high >> PAGE_SHIFT});
}

static void map_read(const void *dtb)
{
    struct dt_range ranges[MAX_RANGES];
    unsigned n = dt_memory(dtb, ranges, MAX_RANGES);
    for (unsigned i = 0; i < n; i++)
        ram_add(ranges[i].base, ranges[i].size);
    if (ram.n == 0)
        panic("the device tree names no memory");

    n = dt_reserved(dtb, ranges, MAX_RANGES);
    for (unsigned i = 0; i < n; i++)
        reserve(ranges[i].base, ranges[i].size);
    reserve(va_to_pa(dtb), dt_size(dtb));
    reserve(image_to_pa(image_start), image_end - image_start);
}

/* The next free span at or after `from`. Returns: false at the end of memory. */
static bool next_free(pfn_t from, struct span *out)
{
    for (unsigned i = 0; i < ram.n; i++) {
        pfn_t start = max(from, ram.at[i].start), end = ram.at[i].end;
        for (unsigned r = 0; r < reserved.n && start < end; r++) {
            if (reserved.at[r].end <= start)
                continue;
            if (reserved.at[r].start > start) {
                end = min(end, reserved.at[r].start);
                break;
            }
            start = reserved.at[r].end;
        }
        if (start < end) {
            *out = (struct span){start, end};
            return true;
        }
    }
    return false;
}

/* Cuts whole frames from the first free span that has so many, and reserves them. */
static void *boot_alloc(u64 size)
{
    u64 n = align_up(size, PAGE_SIZE) >> PAGE_SHIFT;
    struct span span = {0, 0};
    while (next_free(span.end, &span))
        if (span.end - span.start >= n) {
            reserve(span.start << PAGE_SHIFT, n << PAGE_SHIFT);
            return pa_to_va(span.start << PAGE_SHIFT);
        }
    panic("too little memory: no room for %lu KiB at boot", size / KiB);
}

static u64 count_free(void)
{
    u64 n = 0;
    struct span span = {0, 0};
    while (next_free(span.end, &span))
        n += span.end - span.start;
    return n;
}

static u64 count_ram(void)
{
    u64 n = 0;
    for (unsigned i = 0; i < ram.n; i++)
        n += ram.at[i].end - ram.at[i].start;
    return n;
}

static void page_array_create(void)
{
    page_end_pfn = ram.at[ram.n - 1].end;
    u64 n = page_end_pfn - ram.at[0].start;
    page_array_begin(boot_alloc(n * sizeof(struct page)), ram.at[0].start);
    for (u64 i = 0; i < n; i++)
        page_array[i] = (struct page){.type = PAGE_RESERVED};
}

/* The largest block that starts at a frame and ends by `end`. */
static unsigned block_order(pfn_t pfn, pfn_t end)
{
    unsigned order = 0;
    while (order < PAGE_MAX_ORDER && is_aligned(pfn, 2UL << order) &&
           pfn + (2UL << order) <= end)
        order++;
    return order;
}

static void free_span(struct span span)
{
    while (span.start < span.end) {
        unsigned order = block_order(span.start, span.end);
        page_free_reserved(pfn_to_page(span.start), order);
        span.start += 1UL << order;
    }
}

bool mem_next_ram(pfn_t from, struct span *out)
{
    for (unsigned i = 0; i < ram.n; i++) {
        if (ram.at[i].end <= from)
            continue;
        *out = (struct span){max(from, ram.at[i].start), ram.at[i].end};
        return true;
    }
    return false;
}

void mem_init(const void *dtb)
{
    direct_map_begin(boot_phys_base);
    map_read(dtb);
    page_array_create();
    void *zeroes = boot_alloc(PAGE_SIZE);
    clear_page(zeroes);
    zero_page = pa_to_page(va_to_pa(zeroes));

    u64 n_ram = count_ram(), n_free = count_free();
    pages_init(n_ram, n_ram);
    struct span span = {0, 0};
    while (next_free(span.end, &span))
        free_span(span);
    caches_init();
    log_info("memory: %lu MiB at %lx, %lu KiB of it reserved", n_ram >> (20 - PAGE_SHIFT),
             ram.at[0].start << PAGE_SHIFT, (n_ram - n_free) << (PAGE_SHIFT - 10));
}

void mem_release_range(paddr_t base, u64 size)
{
    pfn_t end = (base + size) >> PAGE_SHIFT;
    struct span span = {0, align_up(base, PAGE_SIZE) >> PAGE_SHIFT};
    /* between two ranges of RAM lie reserved frames that are nothing at all */
    while (mem_next_ram(span.end, &span)) {
        for (pfn_t pfn = span.start; pfn < min(span.end, end); pfn++) {
            struct page *page = pfn_to_page(pfn);
            if (page->type == PAGE_RESERVED)
                page_free_reserved(page, 0);
        }
    }
}
