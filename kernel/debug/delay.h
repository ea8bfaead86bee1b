/* SPDX-License-Identifier: MIT */
/*
 * Seeded delays at critical places (debug builds): `seed=N` on the command line makes each
 * delay_point() pass at once most of the time and spin for up to some microseconds now and
 * then, differently for each seed, hart and place, so that races have a chance to happen.
 * seed=0: off.
 */
#pragma once

#include <lib/types.h>

#ifdef DEBUG
void delay_point(u32 id);
void delay_seed(u64 seed);
#else
static always_inline void delay_point(u32 id)
{
    (void)id;
}
static inline void delay_seed(u64 seed)
{
    (void)seed;
}
#endif
