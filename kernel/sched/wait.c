/* SPDX-License-Identifier: MIT */
/*
 * Wait queues and sleeping with a deadline: wait.h and thread.h tell why no wake-up is lost.
 *
 * Locks: the queue's (interrupts off) → run queue.
 */
#include <arch/riscv/csr.h>
#include <debug/assert.h>
#include <sched/internal.h>
#include <sched/timer.h>
#include <sched/wait.h>
#include <asm/errno.h>

void waiter_add(struct waiter *w, struct waitq *q)
{
    waiter_add_notify(w, q, NULL);
}

void waiter_add_notify(struct waiter *w, struct waitq *q, void (*notify)(struct waiter *))
{
    w->thread = current;
    w->queue = q;
    w->notify = notify;
    u64 irq = spin_lock_irqsave(&q->lock);
    list_add_tail(&w->link, &q->waiters);
    spin_unlock_irqrestore(&q->lock, irq);
}

void waiter_remove(struct waiter *w)
{
    struct waitq *q = w->queue;
    if (!q)
        return;
    u64 irq = spin_lock_irqsave(&q->lock);
    list_del(&w->link);
    spin_unlock_irqrestore(&q->lock, irq);
    w->queue = NULL;
}

/* True if it took the wake-up for itself. */
static bool waiter_wake(struct waiter *w)
{
    if (w->notify) {
        w->notify(w);
        return false; /* it only looks on: the next one is woken too */
    }
    return thread_wake(w->thread);
}

/* The condition is true already. Whoever is not on the queue yet will see it: wait_prepare()
 * has the other fence. */
static bool nobody_waits(struct waitq *q)
{
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    return __atomic_load_n(&q->waiters.next, __ATOMIC_RELAXED) == &q->waiters;
}

void wake_one(struct waitq *q)
{
    struct waiter *w;
    if (nobody_waits(q))
        return;
    u64 irq = spin_lock_irqsave(&q->lock);
    list_for_each (w, &q->waiters, link)
        if (waiter_wake(w))
            break;
    spin_unlock_irqrestore(&q->lock, irq);
}

void wake_all(struct waitq *q)
{
    struct waiter *w;
    if (nobody_waits(q))
        return;
    u64 irq = spin_lock_irqsave(&q->lock);
    list_for_each (w, &q->waiters, link)
        waiter_wake(w);
    spin_unlock_irqrestore(&q->lock, irq);
}

void wait_prepare(bool interruptible)
{
    current->wake_interruptible = interruptible;
    __atomic_store_n(&current->state, THREAD_SLEEPING, __ATOMIC_RELAXED);
    __atomic_thread_fence(
        __ATOMIC_SEQ_CST); /* SLEEPING is seen before we look at the condition */
}

void wait_cancel(void)
{
    __atomic_store_n(&current->state, THREAD_RUNNING, __ATOMIC_RELAXED);
}

static void deadline_passed(struct timer *t);

struct deadline {
    struct timer timer;
    struct thread *thread;
};

static void deadline_passed(struct timer *t)
{
    thread_wake(container_of(t, struct deadline, timer)->thread);
}

static void sleep_with_deadline(nsec_t deadline)
{
    struct deadline d = {.thread = current};
    timer_init(&d.timer, deadline_passed);
    timer_set(&d.timer, deadline);
    schedule();
    timer_cancel(&d.timer);
}

int wait_commit(nsec_t deadline)
{
    bool interruptible = current->wake_interruptible;
    assert_may_sleep();
    if (interruptible && thread_is_interrupted()) {
        wait_cancel();
        return -EINTR;
    }
    if (!deadline) {
        schedule();
    } else if (clock_monotonic() < deadline) {
        sleep_with_deadline(deadline);
    } else {
        wait_cancel();
        return -ETIMEDOUT;
    }
    if (interruptible && thread_is_interrupted())
        return -EINTR;
    return deadline && clock_monotonic() >= deadline ? -ETIMEDOUT : 0;
}

int sleep_until(nsec_t deadline, bool interruptible)
{
    for (;;) {
        wait_prepare(interruptible);
        int result = wait_commit(max(deadline, 1L)); /* 0 would be "none" */
        if (result == -EINTR)
            return result;
        if (result == -ETIMEDOUT)
            return 0;
    }
}
