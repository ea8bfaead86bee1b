/* SPDX-License-Identifier: MIT */
// with: tests/host/stub/kernel.c tests/host/stub/fibers.c
/*
 * Wait queues with every interleaving of their atomic steps that a seed chooses: no wake-up is
 * lost, whether one or all are woken, with deadlines and with interruptions. A thread that
 * nobody wakes any more shows as a deadlock.
 */
#include "stub/fibers.h"
#include "stub/kernel.h"
#include "t.h"

#include <debug/assert.h>
#include <sched/internal.h>
#include <sched/timer.h>
#include <sched/wait.h>

enum { HARTS = 4, ITEMS = 300 };

static u64 now;

/* --- the scheduler: a thread that sleeps waits until somebody changes its state --- */

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
    return now++;
}

void timer_init(struct timer *timer, void (*fn)(struct timer *))
{
    timer->fn = fn;
}

/* Early, late, just now: the deadline passes at the next point. */
void timer_set(struct timer *timer, nsec_t deadline)
{
    stub_point();
    now = max(now, (u64)deadline);
    timer->fn(timer);
}

bool timer_cancel(struct timer *timer)
{
    (void)timer;
    stub_point();
    return false;
}

/* sched/wait.c with a point before each atomic step. */
#define __atomic_load_n(p, order)     (stub_point(), __atomic_load_n(p, order))
#define __atomic_store_n(p, v, order) (stub_point(), __atomic_store_n(p, v, order))
#include "../../kernel/sched/wait.c"
#undef __atomic_load_n
#undef __atomic_store_n

/* --- a box that holds one item --- */

static struct waitq filled, emptied;
static unsigned box, n_in, n_out, n_timeouts, n_interrupted;

static bool box_change(unsigned from, unsigned to)
{
    stub_point();
    if (box != from)
        return false;
    box = to;
    return true;
}

static void put(void)
{
    wait_event(&emptied, box_change(0, 1));
    n_in++;
    wake_one(&filled);
}

static void get(void)
{
    switch (t_below(3)) {
    case 0:
        wait_event(&filled, box_change(1, 0));
        break;
    case 1:
        while (wait_event_until(&filled, box_change(1, 0), now + 2))
            n_timeouts++;
        break;
    default:
        while (wait_event_interruptible(&filled, box_change(1, 0))) {
            n_interrupted++;
            current->flags &= ~TF_SIGNAL;
        }
        break;
    }
    n_out++;
    if (t_below(2))
        wake_all(&emptied);
    else
        wake_one(&emptied);
}

/* Two put in, two take out; those who take out are interrupted now and then. */
static void hart(unsigned me)
{
    for (unsigned i = 0; i < ITEMS; i++) {
        if (me % 2)
            get();
        else
            put();
        if (t_below(16) == 0)
            thread_interrupt(&*harts[1].current);
    }
}

void thread_interrupt(struct thread *t)
{
    t->flags |= TF_SIGNAL;
    stub_point();
    if (t->state == THREAD_SLEEPING && t->wake_interruptible)
        t->state = THREAD_RUNNING;
}

static void no_wake_up_is_lost(void)
{
    waitq_init(&filled);
    waitq_init(&emptied);
    for (unsigned round = 0; round < 40; round++) {
        n_in = n_out = 0;
        for (unsigned i = 0; i < HARTS; i++)
            harts[i].current->state = THREAD_RUNNING;
        fibers_run(HARTS, hart, t_random(), 2 + round % 9);
        CHECK_EQ(n_in, 2 * ITEMS);
        CHECK_EQ(n_out, 2 * ITEMS);
        CHECK_EQ(box, 0);
        CHECK(list_is_empty(&filled.waiters) && list_is_empty(&emptied.waiters));
    }
    CHECK(n_timeouts > 0 && n_interrupted > 0);
}

int main(int argc, char **argv)
{
    t_begin(argc, argv);
    RUN(no_wake_up_is_lost);
    return t_done();
}
