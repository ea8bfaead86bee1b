/* SPDX-License-Identifier: MIT */
/*
 * The kernel's own address space: direct map with the largest pages, image, and the KMAP window
 * for stacks (guard page below each) and devices.
 */
#pragma once

#include <arch/riscv/page.h>
#include <lib/types.h>
#include <mem/page.h>

extern paddr_t kernel_root_pa; /* root table of kernel threads */
extern paddr_t phys_base;      /* physical address at DIRECT_BASE, 1 GiB aligned */
extern u64 direct_offset; /* DIRECT_BASE - phys_base; with phys_base by direct_map_begin() */
extern struct page
    *page_of_pfn0; /* where the struct of frame 0 would be; by page_array_begin() */

/* Builds the real kernel map and makes this hart use it. At boot, after mem_init(). */
void kmap_init(void);

/* Copies the kernel half into a fresh root table of user memory: a frame of zeroes. */
void kmap_fill_root(u64 *root);
/* The opposite: a root table that nothing else is in is all zeroes again. */
void kmap_empty_root(u64 *root);

/* A kernel stack with an unmapped page below it. Returns its lowest address, or NULL when
 * memory is exhausted. Freed stacks stay mapped in a small pool and are used again. */
void *kstack_alloc(void);
void kstack_free(void *stack);
void kstack_drain(void);

/* Maps `size` bytes of device registers at `pa`, uncached as the platform has it. NULL: no
 * space. */
void *kmap_device(paddr_t pa, size_t size);

static inline void direct_map_begin(paddr_t base)
{
    phys_base = base;
    direct_offset = DIRECT_BASE - base;
}
static inline void page_array_begin(struct page *array, pfn_t first)
{
    page_array = array;
    page_first_pfn = first;
    page_of_pfn0 = array - first;
}
static inline void *pa_to_va(paddr_t pa)
{
    return (void *)(pa + direct_offset);
}
static inline paddr_t va_to_pa(const void *direct_map_va)
{
    return (paddr_t)direct_map_va - direct_offset;
}
static inline struct page *pfn_to_page(pfn_t pfn)
{
    return page_of_pfn0 + pfn;
}
static inline struct page *pa_to_page(paddr_t pa)
{
    return pfn_to_page(pa >> PAGE_SHIFT);
}
static inline pfn_t page_to_pfn(const struct page *page)
{
    return page - page_of_pfn0;
}
static inline paddr_t page_to_pa(const struct page *page)
{
    return page_to_pfn(page) << PAGE_SHIFT;
}
static inline void *page_to_va(const struct page *page)
{
    return pa_to_va(page_to_pa(page));
}
