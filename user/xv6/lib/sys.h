/* SPDX-License-Identifier: MIT */
/*
 * The bottom of the library: Linux's system calls, straight.
 *
 * Everything above works on both kernels because it only makes calls of this ABI. Rules:
 *
 *   LIB-1  A pointer of the program is touched by the kernel first. xv6 answers a bad pointer
 *          with -1; a library that followed it would end the program instead. Hence
 *          user_string() and user_writable(), which ask the kernel without doing anything.
 *   LIB-2  No state besides the heap's bounds: descriptors, positions and children belong to
 *          the kernel, so fork, dup and exec need no care.
 *   LIB-3  Little stack: a program has one page of it (USERSTACK).
 */
#ifndef XV6_LIB_SYS_H
#define XV6_LIB_SYS_H

#include <asm/unistd.h>

#include "kernel/types.h"

typedef __SIZE_TYPE__ size_t;
typedef _Bool bool;

/* For calls that xv6 does not have: a program may define its own function of that name. */
#define WEAK __attribute__((weak))

static inline long sys6(long nr, long a, long b, long c, long d, long e, long f)
{
    register long a0 __asm__("a0") = a;
    register long a1 __asm__("a1") = b;
    register long a2 __asm__("a2") = c;
    register long a3 __asm__("a3") = d;
    register long a4 __asm__("a4") = e;
    register long a5 __asm__("a5") = f;
    register long a7 __asm__("a7") = nr;

    __asm__ volatile("ecall"
                     : "+r"(a0)
                     : "r"(a1), "r"(a2), "r"(a3), "r"(a4), "r"(a5), "r"(a7)
                     : "memory");
    return a0;
}

static inline long sys3(long nr, long a, long b, long c)
{
    register long a0 __asm__("a0") = a;
    register long a1 __asm__("a1") = b;
    register long a2 __asm__("a2") = c;
    register long a7 __asm__("a7") = nr;

    __asm__ volatile("ecall" : "+r"(a0) : "r"(a1), "r"(a2), "r"(a7) : "memory");
    return a0;
}

/* xv6 has no errno: a failure is -1. */
static inline long sys_result(long r)
{
    return r < 0 ? -1 : r;
}

/* Whether the kernel can read a string at s. */
bool user_string(const char *s);

/* Whether the kernel can write n bytes (8 at least) at p. */
bool user_writable(void *p, unsigned long n);

/* Whether the kernel can read a word at p. */
bool user_readable(const void *p);

/* Gives back a descriptor beyond the limit of NOFILE; -1 for it and for every error. */
int descriptor_limit(long fd);

/* Fills records of a directory from the current position. Returns bytes, 0 at the end, -1. */
long directory_read(int fd, void *buf, long n);

/* The start of the heap, told once by the start of the program. */
void heap_begin(uint64 start);

#endif
