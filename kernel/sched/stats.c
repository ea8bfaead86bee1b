/* SPDX-License-Identifier: MIT */
/*
 * Figures of the scheduler: switches, load, idle time.
 *
 * The load average is an exponential mean of the number of runnable threads, taken every 5
 * seconds: load = load * e + n * (1 - e), e = exp(-5 s / 1, 5, 15 min), 16 fractional bits.
 */
#include <arch/riscv/time.h>
#include <sched/internal.h>
#include <sched/stats.h>
#include <sched/timer.h>

#define LOAD_PERIOD (5 * NSEC_PER_SEC)
#define FIXED_ONE   (1UL << 16)

static const u64 load_decay[3] = {60296, 64453, 65173};
static u64
    load[3]; /* written by one hart's timer; a reader may see three values of two moments */
static struct timer load_timer;

u64 sched_n_switches(void)
{
    u64 n = 0;
    for (u32 i = 0; i < n_harts; i++)
        n += runqs[i].n_switches;
    return n;
}

u64 sched_n_running(void)
{
    u64 n = 0;
    for (u32 i = 0; i < n_harts; i++)
        n += runqs[i].n_queued + (harts[i].current != harts[i].idle);
    return n;
}

void sched_loadavg(u64 out[3])
{
    for (int i = 0; i < 3; i++)
        out[i] = load[i];
}

static void load_sample(struct timer *t)
{
    u64 n = sched_n_running() * FIXED_ONE;
    for (int i = 0; i < 3; i++)
        load[i] = (load[i] * load_decay[i] + n * (FIXED_ONE - load_decay[i])) / FIXED_ONE;
    timer_set(t, t->deadline + LOAD_PERIOD);
}

void sched_stats_init(void)
{
    timer_init(&load_timer, load_sample);
    timer_set(&load_timer, clock_monotonic() + LOAD_PERIOD);
}

void sched_idle_nsec(unsigned id, nsec_t *idle, nsec_t *busy_user, nsec_t *busy_system)
{
    const struct runq *rq = &runqs[id];
    const struct hart *h = &harts[id];
    const struct thread *running = h->current;
    u64 since = time_ticks() - running->switched_in;
    u64 idle_ticks = h->idle->run_ticks + (running == h->idle ? since : 0);
    u64 busy = rq->busy_ticks, in_kernel = rq->busy_system_ticks;
    if (running != h->idle) {
        busy += since;
        in_kernel += running->system_ticks - rq->system_mark;
    }
    *idle = ticks_to_nsec(idle_ticks);
    *busy_system = ticks_to_nsec(min(in_kernel, busy));
    *busy_user = ticks_to_nsec(busy - min(in_kernel, busy));
}
