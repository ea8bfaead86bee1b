/* SPDX-License-Identifier: MIT */
// with: tests/host/stub/kernel.c tests/host/stub/fibers.c tests/host/stub/sched.c
/*
 * Wait queues with every interleaving of their atomic steps that a seed chooses: no wake-up is
 * lost, whether one or all are woken, with deadlines and with interruptions. A thread that
 * nobody wakes any more shows as a deadlock.
 */
#include "stub/fibers.h"
#include "stub/kernel.h"
#include "stub/sched.h"
#include "t.h"

#include <debug/assert.h>
#include <sched/internal.h>
#include <sched/timer.h>
#include <sched/wait.h>

enum { HARTS = 4, ITEMS = 300 };

/* sched/wait.c with a point before each atomic step. */
#define __atomic_load_n(p, order)     (stub_point(), __atomic_load_n(p, order))
#define __atomic_store_n(p, v, order) (stub_point(), __atomic_store_n(p, v, order))
#include "../../kernel/sched/wait.c"
#undef __atomic_load_n
#undef __atomic_store_n

/* --- boxes that hold one item --- */

static struct box {
    struct waitq filled, emptied;
    unsigned n_items, n_left; /* still to be taken out */
} boxes[2];
static struct waitq progress;
static unsigned n_taken, n_timeouts, n_interrupted;
static bool is_shared; /* all harts use boxes[0], not a box for two */

static bool box_change(struct box *box, unsigned from, unsigned to)
{
    stub_point();
    if (box->n_items != from)
        return false;
    box->n_items = to;
    return true;
}

static void put(struct box *box)
{
    wait_event(&box->emptied, box_change(box, 0, 1));
    wake_one(&box->filled);
    if (box->n_items == 0) /* taken already: somebody else may put the next one in */
        wake_one(&box->emptied);
}

static bool take(struct box *box)
{
    if (box->n_left && !box_change(box, 1, 0))
        return false;
    if (box->n_left && --box->n_left == 0)
        wake_all(&box->filled);
    n_taken++;
    return true;
}

/* Gives up soon, and then leaves the box to others until one of them has taken something. */
static void get_impatiently(struct box *box)
{
    while (wait_event_until(&box->filled, take(box), stub_now + 2)) {
        unsigned seen = n_taken;
        n_timeouts++;
        if (is_shared)
            wait_event(&progress, n_taken != seen || !box->n_left);
    }
}

static void get_interruptibly(struct box *box)
{
    while (wait_event_interruptible(&box->filled, take(box))) {
        n_interrupted++;
        current->flags &= ~TF_SIGNAL;
    }
}

static void taker(struct box *box, unsigned me)
{
    while (box->n_left) {
        if (me == 1 && t_below(2))
            get_impatiently(box);
        else if (me == 1 && t_below(2))
            get_interruptibly(box);
        else
            wait_event(&box->filled, take(box));
        wake_all(&progress);
        if (box->n_items == 1)
            wake_one(&box->filled);
        if (t_below(2))
            wake_all(&box->emptied);
        else
            wake_one(&box->emptied);
    }
}

/* Two put in, two take out; one of these is interrupted now and then. */
static void hart(unsigned me)
{
    struct box *box = &boxes[is_shared ? 0 : me / 2];

    if (me % 2)
        return taker(box, me);
    for (unsigned i = 0; i < ITEMS; i++) {
        put(box);
        if (is_shared && t_below(16) == 0)
            thread_interrupt(harts[1].current);
    }
}

static void round_begin(void)
{
    for (unsigned i = 0; i < 2; i++) {
        waitq_init(&boxes[i].filled);
        waitq_init(&boxes[i].emptied);
        boxes[i].n_items = 0;
        boxes[i].n_left = is_shared ? 2 * ITEMS : ITEMS;
    }
    waitq_init(&progress);
    for (unsigned i = 0; i < HARTS; i++)
        harts[i].current->state = THREAD_RUNNING;
}

static void no_wake_up_is_lost(void)
{
    for (unsigned round = 0; round < 60; round++) {
        is_shared = round % 2;
        round_begin();
        fibers_run(HARTS, hart, t_random(), 2 + round % 9);
        for (unsigned i = 0; i < 2; i++) {
            CHECK_EQ(boxes[i].n_items, 0);
            CHECK(list_is_empty(&boxes[i].filled.waiters));
            CHECK(list_is_empty(&boxes[i].emptied.waiters));
        }
    }
    CHECK(n_timeouts > 0 && n_interrupted > 0);
}

int main(int argc, char **argv)
{
    t_begin(argc, argv);
    RUN(no_wake_up_is_lost);
    return t_done();
}
