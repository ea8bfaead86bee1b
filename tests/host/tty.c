/* SPDX-License-Identifier: MIT */
// with: kernel/proc/tty_ldisc.c kernel/proc/tty_output.c
/*
 * The line discipline: keys in, lines and screen out.
 *
 * `screen` gathers everything echoed or written; keys() types, and line() reads as read(2)
 * would. The expectations are those of termios(3) and of Linux's N_TTY.
 */
#include <proc/tty_ldisc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct ldisc d;
static char screen[65536];
static size_t n_screen;
static enum ldisc_event last_event;
static int n_failed;
static const char *test_name;

static void put(struct ldisc *ldisc, const u8 *bytes, size_t n)
{
    memcpy(screen + n_screen, bytes, n);
    n_screen += n;
    screen[n_screen] = '\0';
}

static void print_bytes(const char *what, const char *s, size_t n)
{
    printf("#   %s \"", what);
    for (size_t i = 0; i < n; i++)
        printf(s[i] >= 32 && s[i] < 127 ? "%c" : "\\x%02x", (unsigned char)s[i]);
    printf("\"\n");
}

static void expect_bytes(int line, const char *got, size_t n_got, const char *want, size_t n)
{
    if (n_got == n && memcmp(got, want, n) == 0)
        return;
    printf("# %s, line %d\n", test_name, line);
    print_bytes("got ", got, n_got);
    print_bytes("want", want, n);
    n_failed++;
}

static void expect_true(int line, bool ok, const char *what)
{
    if (ok)
        return;
    printf("# %s, line %d: not %s\n", test_name, line, what);
    n_failed++;
}
#define EXPECT(cond) expect_true(__LINE__, cond, #cond)

static void keys_n(const char *s, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        enum ldisc_event event = ldisc_input(&d, (u8)s[i]);

        if (event != LDISC_NONE)
            last_event = event;
    }
}
#define KEYS(s) keys_n(s, sizeof(s) - 1)

/* What the screen has shown since the last look. */
#define SCREEN(want)                                                      \
    do {                                                                  \
        expect_bytes(__LINE__, screen, n_screen, want, sizeof(want) - 1); \
        n_screen = 0;                                                     \
    } while (0)

static void expect_read(int line, size_t size, const char *want, size_t n, bool want_done)
{
    char buf[LDISC_SIZE + 1];
    bool done;
    size_t got = ldisc_read(&d, (u8 *)buf, size, &done);

    expect_bytes(line, buf, got, want, n);
    expect_true(line, done == want_done, want_done ? "end of line" : "open end");
}
#define READS(size, want, done) expect_read(__LINE__, size, want, sizeof(want) - 1, done)
#define LINE(want)              READS(LDISC_SIZE, want, true)

static void set_flags(tcflag_t iflag, tcflag_t oflag, tcflag_t lflag)
{
    struct ktermios t = d.termios;

    t.c_iflag = iflag;
    t.c_oflag = oflag;
    t.c_lflag = lflag;
    ldisc_set_termios(&d, &t);
}

static void set_key(unsigned index, cc_t byte)
{
    struct ktermios t = d.termios;

    t.c_cc[index] = byte;
    ldisc_set_termios(&d, &t);
}

#define I (ICRNL | IXON)
#define O (OPOST | ONLCR)
#define L (ISIG | ICANON | ECHO | ECHOE | ECHOK | ECHOCTL | ECHOKE | IEXTEN)

static void test_lines(void)
{
    EXPECT(!ldisc_is_readable(&d, 1));
    KEYS("hello");
    EXPECT(!ldisc_is_readable(&d, 1) && ldisc_n_readable(&d) == 0);
    KEYS("\r");
    EXPECT(ldisc_is_readable(&d, 1) && ldisc_n_readable(&d) == 6);
    SCREEN("hello\r\n");
    KEYS("two\n");
    READS(2, "he", false);
    LINE("llo\n");
    LINE("two\n");
    EXPECT(!ldisc_is_readable(&d, 1));
}

static void test_erase(void)
{
    KEYS("ab\x7f");
    SCREEN("ab\b \b");
    KEYS("\x7f\x7f\x7f");
    SCREEN("\b \b");
    KEYS("x\x01\x7f");
    SCREEN("x^A\b \b\b \b");
    KEYS("y\n");
    LINE("xy\n");
    KEYS("z\x7f\n"); /* does not reach into the finished line */
    KEYS("\x7f\n");
    LINE("\n");
    LINE("\n");
}

static void test_erase_tab(void)
{
    KEYS("abc\t\x7f");
    SCREEN("abc\t\b\b\b\b\b");
    KEYS("\x15");
    SCREEN("\b \b\b \b\b \b");
    ldisc_output(&d, (const u8 *)"$ ", 2);
    KEYS("ab\t\x7f"); /* the prompt counts */
    SCREEN("$ ab\t\b\b\b\b");
    KEYS("\t\t\x7f");
    SCREEN("\t\t\b\b\b\b\b\b\b\b");
    KEYS("\x01\t\x7f");
    SCREEN("^A\t\b\b\b\b\b\b");
}

static void test_word_erase(void)
{
    KEYS("one two  \x17");
    SCREEN("one two  \b \b\b \b\b \b\b \b\b \b");
    KEYS("\x17\x17\n");
    LINE("\n");
    KEYS("foo-bar\x17\n");
    LINE("foo-\n");
}

static void test_kill(void)
{
    KEYS("abc\x15");
    SCREEN("abc\b \b\b \b\b \b");
    set_flags(I, O, L & ~ECHOKE);
    KEYS("abc\x15");
    SCREEN("abc^U\r\n");
    set_flags(I, O, L & ~(ECHOKE | ECHOK));
    KEYS("abc\x15");
    SCREEN("abc^U");
    set_flags(I, O, L & ~ECHO);
    KEYS("abc\x15q\n");
    SCREEN("");
    LINE("q\n");
}

static void test_reprint(void)
{
    KEYS("a\x02\x12");
    SCREEN("a^B^R\r\na^B");
    KEYS("\n");
    LINE("a\x02\n");
}

static void test_literal(void)
{
    KEYS("a\x16\x03\x16\x7f\n");
    SCREEN("a^\b^C^\b^?\r\n");
    EXPECT(last_event == LDISC_NONE);
    LINE("a\x03\x7f\n");
}

static void test_eof(void)
{
    KEYS("\x04");
    EXPECT(ldisc_is_readable(&d, 1) && ldisc_n_readable(&d) == 0);
    SCREEN("");
    LINE("");
    KEYS("part\x04");
    EXPECT(ldisc_n_readable(&d) == 4);
    LINE("part");
    EXPECT(!ldisc_is_readable(&d, 1));
    KEYS("exact\x04next\n");
    READS(5, "exact", true); /* the end of file belonged to this read */
    LINE("next\n");
    KEYS("\x04\x04");
    LINE("");
    LINE("");
}

static void test_eol(void)
{
    set_key(VEOL, ';');
    KEYS("a;b\n");
    SCREEN("a;b\r\n");
    LINE("a;");
    LINE("b\n");
}

static void test_signals(void)
{
    KEYS("abc\x03");
    EXPECT(last_event == LDISC_INTR);
    SCREEN("abc^C");
    KEYS("q\n");
    LINE("q\n"); /* abc was flushed */
    KEYS("\x1a");
    EXPECT(last_event == LDISC_SUSP);
    KEYS("\x1c");
    EXPECT(last_event == LDISC_QUIT);
    n_screen = 0;
    set_flags(I, O, L | NOFLSH);
    KEYS("abc\x03\n");
    LINE("abc\n");
    set_flags(I, O, L & ~ISIG);
    last_event = LDISC_NONE;
    KEYS("\x03\n");
    EXPECT(last_event == LDISC_NONE);
    LINE("\x03\n");
}

static void test_flow(void)
{
    KEYS("\x13");
    EXPECT(d.stopped);
    KEYS("a");
    EXPECT(d.stopped);
    KEYS("\x11");
    EXPECT(!d.stopped);
    SCREEN("a");
    set_flags(I | IXANY, O, L);
    KEYS("\x13z");
    EXPECT(!d.stopped);
    KEYS("\x13");
    set_flags(I & ~IXON, O, L);
    EXPECT(!d.stopped);
    KEYS("\x13\n");
    LINE("az\x13\n");
}

static void test_input_flags(void)
{
    set_flags(IGNCR, O, L);
    KEYS("a\rb\n");
    LINE("ab\n");
    set_flags(INLCR, O, L);
    KEYS("a\n\x04");
    LINE("a\r");
    set_flags(ISTRIP, O, L);
    KEYS("\xe1\n");
    LINE("a\n");
    set_flags(0, O, L);
    KEYS("a\r\n");
    LINE("a\r\n");
}

static void test_output_flags(void)
{
#define OUTPUT(s) ldisc_output(&d, (const u8 *)(s), sizeof(s) - 1)
    OUTPUT("a\nb\r\n");
    SCREEN("a\r\nb\r\r\n");
    set_flags(I, 0, L);
    OUTPUT("a\nb\t");
    SCREEN("a\nb\t");
    set_flags(I, OPOST | XTABS, L);
    OUTPUT("\rab\tc\t\td\n");
    SCREEN("\rab      c               d\n");
    set_flags(I, OPOST | OCRNL, L);
    OUTPUT("a\r");
    SCREEN("a\n");
    set_flags(I, OPOST | ONOCR, L);
    d.column = 0;
    OUTPUT("\ra\r\r");
    SCREEN("a\r");
    set_flags(I, OPOST | OLCUC, L);
    OUTPUT("aZ1");
    SCREEN("AZ1");
}

static void test_echo_flags(void)
{
    set_flags(I, O, (L & ~ECHO) | ECHONL);
    KEYS("ab\n");
    SCREEN("\r\n");
    set_flags(I, O, L & ~ECHOCTL);
    KEYS("\x01\x7f");
    SCREEN("\x01");
    set_flags(I, O, L & ~ECHOE);
    KEYS("a\x7f");
    SCREEN("a^?");
    KEYS("\n");
    n_screen = 0;
    set_flags(I, O, L | ECHOPRT);
    KEYS("ab\x7f\x7f");
    SCREEN("ab\\ba");
    KEYS("c");
    SCREEN("/c");
}

static void test_utf8(void)
{
    set_flags(I | IUTF8, O, L);
    KEYS("a\xc3\xa4\x7f");
    SCREEN("a\xc3\xa4\b \b");
    KEYS("\xe2\x82\xac\t\x7f");
    SCREEN("\xe2\x82\xac\t\b\b\b\b\b\b");
    KEYS("\n");
    LINE("a\xe2\x82\xac\n");
    KEYS("\xa4\x7f\n"); /* no beginning to be found: stays */
    LINE("\xa4\n");
}

static void test_raw(void)
{
    set_flags(0, 0, 0);
    KEYS("a");
    EXPECT(ldisc_is_readable(&d, 1) && !ldisc_is_readable(&d, 2));
    KEYS("\x03\x04\x7f\r");
    SCREEN("");
    EXPECT(ldisc_n_readable(&d) == 5);
    READS(2, "a\x03", false);
    READS(100, "\x04\x7f\r", false);
    EXPECT(!ldisc_is_readable(&d, 1));
}

static void test_mode_switch(void)
{
    KEYS("half");
    set_flags(I, O, L & ~ICANON);
    EXPECT(ldisc_is_readable(&d, 4));
    READS(2, "ha", false);
    set_flags(I, O, L);
    EXPECT(ldisc_is_readable(&d, 1));
    LINE("lf");
    KEYS("more\n");
    LINE("more\n");
    set_flags(I, O, L & ~ICANON);
    set_flags(I, O, L);
    EXPECT(!ldisc_is_readable(&d, 1));
}

static void test_full(void)
{
    set_flags(I | IMAXBEL, O, L & ~ECHO);
    for (unsigned i = 0; i < LDISC_SIZE + 10; i++) {
        EXPECT(ldisc_has_room(&d));
        KEYS("x");
    }
    SCREEN("\a\a\a\a\a\a\a\a\a\a\a");
    KEYS("\n");
    EXPECT(ldisc_n_readable(&d) == LDISC_SIZE);
    EXPECT(!ldisc_has_room(&d));
    char buf[LDISC_SIZE];
    bool done;
    EXPECT(ldisc_read(&d, (u8 *)buf, sizeof(buf), &done) == LDISC_SIZE && done);
    EXPECT(buf[LDISC_SIZE - 1] == '\n' && buf[LDISC_SIZE - 2] == 'x');
    set_flags(I, O, 0);
    while (ldisc_has_room(&d))
        KEYS("y");
    EXPECT(ldisc_n_readable(&d) == LDISC_SIZE - 1);
}

/* The positions run through the ring many times and must agree with a plain queue. */
static void test_wrap(void)
{
    char want[64];

    set_flags(I, O, L & ~ECHO);
    d.head = d.line = d.tail = 0xffffffffu - 100000;
    for (unsigned i = 0; i < 20000; i++) {
        int n = snprintf(want, sizeof(want), "line %u of many\n", i);

        keys_n(want, (size_t)n);
        expect_read(__LINE__, sizeof(want), want, (size_t)n, true);
    }
}

/* Any bytes in any mode: nothing may be touched that is not there (the sanitizers look on). */
static void test_noise(void)
{
    srand(1);
    for (unsigned i = 0; i < 300000; i++) {
        bool done;
        u8 buf[200];

        if (rand() % 500 == 0)
            set_flags((tcflag_t)rand(), (tcflag_t)rand(), (tcflag_t)rand());
        ldisc_input(&d, (u8)(rand() % 4 ? rand() % 32 : rand()));
        n_screen = 0;
        if (rand() % 50 == 0)
            ldisc_read(&d, buf, (size_t)rand() % sizeof(buf), &done);
        EXPECT(d.head - d.tail <= LDISC_SIZE && d.line - d.tail <= d.head - d.tail);
    }
}

int main(void)
{
    static const struct {
        const char *name;
        void (*fn)(void);
    } tests[] = {
        {"lines", test_lines},
        {"erase", test_erase},
        {"erase-tab", test_erase_tab},
        {"word-erase", test_word_erase},
        {"kill", test_kill},
        {"reprint", test_reprint},
        {"literal", test_literal},
        {"eof", test_eof},
        {"eol", test_eol},
        {"signals", test_signals},
        {"flow", test_flow},
        {"input-flags", test_input_flags},
        {"output-flags", test_output_flags},
        {"echo-flags", test_echo_flags},
        {"utf8", test_utf8},
        {"raw", test_raw},
        {"mode-switch", test_mode_switch},
        {"full", test_full},
        {"wrap", test_wrap},
        {"noise", test_noise},
    };
    int n_bad = 0;

    printf("1..%zu\n", sizeof(tests) / sizeof(tests[0]));
    for (size_t i = 0; i < sizeof(tests) / sizeof(tests[0]); i++) {
        test_name = tests[i].name;
        n_screen = 0;
        n_failed = 0;
        last_event = LDISC_NONE;
        ldisc_init(&d, put);
        tests[i].fn();
        n_bad += n_failed > 0;
        printf("%sok %zu - %s\n", n_failed ? "not " : "", i + 1, test_name);
    }
    return n_bad > 0;
}
