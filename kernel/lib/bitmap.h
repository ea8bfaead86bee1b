/* SPDX-License-Identifier: MIT */
/*
 * Arrays of bits in 64-bit words; bit i is bit i % 64 of word i / 64.
 *
 * Locks: none; nothing here is atomic.
 */
#pragma once

#include <lib/types.h>

#define BITMAP_WORDS(n_bits) (((n_bits) + 63) / 64)

static inline bool bitmap_test(const u64 *map, size_t bit)
{
    return map[bit / 64] >> (bit % 64) & 1;
}
static inline void bitmap_set(u64 *map, size_t bit)
{
    map[bit / 64] |= (u64)1 << (bit % 64);
}
static inline void bitmap_clear(u64 *map, size_t bit)
{
    map[bit / 64] &= ~((u64)1 << (bit % 64));
}

/* The first set (or clear) bit at or after `from` and below n_bits, or n_bits if there is none.
 */
size_t bitmap_find_set(const u64 *map, size_t n_bits, size_t from);
size_t bitmap_find_clear(const u64 *map, size_t n_bits, size_t from);
