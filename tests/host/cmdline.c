// SPDX-License-Identifier: MIT
// The kernel command line.
// with: kernel/lib/cmdline.c kernel/lib/string.c
#include <lib/cmdline.h>
#include <lib/string.h>
#include <t.h>

static const char line[] =
    "  console=ttyS0 quiet init=/bin/sh root=\"a b\" \"x y=1\" init=/sbin/init "
    "mem=64M n=0x10 bad=12q huge=99999999999G e= -- one two=2 \"three 3\"";

static void values(void)
{
    char value[32];
    CHECK(cmdline_get(line, "console", value, sizeof(value)) && str_equal(value, "ttyS0"));
    CHECK(cmdline_get(line, "init", value, sizeof(value)) && str_equal(value, "/sbin/init"));
    CHECK(cmdline_get(line, "root", value, sizeof(value)) && str_equal(value, "a b"));
    CHECK(cmdline_get(line, "x y", value, sizeof(value)) && str_equal(value, "1"));
    CHECK(cmdline_get(line, "e", value, sizeof(value)) && str_equal(value, ""));
    CHECK(!cmdline_get(line, "two", value, sizeof(value)));
    CHECK(cmdline_has(line, "quiet"));
    CHECK(!cmdline_has(line, "qui"));
    CHECK(!cmdline_has(line, "one"));
    CHECK(cmdline_get(line, "init", value, 4) && str_equal(value, "/sb"));
}

static void numbers(void)
{
    CHECK_EQ(cmdline_get_u64(line, "mem", 1), 64 << 20);
    CHECK_EQ(cmdline_get_u64(line, "n", 1), 16);
    CHECK_EQ(cmdline_get_u64(line, "bad", 1), 1);
    CHECK_EQ(cmdline_get_u64(line, "huge", 1), 1);
    CHECK_EQ(cmdline_get_u64(line, "none", 7), 7);
}

static void garbage(void)
{
    for (int step = 0; step < 50000; step++) {
        unsigned n = t_below(600);
        char *text = malloc(n + 1);
        for (unsigned i = 0; i < n; i++)
            text[i] =
                t_below(40) ? "ab=\" -\t1"[t_below(t_below(8) + 1)] : (int)(1 + t_below(255));
        text[n] = '\0';
        const char *at = text;
        struct cmdline_word word;
        while (cmdline_next(&at, &word))
            CHECK(at <= text + n);
        CHECK(at == text + n);
        cmdline_get_u64(text, "a", 0);
        free(text);
    }
}

int main(int argc, char **argv)
{
    t_begin(argc, argv);
    RUN(values);
    RUN(numbers);
    RUN(garbage);
    return t_done();
}
