/* SPDX-License-Identifier: MIT */
/*
 * What boot.S leaves behind.
 *
 * The firmware jumps to the image's first byte, wherever it was loaded (a multiple of 2 MiB),
 * with the hart id in a0 and the device tree in a1. boot.S builds a first table: the image at
 * KERNEL_BASE, and 128 GiB from boot_phys_base on at DIRECT_BASE in 1 GiB pages. mem/ replaces
 * it by the real one.
 */
#pragma once

#include <arch/riscv/page.h>
#include <lib/types.h>

extern u64 boot_hartid;
extern paddr_t boot_dtb_pa;
extern paddr_t boot_kernel_pa; /* physical address of KERNEL_BASE */
extern paddr_t boot_phys_base; /* physical address at DIRECT_BASE, 1 GiB aligned */

/* kernel.ld: sections, all page-aligned. [image_start, image_end) is the whole of it with bss.
 */
extern char image_start[], image_end[];
extern char text_start[], text_end[];     /* executable, read-only */
extern char rodata_start[], rodata_end[]; /* read-only */
extern char data_start[], bss_end[];      /* writable */

/* Physical address of something in the image. */
static inline paddr_t image_to_pa(const void *in_image)
{
    return (paddr_t)in_image - KERNEL_BASE + boot_kernel_pa;
}
