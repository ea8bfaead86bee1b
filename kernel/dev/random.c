/* SPDX-License-Identifier: MIT */
/*
 * A generator with fast key erasure: each request runs ChaCha20 (RFC 8439, 2.3) under the
 * current key; the first 32 bytes that come out are the next key, so that nobody who sees the
 * memory later can compute what was given out before. What is stirred in is mixed into the key.
 *
 * Locks: `random_lock`, interrupts off, held for one block at a time.
 */
#include <dev/random.h>

#include <arch/riscv/time.h>
#include <lib/string.h>
#include <sync/spinlock.h>

static struct spinlock random_lock = SPINLOCK_INIT("random");
static u32 key[8];
static u64 counter;

static inline u32 rotate(u32 x, int n)
{
    return x << n | x >> (32 - n);
}

static void quarter_round(u32 *x, int a, int b, int c, int d)
{
    x[a] += x[b];
    x[d] = rotate(x[d] ^ x[a], 16);
    x[c] += x[d];
    x[b] = rotate(x[b] ^ x[c], 12);
    x[a] += x[b];
    x[d] = rotate(x[d] ^ x[a], 8);
    x[c] += x[d];
    x[b] = rotate(x[b] ^ x[c], 7);
}

/* One block of 64 bytes under the current key; the time is part of the nonce. */
static void block_make_locked(u32 out[16])
{
    u64 now = time_ticks();
    u32 in[16] = {0x61707865, 0x3320646e, 0x79622d32, 0x6b206574};

    memcpy(in + 4, key, sizeof(key));
    counter++;
    memcpy(in + 12, &counter, 8);
    memcpy(in + 14, &now, 8);
    memcpy(out, in, sizeof(in));
    for (int i = 0; i < 10; i++) {
        for (int c = 0; c < 4; c++)
            quarter_round(out, c, 4 + c, 8 + c, 12 + c);
        for (int c = 0; c < 4; c++)
            quarter_round(out, c, 4 + (c + 1) % 4, 8 + (c + 2) % 4, 12 + (c + 3) % 4);
    }
    for (int i = 0; i < 16; i++)
        out[i] += in[i];
}

void random_bytes(void *buf, size_t n)
{
    u8 *to = buf;

    while (n > 0) {
        u32 block[16];
        size_t part = min(n, sizeof(block) - sizeof(key));
        u64 state = spin_lock_irqsave(&random_lock);

        block_make_locked(block);
        memcpy(key, block, sizeof(key));
        spin_unlock_irqrestore(&random_lock, state);
        memcpy(to, block + 8, part);
        to += part;
        n -= part;
    }
}

void random_add(const void *data, size_t n)
{
    const u8 *from = data;
    u64 state = spin_lock_irqsave(&random_lock);

    while (n > 0) {
        u32 block[16];
        size_t part = min(n, sizeof(key));

        for (size_t i = 0; i < part; i++)
            ((u8 *)key)[i] ^= from[i];
        block_make_locked(block);
        memcpy(key, block, sizeof(key));
        from += part;
        n -= part;
    }
    spin_unlock_irqrestore(&random_lock, state);
}
