/* SPDX-License-Identifier: MIT */
/*
 * Memory and strings. Standard names behave as the C standard says; memcpy, memmove, memset and
 * memcmp are also what the compiler calls on its own.
 *
 * Native test programs take the standard ones from their C library.
 */
#pragma once

#include <lib/types.h>

void *memcpy(void *restrict dst, const void *restrict src, size_t n);
void *memmove(void *dst, const void *src, size_t n);
void *memset(void *dst, int byte, size_t n);
int memcmp(const void *a, const void *b, size_t n);
void *memchr(const void *s, int byte, size_t n);

size_t strlen(const char *s);
size_t strnlen(const char *s, size_t max);
int strcmp(const char *a, const char *b);
int strncmp(const char *a, const char *b, size_t max);
char *strchr(const char *s, int c);
char *strrchr(const char *s, int c);

/* Copies what fits and always terminates (if size > 0). Returns: strlen(src); the copy is cut
 * short when that is not less than size. */
size_t strlcpy(char *dst, const char *src, size_t size);
size_t strlcat(char *dst, const char *src, size_t size);

/* Reads digits in base 2..36, or with base 0 by their prefix (0x, 0, none), from *s on and
 * leaves *s behind the last one. Returns: 0, -EINVAL without a digit, -ERANGE when it does not
 * fit. */
int must_check str_to_u64(const char **s, unsigned base, u64 *out);

static inline bool str_equal(const char *a, const char *b)
{
    return strcmp(a, b) == 0;
}
static inline bool str_starts_with(const char *s, const char *prefix)
{
    return strncmp(s, prefix, strlen(prefix)) == 0;
}
