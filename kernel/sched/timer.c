/* SPDX-License-Identifier: MIT */
/*
 * Timers: a tree per hart, and one alarm of the hardware per hart, set only when something is
 * due.
 *
 * The alarm is the earlier of the first timer and the scheduler's tick. A timer is armed on the
 * hart that sets it and runs there.
 *
 * Lock: the tree's, interrupts off; not held while a timer's function runs. timer->hart changes
 * under the lock of the tree that it is (or was) on.
 */
#include <arch/riscv/csr.h>
#include <arch/riscv/time.h>
#include <debug/assert.h>
#include <sched/internal.h>
#include <sched/timer.h>

#define REPEAT_MIN (NSEC_PER_SEC / 20000) /* between two calls of one timer's function */

struct timer_tree {
    struct spinlock lock;
    struct rb_root root;   /* lock: struct timer by deadline */
    struct timer *running; /* lock for writing: its function is being called */
};

static struct timer_tree trees[MAX_HARTS];
static u64 alarms[MAX_HARTS]; /* own hart, interrupts off: what the hardware is set to, ticks */

static struct timer_tree *tree_of(const struct hart *h)
{
    return &trees[h->id];
}

void timers_init_hart(u32 id)
{
    spin_init(&trees[id].lock, "timers");
    trees[id].root = (struct rb_root)RB_ROOT;
    alarms[id] = TIMER_NEVER;
}

static struct timer *first_timer(const struct timer_tree *tree)
{
    return rb_entry_or_null(rb_first(&tree->root), struct timer, node);
}

static void alarm_set(u64 at)
{
    u64 *alarm = &alarms[mycpu()->id];
    if (*alarm == at)
        return;
    *alarm = at;
    time_set_alarm(at);
}

static u64 due_ticks_locked(const struct timer_tree *tree)
{
    struct timer *first = first_timer(tree);
    return first ? monotonic_to_ticks(first->deadline) : TIMER_NEVER;
}

void alarm_update(void)
{
    struct timer_tree *tree = tree_of(mycpu());
    u64 tick_at = my_runq()->tick_at;
    if (tree->root.top) { /* only this hart arms timers here: none can appear meanwhile */
        spin_lock(&tree->lock);
        tick_at = min(tick_at, due_ticks_locked(tree));
        spin_unlock(&tree->lock);
    }
    alarm_set(tick_at);
}

/* ---- timers ------------------------------------------------------------------------- */

void timer_init(struct timer *t, void (*fn)(struct timer *))
{
    t->fn = fn;
    t->hart = NULL;
    t->last = NULL;
}

static bool is_earlier(const struct rb_node *a, const struct rb_node *b)
{
    return rb_entry(a, struct timer, node)->deadline <
           rb_entry(b, struct timer, node)->deadline;
}

/* True if it was armed. Interrupts are off. The alarm may come for nothing then; that is
 * cheaper than setting it again. */
static bool disarm(struct timer *t)
{
    struct hart *h;
    while ((h = __atomic_load_n(&t->hart, __ATOMIC_RELAXED))) {
        struct timer_tree *tree = tree_of(h);
        spin_lock(&tree->lock);
        bool is_there = t->hart == h;
        if (is_there) {
            rb_erase(&tree->root, &t->node);
            t->hart = NULL;
        }
        spin_unlock(&tree->lock);
        if (is_there)
            return true;
    }
    return false;
}

void timer_set(struct timer *t, nsec_t deadline)
{
    u64 irq = irq_save();
    struct timer_tree *tree = tree_of(mycpu());
    disarm(t);
    spin_lock(&tree->lock);
    t->deadline = deadline;
    t->hart = t->last = mycpu();
    rb_insert(&tree->root, &t->node, is_earlier);
    bool is_first = first_timer(tree) == t;
    spin_unlock(&tree->lock);
    if (is_first)
        alarm_update();
    irq_restore(irq);
}

u64 timer_repeat(struct timer *t, nsec_t period)
{
    nsec_t soonest = clock_monotonic() + REPEAT_MIN;
    u64 missed = 0;
    if (nsec_after(t->deadline, period) < soonest)
        missed = (u64)(soonest - t->deadline) / (u64)period;
    timer_set(t, nsec_after(t->deadline + (nsec_t)missed * period, period));
    return missed;
}

/* Its function may arm it again and still be at work after that: so both must be over. */
bool timer_cancel(struct timer *t)
{
    bool was_armed = false;
    for (;;) {
        u64 irq = irq_save();
        was_armed |= disarm(t);
        struct hart *h = t->last;
        bool is_own = h == mycpu() && mycpu()->in_interrupt;
        irq_restore(irq);
        if (!h || is_own)
            return was_armed;
        bool is_running = __atomic_load_n(&tree_of(h)->running, __ATOMIC_ACQUIRE) == t;
        if (!is_running && !__atomic_load_n(&t->hart, __ATOMIC_RELAXED))
            return was_armed;
        cpu_relax();
    }
}

/* Takes the first timer that is due off the tree. */
static struct timer *take_due_locked(struct timer_tree *tree, nsec_t now)
{
    struct timer *t = first_timer(tree);
    if (!t || t->deadline > now)
        return NULL;
    rb_erase(&tree->root, &t->node);
    t->hart = NULL;
    return t;
}

void timer_interrupt(void)
{
    struct timer_tree *tree = tree_of(mycpu());
    struct timer *t;
    alarms[mycpu()->id] = 0; /* it has gone off: whatever comes next is set anew */
    for (;;) {
        spin_lock(&tree->lock);
        t = take_due_locked(tree, clock_monotonic());
        __atomic_store_n(&tree->running, t, __ATOMIC_RELEASE);
        spin_unlock(&tree->lock);
        if (!t)
            break;
        t->fn(t);
    }
    sched_tick();
    alarm_update();
}
