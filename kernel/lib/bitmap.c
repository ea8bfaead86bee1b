/* SPDX-License-Identifier: MIT */
/*
 * Bitmap operations that work on whole words.
 */
#include <lib/bitmap.h>

/* Bits from..63 of a word. */
static inline u64 mask_from(size_t from)
{
    return ~(u64)0 << from;
}

static void range_apply(u64 *map, size_t from, size_t n, bool set)
{
    size_t end = from + n;
    while (from < end) {
        size_t word = from / 64, word_end = min((word + 1) * 64, end);
        u64 mask = mask_from(from % 64);
        if (word_end % 64)
            mask &= ~mask_from(word_end % 64);
        map[word] = set ? map[word] | mask : map[word] & ~mask;
        from = word_end;
    }
}

void bitmap_set_range(u64 *map, size_t from, size_t n)
{
    range_apply(map, from, n, true);
}

void bitmap_clear_range(u64 *map, size_t from, size_t n)
{
    range_apply(map, from, n, false);
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

size_t bitmap_count(const u64 *map, size_t n_bits)
{
    size_t n = 0;
    for (size_t i = 0; i < n_bits / 64; i++)
        n += (size_t)__builtin_popcountl(map[i]);
    if (n_bits % 64)
        n += (size_t)__builtin_popcountl(map[n_bits / 64] & ~mask_from(n_bits % 64));
    return n;
}
