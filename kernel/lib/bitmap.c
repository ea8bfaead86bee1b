/* SPDX-License-Identifier: MIT */
/*
 * Searching bitmaps a word at a time.
 */
#include <lib/bitmap.h>

/* Bits from..63 of a word. */
static inline u64 mask_from(size_t from)
{
    return ~(u64)0 << from;
}

/* Finds a bit that is set in map ^ flip. */
static size_t find_bit(const u64 *map, size_t n_bits, size_t from, u64 flip)
{
    if (from >= n_bits)
        return n_bits;
    size_t word = from / 64;
    u64 bits = (map[word] ^ flip) & mask_from(from % 64);
    while (!bits) {
        if (++word * 64 >= n_bits)
            return n_bits;
        bits = map[word] ^ flip;
    }
    return min(word * 64 + (size_t)__builtin_ctzl(bits), n_bits);
}

size_t bitmap_find_set(const u64 *map, size_t n_bits, size_t from)
{
    return find_bit(map, n_bits, from, 0);
}

size_t bitmap_find_clear(const u64 *map, size_t n_bits, size_t from)
{
    return find_bit(map, n_bits, from, ~(u64)0);
}
