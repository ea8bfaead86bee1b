// SPDX-License-Identifier: MIT
// Bitmaps against an array of bools, and the bit-counting helpers against the builtins.
// with: kernel/lib/bitmap.c
#include <lib/bitmap.h>
#include <t.h>

#define __ctzdi2      our_ctz
#define __clzdi2      our_clz
#define __popcountdi2 our_popcount
#include "../../kernel/lib/bits.c"

enum { N = 300 };

static void random_against_bools(void)
{
    u64 map[BITMAP_WORDS(N)] = {0};
    bool model[N] = {0};
    for (int step = 0; step < 20000; step++) {
        size_t from = t_below(N), n = t_below(t_below(4) ? 8 : N - from) + 1;
        size_t n_bits = t_below(N + 1);
        bool value = t_below(2);
        for (size_t i = from; i < min(from + n, (size_t)N); i++) {
            value ? bitmap_set(map, i) : bitmap_clear(map, i);
            model[i] = value;
        }
        size_t set = from, clear = from;
        while (set < n_bits && !model[set])
            set++;
        while (clear < n_bits && model[clear])
            clear++;
        CHECK_EQ(bitmap_find_set(map, n_bits, from), from < n_bits ? set : n_bits);
        CHECK_EQ(bitmap_find_clear(map, n_bits, from), from < n_bits ? clear : n_bits);
        CHECK_EQ(bitmap_test(map, from), model[from]);
    }
}

static void counting_bits(void)
{
    for (int step = 0; step < 100000; step++) {
        u64 x = step < 64 ? 1UL << step : t_random() & t_random() << t_below(64);
        if (x == 0)
            continue;
        CHECK_EQ(our_ctz(x), __builtin_ctzl(x));
        CHECK_EQ(our_clz(x), __builtin_clzl(x));
        CHECK_EQ(our_popcount(x), __builtin_popcountl(x));
    }
    CHECK_EQ(our_popcount(0), 0);
    CHECK_EQ(our_popcount(~0UL), 64);
}

int main(int argc, char **argv)
{
    t_begin(argc, argv);
    RUN(random_against_bools);
    RUN(counting_bits);
    return t_done();
}
