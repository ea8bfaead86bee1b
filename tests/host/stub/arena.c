/* SPDX-License-Identifier: MIT */
/*
 * A RAM of the test's own memory.
 *
 * The frames are an ordinary allocation; phys_base is chosen so that pa_to_va() leads there.
 */
#include "kernel.h"

#include <arch/riscv/copy.h>
#include <debug/assert.h>
#include <mem/internal.h>
#include <mem/kmap.h>
#include <mem/page.h>

#include <stdlib.h>
#include <string.h>

__attribute__((weak)) paddr_t phys_base;
__attribute__((weak)) u64 direct_offset;
__attribute__((weak)) paddr_t kernel_root_pa;

static char *memory;

void clear_page(void *page)
{
    memset(page, 0, PAGE_SIZE);
}

void copy_page(void *dst, const void *src)
{
    memcpy(dst, src, PAGE_SIZE / 2);
    stub_point();
    memcpy((char *)dst + PAGE_SIZE / 2, (const char *)src + PAGE_SIZE / 2, PAGE_SIZE / 2);
}

static bool is_hole(u64 frame, u64 hole_every)
{
    return frame == 0 || (hole_every && frame % hole_every == hole_every - 1);
}

void stub_ram_create(u64 n_frames, u64 hole_every)
{
    static bool has_caches;
    memory = aligned_alloc(PAGE_SIZE, n_frames * PAGE_SIZE);
    memset(memory, 0xee, n_frames * PAGE_SIZE);
    direct_map_begin(STUB_RAM_BASE + DIRECT_BASE - (u64)memory);
    page_array_begin(calloc(n_frames, sizeof(*page_array)), STUB_RAM_BASE >> PAGE_SHIFT);
    page_end_pfn = page_first_pfn + n_frames;
    for (u64 i = 0; i < n_frames; i++)
        page_array[i].type = PAGE_RESERVED;

    pages_init(n_frames, n_frames);
    for (u64 i = 0; i < n_frames; i++)
        if (!is_hole(i, hole_every))
            page_free_reserved(&page_array[i], 0);
    zero_page = page_array; /* frame 0 is always reserved */
    clear_page(page_to_va(zero_page));
    if (!has_caches)
        caches_init();
    has_caches = true;
}

void stub_ram_destroy(void)
{
    stub_fail_countdown = 0;
    mem_drain();
    struct mem_stats stats;
    mem_stats_read(&stats);
    if (stats.free_pages + stats.by_type[PAGE_RESERVED] != stats.total_pages)
        panic("frames of the arena are still in use");
    free(page_array);
    free(memory);
    page_array = NULL;
}
