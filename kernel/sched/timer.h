/* SPDX-License-Identifier: MIT */
/*
 * Clocks and timers. Times are nanoseconds; resolution is the platform's timer (its frequency
 * comes from the device tree). Timer functions run in the timer interrupt, with interrupts off.
 */
#pragma once

#include <lib/rbtree.h>
#include <lib/types.h>

nsec_t clock_monotonic(void); /* since boot */
nsec_t clock_realtime(void);  /* since 1970; from the RTC at boot, settable */
void clock_set_realtime(nsec_t now);

struct timer {
    struct rb_node node;
    nsec_t deadline; /* of clock_monotonic(); valid while armed */
    void (*fn)(struct timer *);
    struct hart *hart; /* whose queue it is on; NULL: not armed */
    struct hart *last; /* whose queue it was on last */
};

/* The timer interrupt: calls what is due, and the scheduler's tick. Interrupts off. */
void timer_interrupt(void);

void timer_init(struct timer *t, void (*fn)(struct timer *));
/* Arms it, or moves it when armed. */
void timer_set(struct timer *t, nsec_t deadline);
/*
 * From its own function: arms it for the end of a period that is still to come. A period too
 * short for the machine to do anything else is stretched. Returns: how many ends were missed.
 */
u64 timer_repeat(struct timer *t, nsec_t period);
/* After it returns the function is neither armed nor running. True if it was armed. */
bool timer_cancel(struct timer *t);

/* The moment `t` from `from` on, or the end of time. */
static inline nsec_t nsec_after(nsec_t from, nsec_t t)
{
    nsec_t sum;
    return __builtin_add_overflow(from, t, &sum) ? INT64_MAX : sum;
}

/* Returns 0, -EINTR (interruptible and a signal came). */
int sleep_until(nsec_t deadline, bool interruptible);
