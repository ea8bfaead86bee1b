/* SPDX-License-Identifier: MIT */
/*
 * From a device tree to a working kalloc().
 *
 * What is RAM and what of it is spoken for comes from the device tree; the rest goes to the
 * frame allocator. Boot calls mem_init(), kmap_init(), in this order, on one hart.
 */
#pragma once

#include <lib/types.h>

/* Sets up the page array and gives all free RAM to the allocator. `dtb` has passed dt_check().
 * Before it: nothing may allocate. */
void mem_init(const void *dtb);

/* Gives reserved frames that lie wholly in the range to the allocator: the initrd once it is
 * unpacked. */
void mem_release_range(paddr_t base, u64 size);
