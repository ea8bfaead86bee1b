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

/* Builds the real kernel map and makes this hart use it. At boot, after mem_init(). */
void kmap_init(void);

/* Copies the kernel half into a fresh root table of user memory: a frame of zeroes. */
void kmap_fill_root(u64 *root);

/* A kernel stack with an unmapped page below it. Returns its lowest address, or NULL when
 * memory is exhausted. Freed stacks stay mapped in a small pool and are used again. */
void *kstack_alloc(void);
void kstack_free(void *stack);
void kstack_drain(void);

/* Maps `size` bytes of device registers at `pa`, uncached as the platform has it. NULL: no
 * space. */
void *kmap_device(paddr_t pa, size_t size);

static inline void *pa_to_va(paddr_t pa)
{
    return (void *)(pa - phys_base + DIRECT_BASE);
}
static inline paddr_t va_to_pa(const void *direct_map_va)
{
    return (paddr_t)direct_map_va - DIRECT_BASE + phys_base;
}
static inline struct page *pa_to_page(paddr_t pa)
{
    return &page_array[(pa >> PAGE_SHIFT) - page_first_pfn];
}
static inline pfn_t page_to_pfn(const struct page *page)
{
    return (pfn_t)(page - page_array) + page_first_pfn;
}
static inline paddr_t page_to_pa(const struct page *page)
{
    return page_to_pfn(page) << PAGE_SHIFT;
}
static inline void *page_to_va(const struct page *page)
{
    return pa_to_va(page_to_pa(page));
}
