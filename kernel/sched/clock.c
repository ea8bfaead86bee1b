/* SPDX-License-Identifier: MIT */
/*
 * Clocks. Monotonic: the time CSR since boot. Realtime: monotonic plus an offset.
 *
 * The offset is one atomic word.
 */
#include <arch/riscv/time.h>
#include <sched/timer.h>

static s64 realtime_offset; /* atomic, nsec */

nsec_t clock_monotonic(void)
{
    return time_since_boot();
}

nsec_t clock_realtime(void)
{
    return clock_monotonic() + __atomic_load_n(&realtime_offset, __ATOMIC_RELAXED);
}

void clock_set_realtime(nsec_t now)
{
    __atomic_store_n(&realtime_offset, now - clock_monotonic(), __ATOMIC_RELAXED);
}
