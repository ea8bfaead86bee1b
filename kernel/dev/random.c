/* SPDX-License-Identifier: MIT */
/*
 * A generator with fast key erasure: a refill runs ChaCha20 (RFC 8439, 2.3) under the current
 * key; the first 32 bytes that come out are the next key, the rest is a pool that requests take
 * from, erased as it is given out. So nobody who sees the memory later can compute what was
 * given out before. What is stirred in is mixed into the key and empties the pool.
 *
 * Locks: `random_lock`, interrupts off, held for one refill at a time.
 */
#include <dev/random.h>

#include <arch/riscv/time.h>
#include <lib/string.h>
#include <sync/spinlock.h>

#define KEY_SIZE    32u
#define BLOCK_SIZE  64u
#define POOL_BLOCKS 8u

static struct spinlock random_lock = SPINLOCK_INIT("random");
static u32 key[KEY_SIZE / 4];                                         /* random_lock */
static u64 counter;                                                   /* random_lock */
static u8 pool[POOL_BLOCKS * BLOCK_SIZE] __attribute__((aligned(8))); /* random_lock */
static size_t n_pooled; /* random_lock: bytes left, at the end of the pool */

static always_inline u32 rotate(u32 x, int n)
{
    return x << n | x >> (32 - n);
}

static always_inline void quarter_round(u32 *a, u32 *b, u32 *c, u32 *d)
{
    *a += *b;
    *d = rotate(*d ^ *a, 16);
    *c += *d;
    *b = rotate(*b ^ *c, 12);
    *a += *b;
    *d = rotate(*d ^ *a, 8);
    *c += *d;
    *b = rotate(*b ^ *c, 7);
}

/* One block of 64 bytes under the current key; the time is part of the nonce. */
static void block_make_locked(u32 out[16])
{
    u64 now = time_ticks();
    u32 in[16] = {0x61707865, 0x3320646e, 0x79622d32, 0x6b206574}, x[16];

    memcpy(in + 4, key, sizeof(key));
    counter++;
    memcpy(in + 12, &counter, 8);
    memcpy(in + 14, &now, 8);
    memcpy(x, in, sizeof(in));
    for (int i = 0; i < 10; i++) {
        quarter_round(&x[0], &x[4], &x[8], &x[12]);
        quarter_round(&x[1], &x[5], &x[9], &x[13]);
        quarter_round(&x[2], &x[6], &x[10], &x[14]);
        quarter_round(&x[3], &x[7], &x[11], &x[15]);
        quarter_round(&x[0], &x[5], &x[10], &x[15]);
        quarter_round(&x[1], &x[6], &x[11], &x[12]);
        quarter_round(&x[2], &x[7], &x[8], &x[13]);
        quarter_round(&x[3], &x[4], &x[9], &x[14]);
    }
    for (int i = 0; i < 16; i++)
        out[i] = x[i] + in[i];
}

static void refill_locked(void)
{
    for (u32 i = 0; i < POOL_BLOCKS; i++)
        block_make_locked((u32 *)(pool + i * BLOCK_SIZE));
    memcpy(key, pool, KEY_SIZE);
    memset(pool, 0, KEY_SIZE);
    n_pooled = sizeof(pool) - KEY_SIZE;
}

void random_bytes(void *buf, size_t n)
{
    u8 *to = buf;

    while (n > 0) {
        u64 state = spin_lock_irqsave(&random_lock);

        if (n_pooled == 0)
            refill_locked();
        size_t part = min(n, n_pooled);
        u8 *from = pool + sizeof(pool) - n_pooled;

        memcpy(to, from, part);
        memset(from, 0, part);
        n_pooled -= part;
        spin_unlock_irqrestore(&random_lock, state);
        to += part;
        n -= part;
    }
}

void random_add(const void *data, size_t n)
{
    const u8 *from = data;
    u64 state = spin_lock_irqsave(&random_lock);

    while (n > 0) {
        u32 block[BLOCK_SIZE / 4];
        size_t part = min(n, sizeof(key));

        for (size_t i = 0; i < part; i++)
            ((u8 *)key)[i] ^= from[i];
        block_make_locked(block);
        memcpy(key, block, sizeof(key));
        from += part;
        n -= part;
    }
    n_pooled = 0;
    spin_unlock_irqrestore(&random_lock, state);
}
