// SPDX-License-Identifier: MIT
// Our string functions against those of the C library, at all small alignments and lengths.
#define memcpy  our_memcpy
#define memmove our_memmove
#define memset  our_memset
#define memcmp  our_memcmp
#define memchr  our_memchr
#define strlen  our_strlen
#define strnlen our_strnlen
#define strcmp  our_strcmp
#define strncmp our_strncmp
#define strchr  our_strchr
#define strrchr our_strrchr
#define strlcpy our_strlcpy
#define strlcat our_strlcat
#include "../../kernel/lib/string.c"
#undef memcpy
#undef memmove
#undef memset
#undef memcmp
#undef memchr
#undef strlen
#undef strnlen
#undef strcmp
#undef strncmp
#undef strchr
#undef strrchr
#undef strlcpy
#undef strlcat
#include <string.h>
#include <t.h>

#pragma GCC diagnostic ignored "-Wformat-truncation"

enum { SIZE = 400 };

static u8 source[SIZE], ours[SIZE], theirs[SIZE];

static void fill(void)
{
    for (int i = 0; i < SIZE; i++) {
        source[i] = t_random() >> 20;
        ours[i] = theirs[i] = t_random() >> 20;
    }
}

static void copying(void)
{
    for (unsigned d = 0; d < 16; d++)
        for (unsigned s = 0; s < 16; s++)
            for (unsigned n = 0; n < 200; n += n < 40 ? 1 : 13) {
                fill();
                CHECK(our_memcpy(ours + d, source + s, n) == ours + d);
                memcpy(theirs + d, source + s, n);
                CHECK(memcmp(ours, theirs, SIZE) == 0);
            }
}

static void moving(void)
{
    for (unsigned step = 0; step < 200000; step++) {
        unsigned n = t_below(t_below(2) ? 40 : 200), d = t_below(SIZE - n + 1);
        unsigned near = d + t_below(20), s = t_below(SIZE - n + 1);
        if (t_below(2))
            s = min(near, SIZE - n);
        if (step % 1000 == 0)
            fill();
        memcpy(theirs, ours, SIZE);
        CHECK(our_memmove(ours + d, ours + s, n) == ours + d);
        memmove(theirs + d, theirs + s, n);
        CHECK(memcmp(ours, theirs, SIZE) == 0);
    }
}

static void setting_and_comparing(void)
{
    for (unsigned step = 0; step < 100000; step++) {
        unsigned n = t_below(200), d = t_below(SIZE - n), byte = t_below(512);
        if (step % 100 == 0)
            fill();
        memcpy(theirs, ours, SIZE);
        CHECK(our_memset(ours + d, byte, n) == ours + d);
        memset(theirs + d, byte, n);
        CHECK(memcmp(ours, theirs, SIZE) == 0);

        ours[t_below(SIZE)] ^= t_below(2);
        unsigned s = t_below(SIZE - n);
        int a = our_memcmp(ours + d, theirs + d, n), b = memcmp(ours + d, theirs + d, n);
        CHECK_EQ((a > 0) - (a < 0), (b > 0) - (b < 0));
        a = our_memcmp(ours + d, theirs + s, n), b = memcmp(ours + d, theirs + s, n);
        CHECK_EQ((a > 0) - (a < 0), (b > 0) - (b < 0));
        CHECK(our_memchr(ours + d, byte, n) == memchr(ours + d, byte & 0xff, n));
    }
}

static int sign(int x)
{
    return (x > 0) - (x < 0);
}

/* Exactly as large as the string, so that a look too far is seen. */
static char *random_string(unsigned max)
{
    unsigned n = t_below(max);
    char *s = malloc(n + 1);
    for (unsigned i = 0; i < n; i++)
        s[i] = t_below(20) ? 'a' + (int)t_below(3) : 128 + (int)t_below(100);
    s[n] = '\0';
    return s;
}

static void strings(void)
{
    for (unsigned step = 0; step < 50000; step++) {
        char *a = random_string(12), *b = random_string(4), room[16], room2[16];
        unsigned n = t_below(14);
        char c = t_below(5) ? 'a' + (int)t_below(4) : 0;
        CHECK_EQ(our_strlen(a), strlen(a));
        CHECK_EQ(our_strnlen(a, n), strnlen(a, n));
        CHECK_EQ(sign(our_strcmp(a, b)), sign(strcmp(a, b)));
        CHECK_EQ(sign(our_strncmp(a, b, n)), sign(strncmp(a, b, n)));
        CHECK(our_strchr(a, c) == strchr(a, c));
        CHECK(our_strrchr(a, c) == strrchr(a, c));
        CHECK_EQ(our_strlcpy(room, a, n), strlen(a));
        if (n > 0) {
            snprintf(room2, n, "%s", a);
            CHECK(strcmp(room, room2) == 0);
            snprintf(room2, n, "%s%s", room, b);
            size_t whole = strlen(room) + strlen(b);
            CHECK_EQ(our_strlcat(room, b, n), whole);
            CHECK(strcmp(room, room2) == 0);
        }
        free(a);
        free(b);
    }
}

static void concatenating(void)
{
    char room[8] = "abc";
    CHECK_EQ(our_strlcat(room, "de", sizeof(room)), 5);
    CHECK(strcmp(room, "abcde") == 0);
    CHECK_EQ(our_strlcat(room, "fghij", sizeof(room)), 10);
    CHECK(strcmp(room, "abcdefg") == 0);
    CHECK_EQ(our_strlcat(room, "x", 3), 4); /* no terminator within 3 */
    CHECK(strcmp(room, "abcdefg") == 0);
}

static void numbers(void)
{
    static const struct {
        const char *text;
        unsigned base;
        int err;
        u64 value;
        unsigned used;
    } cases[] = {
        {"0", 0, 0, 0, 1},
        {"12a", 0, 0, 12, 2},
        {"0x1F ", 0, 0, 31, 4},
        {"0x", 0, 0, 0, 1},
        {"ff", 16, 0, 255, 2},
        {"0xff", 16, 0, 255, 4},
        {"777", 8, 0, 511, 3},
        {"18446744073709551615", 10, 0, UINT64_MAX, 20},
        {"18446744073709551616", 10, -ERANGE, 0, 20},
        {"99999999999999999999999", 0, -ERANGE, 0, 23},
        {"", 0, -EINVAL, 0, 0},
        {"x", 10, -EINVAL, 0, 0},
        {"-1", 10, -EINVAL, 0, 0},
    };
    for (unsigned i = 0; i < ARRAY_SIZE(cases); i++) {
        const char *at = cases[i].text;
        u64 value = 0;
        CHECK_EQ(str_to_u64(&at, cases[i].base, &value), cases[i].err);
        if (cases[i].err == 0)
            CHECK_EQ(value, cases[i].value);
        CHECK_EQ(at - cases[i].text, cases[i].used);
    }
}

int main(int argc, char **argv)
{
    t_begin(argc, argv);
    RUN(copying);
    RUN(moving);
    RUN(setting_and_comparing);
    RUN(strings);
    RUN(concatenating);
    RUN(numbers);
    return t_done();
}
