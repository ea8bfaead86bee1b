/* SPDX-License-Identifier: MIT */
/*
 * Assertions state invariants; they are on in debug builds and compile to nothing in release
 * builds. panic() is for broken invariants that no build may survive: it stops the other harts,
 * says who, what, the values, a backtrace with names, the locks held and the last log lines,
 * and ends the machine with exit status 1 (or waits for a debugger / reboots, by `panic=`).
 */
#pragma once

#include <lib/types.h>

void noreturn_fn panic(const char *fmt, ...) printf_like(1, 2);

#ifdef DEBUG
#define assert(cond)                                                                       \
    do {                                                                                   \
        if (unlikely(!(cond)))                                                             \
            panic("%s:%d: %s: assertion failed: %s", __FILE__, __LINE__, __func__, #cond); \
    } while (0)
/* With the values: assert_msg(n == 1, "count %u of frame %lx", n, pfn) */
#define assert_msg(cond, fmt, ...)                                                            \
    do {                                                                                      \
        if (unlikely(!(cond)))                                                                \
            panic("%s:%d: %s: %s: " fmt, __FILE__, __LINE__, __func__, #cond, ##__VA_ARGS__); \
    } while (0)
#else
#define assert(cond)               ((void)sizeof(cond))
#define assert_msg(cond, fmt, ...) ((void)sizeof(cond))
#endif
