/* SPDX-License-Identifier: MIT */
/* See sched.h. */
#include "sched.h"
#include "kernel.h"

#include <sched/thread.h>
#include <sched/timer.h>

u64 stub_now;

bool thread_wake(struct thread *t)
{
    stub_point();
    if (t->state != THREAD_SLEEPING)
        return false;
    t->state = THREAD_RUNNING;
    return true;
}

void schedule(void)
{
    while (current->state == THREAD_SLEEPING) {
        if (current->flags & TF_SIGNAL && current->wake_interruptible)
            break;
        stub_wait("a wake-up");
    }
    current->state = THREAD_RUNNING;
}

nsec_t clock_monotonic(void)
{
    return stub_now++;
}

void timer_init(struct timer *timer, void (*fn)(struct timer *))
{
    timer->fn = fn;
}

/* Early, late, just now: the deadline passes at the next point. */
void timer_set(struct timer *timer, nsec_t deadline)
{
    stub_point();
    stub_now = max(stub_now, (u64)deadline);
    timer->fn(timer);
}

bool timer_cancel(struct timer *timer)
{
    (void)timer;
    stub_point();
    return false;
}

void thread_interrupt(struct thread *t)
{
    t->flags |= TF_SIGNAL;
    stub_point();
    if (t->state == THREAD_SLEEPING && t->wake_interruptible)
        t->state = THREAD_RUNNING;
}
