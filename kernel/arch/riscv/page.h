/* SPDX-License-Identifier: MIT */
/*
 * Page geometry and the shape of the address space (Sv39; privileged spec 4.4).
 *
 *   0 .. USER_END          user
 *   DIRECT_BASE ..         all of RAM, physical address p at DIRECT_BASE + (p - phys_base)
 *   KMAP_BASE .. KMAP_END  mapped kernel memory: stacks with guard pages, devices
 *   KERNEL_BASE ..         the kernel image
 *
 * The upper half is the same in every root table.
 */
#pragma once

#define PAGE_SHIFT 12
#ifndef __ASSEMBLER__
#include <lib/types.h>
#define PAGE_SIZE (1UL << PAGE_SHIFT)
#else
#define PAGE_SIZE (1 << PAGE_SHIFT)
#endif
#define PAGE_MASK   (~(PAGE_SIZE - 1))

#define PT_LEVELS   3
#define PT_SHIFT    9
#define PT_ENTRIES  512

#define USER_MIN    0x10000      /* lowest address a mapping may have */
#define USER_END    0x3ffffff000 /* one page short of the 256 GiB half: no wrap */
#define DIRECT_BASE 0xffffffc000000000
#define DIRECT_SIZE 0x2000000000       /* 128 GiB */
#define KMAP_BASE   0xffffffe000000000 /* 4 GiB, its level-1 tables made at boot */
#define KMAP_END    0xffffffe100000000
#define KERNEL_BASE 0xffffffff80000000

#ifdef DEBUG
#define KSTACK_SIZE (4 * PAGE_SIZE)
#else
#define KSTACK_SIZE (2 * PAGE_SIZE)
#endif

#define MAX_HARTS 8
