// SPDX-License-Identifier: MIT
// ksnprintf() against snprintf(): each conversion with random flags, widths and precisions.
// with: kernel/lib/printf.c
#include <lib/printf.h>
#include <limits.h>
#include <string.h>
#include <t.h>

#pragma GCC diagnostic ignored "-Wformat"
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
#pragma GCC diagnostic ignored "-Wformat-security"
#pragma GCC diagnostic ignored "-Wformat-truncation"
#pragma GCC diagnostic ignored "-Wformat-overflow"

#define SAME(...)                                                                  \
    do {                                                                           \
        char ours_[200], theirs_[200];                                             \
        int n_ = ksnprintf(ours_, sizeof(ours_), __VA_ARGS__);                     \
        CHECK_EQ(n_, snprintf(theirs_, sizeof(theirs_), __VA_ARGS__));             \
        CHECK(strcmp(ours_, theirs_) == 0);                                        \
        if (strcmp(ours_, theirs_) != 0)                                           \
            fprintf(stderr, "    \"%s\", but should be \"%s\"\n", ours_, theirs_); \
    } while (0)

static void plain(void)
{
    SAME("%s", "");
    SAME("a%%b");
    SAME("%d %i %u", -5, 7, 4000000000u);
    SAME("%x %X %o", 0xbeef, 0xbeef, 0755);
    SAME("%ld %lu %lx %llx", LONG_MIN, ULONG_MAX, ULONG_MAX, ULLONG_MAX);
    SAME("%zu %zd %tx %jd", sizeof(int), (ssize_t)-3, (ptrdiff_t)77, (intmax_t)-9);
    SAME("%hhd %hhu %hd %hu", 200, 300, 40000, 70000);
    SAME("%c%c", 'x', 'y');
    SAME("%5s|%-5s|%.2s|%5.1s|%.*s", "abc", "abc", "abc", "abc", 2, "xyz");
    SAME("%*d|%-*d|%*d", 6, 42, 6, 42, -6, 42);
    SAME("%.0d|%.0d|%.3d|%08d|%+d|% d", 0, 1, 7, -42, 5, 5);
    SAME("%#x %#X %#x", 255, 255, 0);
    SAME("%p", (void *)0x1234);
    SAME("%d", INT_MIN);
}

static void random_numbers(void)
{
    for (int step = 0; step < 100000; step++) {
        char fmt[32], *at = fmt;
        *at++ = '%';
        for (const char *flag = "-0+ "; *flag; flag++)
            if (t_below(3) == 0)
                *at++ = *flag;
        if (t_below(2))
            at += sprintf(at, "%d", (int)t_below(30) + 1);
        if (t_below(3) == 0)
            at += sprintf(at, ".%d", (int)t_below(25));
        u64 value = t_random() >> t_below(64);
        int is_long = t_below(2);
        sprintf(at, "%s%c", is_long ? "l" : "", "diuxXo"[t_below(6)]);
        if (is_long)
            SAME(fmt, value);
        else
            SAME(fmt, (unsigned)value);
    }
}

static void cutting(void)
{
    for (size_t size = 0; size < 12; size++) {
        char ours[16], theirs[16];
        memset(ours, '#', sizeof(ours));
        memset(theirs, '#', sizeof(theirs));
        CHECK_EQ(ksnprintf(ours, size, "%s-%d", "abcd", 123),
                 snprintf(theirs, size, "%s-%d", "abcd", 123));
        CHECK(memcmp(ours, theirs, sizeof(ours)) == 0);
        CHECK_EQ(kscnprintf(ours, size, "%s-%d", "abcd", 123), size ? min(size - 1, 8UL) : 0);
    }
    CHECK_EQ(ksnprintf(NULL, 0, "%d", 12345), 5);
}

static void odd(void)
{
    char text[64];
    ksnprintf(text, sizeof(text), "%s", (char *)NULL);
    CHECK(strcmp(text, "(null)") == 0);
    ksnprintf(text, sizeof(text), "a%qb%d", 5);
    CHECK(strcmp(text, "a%qb%d") == 0);
    ksnprintf(text, sizeof(text), "end%");
    CHECK(strcmp(text, "end%") == 0);
    ksnprintf(text, sizeof(text), "end%-08l");
    CHECK(strcmp(text, "end%-08l") == 0);
    ksnprintf(text, sizeof(text), "%p", NULL);
    CHECK(strcmp(text, "0x0") == 0);
}

int main(int argc, char **argv)
{
    t_begin(argc, argv);
    RUN(plain);
    RUN(random_numbers);
    RUN(cutting);
    RUN(odd);
    return t_done();
}
