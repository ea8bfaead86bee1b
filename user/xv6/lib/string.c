/* SPDX-License-Identifier: MIT */
/* Strings, memory, and lines from the terminal. The compiler may call memcpy, memmove, memset
 * and memcmp by itself, so their arguments must suit it as well as xv6's declarations. */
#include "sys.h"
#include "user/user.h"

/* Keeps the compiler from making a loop in memset a call of memset. */
#define NO_LOOP_PATTERNS __attribute__((optimize("no-tree-loop-distribute-patterns")))

char *strcpy(char *to, const char *from)
{
    char *start = to;

    while ((*to++ = *from++))
        ;
    return start;
}

uint strlen(const char *s)
{
    const char *end = s;

    while (*end)
        end++;
    return (uint)(end - s);
}

int strcmp(const char *a, const char *b)
{
    for (; *a && *a == *b; a++)
        b++;
    return (uchar)*a - (uchar)*b;
}

char *strchr(const char *s, char c)
{
    for (; *s; s++) {
        if (*s == c)
            return (char *)s;
    }
    return 0;
}

NO_LOOP_PATTERNS void *memset(void *to, int c, uint n)
{
    uchar *at = to;

    for (uint i = 0; i < n; i++)
        at[i] = (uchar)c;
    return to;
}

NO_LOOP_PATTERNS void *memmove(void *to, const void *from, int n)
{
    uchar *t = to;
    const uchar *f = from;

    if (t < f) {
        for (int i = 0; i < n; i++)
            t[i] = f[i];
    } else {
        while (n-- > 0)
            t[n] = f[n];
    }
    return to;
}

NO_LOOP_PATTERNS void *memcpy(void *to, const void *from, uint n)
{
    return memmove(to, from, (int)n);
}

int memcmp(const void *a, const void *b, uint n)
{
    const uchar *x = a, *y = b;

    for (; n > 0; n--, x++, y++) {
        if (*x != *y)
            return *x - *y;
    }
    return 0;
}

int atoi(const char *s)
{
    int n = 0;

    for (; *s >= '0' && *s <= '9'; s++)
        n = n * 10 + (*s - '0');
    return n;
}

/* Reads a line with its end into buf; an empty string at the end of input. */
char *gets(char *buf, int max)
{
    int used = 0;
    char c = 0;

    while (used + 1 < max && c != '\n' && c != '\r') {
        if (read(0, &c, 1) < 1)
            break;
        buf[used++] = c;
    }
    buf[used] = 0;
    return buf;
}
