/* SPDX-License-Identifier: MIT */
/* Seeded delays: delay.h. One generator per hart (xorshift64*), stirred by the place. */
#include <arch/riscv/hart.h>
#include <arch/riscv/time.h>
#include <debug/delay.h>

#ifdef DEBUG
#define DELAY_ONE_IN 16
#define DELAY_MAX    (20 * 1000) /* nsec */

static u64 states[MAX_HARTS];

void delay_seed(u64 seed)
{
    for (u32 i = 0; i < MAX_HARTS; i++)
        states[i] = seed ? seed * 0x9e3779b97f4a7c15 + i + 1 : 0;
}

void delay_point(u32 id)
{
    u64 *state = &states[mycpu()->id];
    if (*state == 0)
        return;
    u64 x = *state;
    x ^= x >> 12;
    x ^= x << 25;
    x ^= x >> 27;
    *state = x;
    u64 draw = (x + id) * 0x2545f4914f6cdd1d >> 32;
    if (draw % DELAY_ONE_IN == 0)
        time_delay(draw / DELAY_ONE_IN % DELAY_MAX);
}
#endif
