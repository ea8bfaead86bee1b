/* SPDX-License-Identifier: MIT */
/*
 * malloc and free: one list of free blocks in order of address, the first that fits is taken,
 * neighbours are joined when one is freed. Memory comes from sbrk in pieces of GROW_BYTES and
 * is never given back.
 *
 * The search starts where the last one ended; a program that only allocates finds its block
 * at once.
 */
#include "sys.h"
#include "user/user.h"

enum { GROW_BYTES = 64 * 1024 };

struct block {
    struct block *next; /* in the free list only */
    size_t bytes;       /* with this header */
};

static struct block first = {&first, 0}; /* the list is a ring; this one is never taken */
static struct block *hand = &first;

static bool block_touches(const struct block *low, const struct block *high)
{
    return (const char *)low + low->bytes == (const char *)high;
}

/* The free block behind which b belongs. */
static struct block *place_find(const struct block *b)
{
    struct block *at = hand;

    while (!(at < b && b < at->next)) {
        if (at >= at->next && (at < b || b < at->next))
            break; /* at is the highest one */
        at = at->next;
    }
    return at;
}

static void block_give(struct block *b)
{
    struct block *before = place_find(b), *after = before->next;

    b->next = after;
    if (after != &first && block_touches(b, after)) {
        b->bytes += after->bytes;
        b->next = after->next;
    }
    before->next = b;
    if (before != &first && block_touches(before, b)) {
        before->bytes += b->bytes;
        before->next = b->next;
    }
    hand = before;
}

static bool heap_more(size_t bytes)
{
    size_t n = bytes < GROW_BYTES ? GROW_BYTES : bytes;
    struct block *b;

    if (n > 0x7fffffff)
        return 0;
    b = (struct block *)sbrk((int)n);
    if ((char *)b == SBRK_ERROR)
        return 0;
    b->bytes = n;
    block_give(b);
    return 1;
}

/* Takes `bytes` out of the block behind `before`, from its end when some remains. */
static struct block *block_take(struct block *before, size_t bytes)
{
    struct block *b = before->next;

    hand = before;
    if (b->bytes == bytes) {
        before->next = b->next;
        return b;
    }
    b->bytes -= bytes;
    b = (struct block *)((char *)b + b->bytes);
    b->bytes = bytes;
    return b;
}

void *malloc(uint n)
{
    size_t unit = sizeof(struct block);
    size_t bytes = ((size_t)n + unit - 1) / unit * unit + unit;

    for (;;) {
        struct block *before = hand;

        do {
            if (before->next->bytes >= bytes)
                return block_take(before, bytes) + 1;
            before = before->next;
        } while (before != hand);
        if (!heap_more(bytes))
            return 0;
    }
}

void free(void *p)
{
    if (p)
        block_give((struct block *)p - 1);
}
