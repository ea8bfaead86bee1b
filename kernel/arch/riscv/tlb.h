/* SPDX-License-Identifier: MIT */
/*
 * Forgetting cached translations.
 *
 * _local: this hart only. _remote: all harts in the mask, the calling one done directly if it
 * is in it; returns when all have done it (the firmware broadcasts first and collects then, and
 * serves the requests of others while it waits, so two harts may flush each other at once, with
 * interrupts off too).
 */
#pragma once

#include <lib/types.h>

/* A range of more bytes than this is flushed as a whole address space instead. */
#define TLB_RANGE_MAX (64 * 4096UL)

static inline void tlb_flush_page_local(vaddr_t va, u64 asid)
{
    __asm__ volatile("sfence.vma %0, %1" : : "r"(va), "r"(asid) : "memory");
}

/* Non-leaf entries included (rs1 = x0). */
static inline void tlb_flush_asid_local(u64 asid)
{
    __asm__ volatile("sfence.vma x0, %0" : : "r"(asid) : "memory");
}

static inline void tlb_flush_all_local(void)
{
    __asm__ volatile("sfence.vma" : : : "memory");
}

static inline void icache_flush_local(void)
{
    __asm__ volatile("fence.i" : : : "memory");
}

/* Leaf entries of [va, va + size). */
void tlb_flush_range_remote(u64 harts_mask, vaddr_t va, u64 size, u64 asid);
void tlb_flush_asid_remote(u64 harts_mask, u64 asid);
void tlb_flush_all_remote(u64 harts_mask);
void icache_flush_remote(u64 harts_mask);
