/* SPDX-License-Identifier: MIT */
/* The time CSR, its unit, and the one-shot timer of each hart. */
#pragma once

#include <arch/riscv/csr.h>
#include <lib/types.h>

#define TIMER_NEVER (~0UL)

/* Ticks since some fixed moment; the same on all harts. */
static always_inline u64 time_ticks(void)
{
    return csr_read(time);
}

/* Set once from machine.timebase: ns = ticks * mult >> 32, and back. */
extern u64 time_ns_mult, time_tick_mult;

static inline nsec_t ticks_to_nsec(u64 ticks)
{
    return (nsec_t)(((unsigned __int128)ticks * time_ns_mult) >> 32);
}

static inline u64 nsec_to_ticks(nsec_t ns)
{
    return (u64)(((unsigned __int128)ns * time_tick_mult) >> 40);
}

/* The tick of time_init(), when time_since_boot() is 0. */
u64 time_boot_ticks(void);
/* Since time_init(); 0 before. */
nsec_t time_since_boot(void);
/* The tick at which time_since_boot() reaches `ns`. */
u64 monotonic_to_ticks(nsec_t ns);

void time_init(void);
/* The next timer interrupt of this hart comes at `deadline` ticks, or never. Also withdraws a
 * pending one. */
void time_set_alarm(u64 deadline);
/* Busy waiting; early boot, device set-up, delay injection. */
void time_delay(nsec_t ns);
