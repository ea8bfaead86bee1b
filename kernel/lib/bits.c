/* SPDX-License-Identifier: MIT */
/*
 * Bit counting without instructions for it.
 */
#include <lib/bits.h>

/* Multiplying a single bit by this constant puts a different pattern into the top six bits for
 * each of the 64 places of the bit; the table turns the pattern back into the place. */
#define DE_BRUIJN 0x03f79d71b4cb0a89ULL

static const u8 bit_place[64] = {
    0,  1,  48, 2,  57, 49, 28, 3,  61, 58, 50, 42, 38, 29, 17, 4,  62, 55, 59, 36, 53, 51,
    43, 22, 45, 39, 33, 30, 24, 18, 12, 5,  63, 47, 56, 27, 60, 41, 37, 16, 54, 35, 52, 21,
    44, 32, 23, 11, 46, 26, 40, 15, 34, 20, 31, 10, 25, 14, 19, 9,  13, 8,  7,  6,
};

int __ctzdi2(u64 x)
{
    return bit_place[(x & -x) * DE_BRUIJN >> 58];
}

int __clzdi2(u64 x)
{
    int n = 0;
    for (int half = 32; half; half /= 2) {
        if (x >> (64 - half))
            continue;
        n += half;
        x <<= half;
    }
    return n;
}

/* Pairs, nibbles, bytes, then all bytes at once. */
int __popcountdi2(u64 x)
{
    x -= x >> 1 & 0x5555555555555555;
    x = (x & 0x3333333333333333) + (x >> 2 & 0x3333333333333333);
    x = (x + (x >> 4)) & 0x0f0f0f0f0f0f0f0f;
    return (int)(x * 0x0101010101010101 >> 56);
}
