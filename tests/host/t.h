/* SPDX-License-Identifier: MIT */
/*
 * Native tests of kernel code.
 *
 * A test program is one file tests/host/NAME.c. A comment line near its top, `// with:
 * FILE...`, names the kernel files and stubs that are compiled with it. Each test is a
 * function; main() runs them with RUN() and returns t_done(). CHECK() says where it failed and
 * goes on; the sanitizers stop at once. Random numbers come from a seed that is printed on
 * failure and may be given as argument.
 */
#pragma once

#include <lib/types.h>
#include <stdio.h>
#include <stdlib.h>

static unsigned t_n_checks, t_n_failed, t_n_tests;
static const char *t_test = "";
static u64 t_seed = 1, t_state = 1;

#define CHECK(cond)                            \
    do {                                       \
        t_n_checks++;                          \
        if (!(cond)) {                         \
            t_fail(__FILE__, __LINE__, #cond); \
        }                                      \
    } while (0)

/* The same for two integers, which are printed. */
#define CHECK_EQ(a, b)                                                                    \
    do {                                                                                  \
        long long t_a_ = (long long)(a), t_b_ = (long long)(b);                           \
        t_n_checks++;                                                                     \
        if (t_a_ != t_b_) {                                                               \
            t_fail(__FILE__, __LINE__, #a " == " #b);                                     \
            fprintf(stderr, "    %lld (%llx) and %lld (%llx)\n", t_a_, t_a_, t_b_, t_b_); \
        }                                                                                 \
    } while (0)

#define RUN(test)         \
    do {                  \
        t_test = #test;   \
        t_state = t_seed; \
        t_n_tests++;      \
        test();           \
    } while (0)

static inline void t_fail(const char *file, int line, const char *what)
{
    fprintf(stderr, "%s:%d: %s (seed %llu): %s\n", file, line, t_test,
            (unsigned long long)t_seed, what);
    if (++t_n_failed >= 20) {
        fprintf(stderr, "giving up\n");
        exit(1);
    }
}

/* xorshift64*: good enough, and the same everywhere. */
static inline u64 t_random(void)
{
    t_state ^= t_state >> 12;
    t_state ^= t_state << 25;
    t_state ^= t_state >> 27;
    return t_state * 2685821657736338717ULL;
}

/* 0 .. n - 1 */
static inline u64 t_below(u64 n)
{
    return (t_random() >> 16) % n;
}

static inline void t_begin(int argc, char **argv)
{
    if (argc > 1)
        t_seed = strtoull(argv[1], NULL, 0);
    if (t_seed == 0)
        t_seed = 1;
}

static inline int t_done(void)
{
    printf("%u tests, %u checks, %u failed\n", t_n_tests, t_n_checks, t_n_failed);
    return t_n_failed ? 1 : 0;
}
