/* SPDX-License-Identifier: MIT */
/* See fibers.h. */
#include "fibers.h"
#include "kernel.h"

#include <debug/assert.h>

#include <stdlib.h>
#include <ucontext.h>

#define STACK_SIZE (256 * 1024)
#define MANY_WAITS 200000 /* in a row, nobody getting any further: a deadlock */

struct fiber {
    ucontext_t context;
    void *stack;
    u32 n_held;     /* spinlocks, while it does not run */
    u64 away_until; /* at n_points: others go on until then, if they can */
    bool done;
};

static struct fiber fibers[MAX_FIBERS];
static ucontext_t outside;
static unsigned n_fibers, running, one_in_n, n_waits;
static u64 state, n_points;
static void (*body)(unsigned me);

static u64 draw(void)
{
    state ^= state >> 12;
    state ^= state << 25;
    state ^= state >> 27;
    return (state * 2685821657736338717ULL) >> 16;
}

/* Some fiber that has not returned yet, rather one that is not away; the running one if there
 * is no other. */
static unsigned some_other(void)
{
    unsigned first = draw() % n_fibers, away = running;

    for (unsigned i = 0; i < n_fibers; i++) {
        unsigned other = (first + i) % n_fibers;
        if (other == running || fibers[other].done)
            continue;
        if (fibers[other].away_until <= n_points)
            return other;
        away = other;
    }
    return away;
}

static void go_on_with(unsigned next)
{
    unsigned me = running;

    if (next == me)
        return;
    fibers[me].n_held = stub_n_held;
    running = next;
    stub_n_held = fibers[next].n_held;
    stub_set_hart(next);
    swapcontext(&fibers[me].context, &fibers[next].context);
}

static void point(void)
{
    n_waits = 0;
    n_points++;
    if (draw() % one_in_n == 0)
        go_on_with(some_other());
}

/* Now and then somebody is held up for longer than the others need for whole operations. */
static void linger(void)
{
    if (draw() % 8 != 0)
        return;
    fibers[running].away_until = n_points + draw() % 2048;
    go_on_with(some_other());
}

static void wait(const char *name)
{
    n_points += n_waits; /* who is away is back soon when everybody waits */
    unsigned next = some_other();

    if (next == running || ++n_waits > MANY_WAITS)
        panic("deadlock: hart %u waits for %s", running, name);
    go_on_with(next);
}

static void start(void)
{
    body(running);
    if (stub_n_held)
        panic("hart %u ends with %u locks held", running, stub_n_held);
    fibers[running].done = true;
    unsigned next = some_other();
    if (next == running)
        setcontext(&outside);
    go_on_with(next);
}

static void fiber_create(struct fiber *f)
{
    if (!f->stack)
        f->stack = malloc(STACK_SIZE);
    f->done = false;
    f->away_until = 0;
    f->n_held = 0;
    getcontext(&f->context);
    f->context.uc_stack.ss_sp = f->stack;
    f->context.uc_stack.ss_size = STACK_SIZE;
    makecontext(&f->context, start, 0);
}

void fibers_run(unsigned n, void (*fn)(unsigned me), u64 seed, unsigned one_in)
{
    n_fibers = n;
    body = fn;
    state = seed * 0x9e3779b97f4a7c15ULL | 1;
    one_in_n = one_in;
    for (unsigned i = 0; i < n; i++)
        fiber_create(&fibers[i]);
    stub_point_hook = point;
    stub_linger_hook = linger;
    stub_wait_hook = wait;
    running = 0;
    stub_set_hart(0);
    swapcontext(&outside, &fibers[0].context);
    stub_point_hook = stub_linger_hook = NULL;
    stub_wait_hook = NULL;
    stub_set_hart(0);
}
