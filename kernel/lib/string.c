/* SPDX-License-Identifier: MIT */
/*
 * Memory and string functions.
 *
 * The copy and fill loops move aligned 64-bit words, eight to a turn; a source that stands
 * differently in its words than the destination is read in aligned words and shifted into
 * place, because unaligned loads may be emulated by the firmware at hundreds of instructions
 * each.
 */
#include <lib/string.h>

#include <linux/errno.h>

/* Keep the compiler from recognising the loops below as what they implement. */
#ifndef __clang__
#pragma GCC optimize("no-tree-loop-distribute-patterns")
#endif

#define WORD sizeof(word_t)

typedef u64 __attribute__((may_alias)) word_t;

static inline bool is_word_aligned(const void *p)
{
    return ((uintptr_t)p & (WORD - 1)) == 0;
}

/* Both aligned. Copies n / 8 words upwards. */
static inline void copy_words(word_t *d, const word_t *s, size_t n)
{
    for (word_t *end = d + n / (8 * WORD) * 8; d != end; d += 8, s += 8) {
        word_t a = s[0], b = s[1], c = s[2], e = s[3];
        word_t f = s[4], g = s[5], h = s[6], i = s[7];
        d[0] = a, d[1] = b, d[2] = c, d[3] = e;
        d[4] = f, d[5] = g, d[6] = h, d[7] = i;
    }
    if (n & (4 * WORD)) {
        word_t a = s[0], b = s[1], c = s[2], e = s[3];
        d[0] = a, d[1] = b, d[2] = c, d[3] = e;
        d += 4, s += 4;
    }
    if (n & (2 * WORD)) {
        word_t a = s[0], b = s[1];
        d[0] = a, d[1] = b;
        d += 2, s += 2;
    }
    if (n & WORD)
        *d = *s;
}

/* d aligned, s not. Copies n / 8 words upwards, reading only words that hold bytes of s[0..n).
 */
static inline void copy_shifted(word_t *d, const u8 *s, size_t n)
{
    unsigned off = (uintptr_t)s & (WORD - 1);
    unsigned right = off * 8, left = 64 - right;
    const word_t *w = (const word_t *)(s - off);
    word_t low = *w++;
    for (; n >= WORD; n -= WORD) {
        word_t high = *w++;
        *d++ = low >> right | high << left;
        low = high;
    }
}

/* Short, or not aligned. */
#ifdef __SANITIZE_ADDRESS__
__attribute__((no_sanitize_address)) /* the words at both ends hold strangers' bytes as well */
#endif
static void *no_inline
copy_slowly(void *dst, const void *src, size_t n)
{
    u8 *d = dst;
    const u8 *s = src;
    if (n >= 2 * WORD) {
        for (; !is_word_aligned(d); n--)
            *d++ = *s++;
        size_t words = n & ~(WORD - 1);
        if (is_word_aligned(s))
            copy_words((word_t *)d, (const word_t *)s, words);
        else
            copy_shifted((word_t *)d, s, words);
        d += words, s += words, n -= words;
    }
    while (n--)
        *d++ = *s++;
    return dst;
}

/* Correct for overlapping areas too if dst is below src: whatever is stored lies below all that
 * is still to be loaded. */
static always_inline void *copy_upwards(void *dst, const void *src, size_t n)
{
    if (n < 2 * WORD || !is_word_aligned(dst) || !is_word_aligned(src))
        return copy_slowly(dst, src, n);
    copy_words(dst, src, n);
    for (size_t i = n & ~(WORD - 1); i < n; i++)
        ((u8 *)dst)[i] = ((const u8 *)src)[i];
    return dst;
}

void *memcpy(void *restrict dst, const void *restrict src, size_t n)
{
    return copy_upwards(dst, src, n);
}

static void copy_backwards(u8 *d, const u8 *s, size_t n)
{
    if ((((uintptr_t)d ^ (uintptr_t)s) & (WORD - 1)) == 0) {
        for (; n && !is_word_aligned(d + n); n--)
            d[n - 1] = s[n - 1];
        for (; n >= WORD; n -= WORD)
            *(word_t *)(d + n - WORD) = *(const word_t *)(s + n - WORD);
    }
    for (; n; n--)
        d[n - 1] = s[n - 1];
}

void *memmove(void *dst, const void *src, size_t n)
{
    uintptr_t d = (uintptr_t)dst, s = (uintptr_t)src;
    if (d <= s || d >= s + n)
        return copy_upwards(dst, src, n);
    copy_backwards(dst, src, n);
    return dst;
}

/* w aligned. Fills n / 8 words upwards. Returns: their end. */
static inline word_t *fill_words(word_t *w, word_t fill, size_t n)
{
    for (word_t *end = w + n / (8 * WORD) * 8; w != end; w += 8) {
        w[0] = fill, w[1] = fill, w[2] = fill, w[3] = fill;
        w[4] = fill, w[5] = fill, w[6] = fill, w[7] = fill;
    }
    if (n & (4 * WORD))
        w[0] = fill, w[1] = fill, w[2] = fill, w[3] = fill, w += 4;
    if (n & (2 * WORD))
        w[0] = fill, w[1] = fill, w += 2;
    if (n & WORD)
        *w++ = fill;
    return w;
}

void *memset(void *dst, int byte, size_t n)
{
    u8 *d = dst;
    if (likely(n >= 2 * WORD)) {
        for (; unlikely(!is_word_aligned(d)); n--)
            *d++ = byte;
        d = (u8 *)fill_words((word_t *)d, (u8)byte * 0x0101010101010101ULL, n);
        n &= WORD - 1;
    }
    for (; unlikely(n); n--)
        *d++ = byte;
    return dst;
}

int memcmp(const void *a, const void *b, size_t n)
{
    const u8 *x = a, *y = b;
    if (is_word_aligned(x) && is_word_aligned(y)) {
        for (; n >= WORD && *(const word_t *)x == *(const word_t *)y; n -= WORD)
            x += WORD, y += WORD;
    }
    for (; n; n--, x++, y++)
        if (*x != *y)
            return *x - *y;
    return 0;
}

void *memchr(const void *s, int byte, size_t n)
{
    for (const u8 *p = s; n; n--, p++)
        if (*p == (u8)byte)
            return (void *)p;
    return NULL;
}

size_t strlen(const char *s)
{
    const char *end = s;
    while (*end)
        end++;
    return end - s;
}

size_t strnlen(const char *s, size_t max)
{
    size_t n = 0;
    while (n < max && s[n])
        n++;
    return n;
}

int strcmp(const char *a, const char *b)
{
    while (*a && *a == *b)
        a++, b++;
    return (u8)*a - (u8)*b;
}

int strncmp(const char *a, const char *b, size_t max)
{
    for (; max; max--, a++, b++)
        if (*a != *b || !*a)
            return (u8)*a - (u8)*b;
    return 0;
}

char *strchr(const char *s, int c)
{
    for (;; s++) {
        if (*s == (char)c)
            return (char *)s;
        if (!*s)
            return NULL;
    }
}

char *strrchr(const char *s, int c)
{
    const char *found = NULL;
    for (;; s++) {
        if (*s == (char)c)
            found = s;
        if (!*s)
            return (char *)found;
    }
}

size_t strlcpy(char *dst, const char *src, size_t size)
{
    size_t n = strlen(src);
    if (size > 0) {
        size_t fits = min(n, size - 1);
        memcpy(dst, src, fits);
        dst[fits] = '\0';
    }
    return n;
}

size_t strlcat(char *dst, const char *src, size_t size)
{
    size_t n = strnlen(dst, size);
    return n + strlcpy(dst + n, src, size - n);
}

static unsigned digit_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'Z')
        return c - 'A' + 10;
    return 36;
}

int str_to_u64(const char **s, unsigned base, u64 *out)
{
    const char *at = *s;
    bool has_prefix = at[0] == '0' && (at[1] == 'x' || at[1] == 'X') && digit_value(at[2]) < 16;
    if (base == 0)
        base = has_prefix ? 16 : 10;
    if (base == 16 && has_prefix)
        at += 2;
    if (digit_value(*at) >= base)
        return -EINVAL;

    u64 value = 0;
    int err = 0;
    for (; digit_value(*at) < base; at++) {
        if (__builtin_mul_overflow(value, (u64)base, &value) ||
            __builtin_add_overflow(value, (u64)digit_value(*at), &value))
            err = -ERANGE;
    }
    *s = at;
    *out = value;
    return err;
}
