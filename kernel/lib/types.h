/* SPDX-License-Identifier: MIT */
/*
 * The scalar types and the few macros that every file uses.
 *
 * Typedefs exist only for scalars with a unit. Everything else is spelled `struct x`.
 */
#pragma once

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;
typedef int8_t s8;
typedef int16_t s16;
typedef int32_t s32;
typedef int64_t s64;

typedef u64 paddr_t; /* physical address, bytes */
typedef u64 vaddr_t; /* virtual address, user or kernel, bytes */
typedef u64 pfn_t;   /* physical frame number: paddr >> PAGE_SHIFT */
typedef s64 nsec_t;  /* nanoseconds, of a clock or an interval */

#define must_check             __attribute__((warn_unused_result))
#define noreturn_fn            __attribute__((noreturn))
#define printf_like(fmt, args) __attribute__((format(printf, fmt, args)))
#define always_inline          inline __attribute__((always_inline))
#define no_inline              __attribute__((noinline))
#define likely(x)              __builtin_expect(!!(x), 1)
#define unlikely(x)            __builtin_expect(!!(x), 0)

#ifndef static_assert
#define static_assert _Static_assert
#endif

#define ARRAY_SIZE(a)                   (sizeof(a) / sizeof((a)[0]))
#define container_of(ptr, type, member) ((type *)((char *)(ptr)-offsetof(type, member)))
#define align_down(x, a)                ((x) & ~((__typeof__(x))(a)-1))
#define align_up(x, a)                  align_down((x) + ((__typeof__(x))(a)-1), a)
#define is_aligned(x, a)                (((x) & ((__typeof__(x))(a)-1)) == 0)
#define min(a, b)                          \
    ({                                     \
        __typeof__(a) min_a_ = (a);        \
        __typeof__(b) min_b_ = (b);        \
        min_a_ < min_b_ ? min_a_ : min_b_; \
    })
#define max(a, b)                          \
    ({                                     \
        __typeof__(a) max_a_ = (a);        \
        __typeof__(b) max_b_ = (b);        \
        max_a_ > max_b_ ? max_a_ : max_b_; \
    })

#define KiB          1024UL
#define MiB          (1024UL * KiB)
#define GiB          (1024UL * MiB)

#define NSEC_PER_SEC 1000000000L
