// SPDX-License-Identifier: MIT
// Bitmaps against an array of bools, and the bit-counting helpers against the builtins.
// with: kernel/lib/bitmap.c
#include <lib/bitmap.h>
#include <string.h>
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
        size_t from = t_below(N), n = t_below(N - from + 1), n_bits = t_below(N + 1);
        switch (t_below(4)) {
        case 0:
            bitmap_set(map, from);
            model[from] = true;
            break;
        case 1:
            bitmap_clear(map, from);
            model[from] = false;
            break;
        case 2:
            n = t_below(4) ? n / 8 : n;
            bitmap_set_range(map, from, n);
            memset(model + from, 1, n);
            break;
        case 3:
            n = t_below(4) ? n / 8 : n;
            bitmap_clear_range(map, from, n);
            memset(model + from, 0, n);
            break;
        }
        size_t set = from, clear = from, count = 0;
        while (set < n_bits && !model[set])
            set++;
        while (clear < n_bits && model[clear])
            clear++;
        for (size_t i = 0; i < n_bits; i++)
            count += model[i];
        CHECK_EQ(bitmap_find_set(map, n_bits, from), from < n_bits ? set : n_bits);
        CHECK_EQ(bitmap_find_clear(map, n_bits, from), from < n_bits ? clear : n_bits);
        CHECK_EQ(bitmap_count(map, n_bits), count);
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
