/* SPDX-License-Identifier: MIT */
/*
 * Ticks, nanoseconds, and the one-shot timer: stimecmp where the hart has Sstc (Sstc spec 1.0),
 * else the firmware's.
 */
#include <arch/riscv/hart.h>
#include <arch/riscv/sbi.h>
#include <arch/riscv/time.h>
#include <debug/assert.h>

#define FAR_AWAY (1000000L * 3600 * NSEC_PER_SEC) /* a century: no alarm */

u64 time_ns_mult, time_tick_mult;
static u64 boot_ticks;

void time_init(void)
{
    u64 hz = machine.timebase;
    if (hz == 0 || hz > NSEC_PER_SEC)
        panic("the device tree has no usable timebase-frequency (%lu)", hz);
    time_ns_mult = (((u64)NSEC_PER_SEC << 32) + hz / 2) / hz;
    boot_ticks = time_ticks();
    /* hz * 2^40 / 10^9 in two steps, rounded up: an alarm never comes before its time */
    u64 scaled = hz << 24;
    u64 rest = scaled % NSEC_PER_SEC;
    time_tick_mult = (scaled / NSEC_PER_SEC << 16) + (rest << 16) / NSEC_PER_SEC + 1;
}

u64 time_boot_ticks(void)
{
    return boot_ticks;
}

nsec_t time_since_boot(void)
{
    return ticks_to_nsec(time_ticks() - boot_ticks);
}

u64 monotonic_to_ticks(nsec_t ns)
{
    return ns <= 0 ? 0 : ns >= FAR_AWAY ? TIMER_NEVER : boot_ticks + nsec_to_ticks(ns) + 1;
}

void time_set_alarm(u64 deadline)
{
    if (machine.has_sstc)
        csr_write(0x14d, deadline); /* stimecmp */
    else
        sbi_set_timer(deadline);
}

void time_delay(nsec_t ns)
{
    u64 until = time_ticks() + nsec_to_ticks(ns);
    while (time_ticks() < until)
        cpu_relax();
}
