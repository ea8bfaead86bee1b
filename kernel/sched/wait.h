/* SPDX-License-Identifier: MIT */
/*
 * Wait queues: sleeping until a condition holds, without losing a wake-up.
 *
 * wait_event() and friends re-evaluate the condition after each wake-up; the waiter is on the
 * queue and SLEEPING before it looks. A waker makes the condition true first, then calls
 * wake_*(). Lock: the queue's own, taken with interrupts off, so interrupt handlers may wake.
 *
 * Waiting for several things at once (poll): put one waiter on each queue, then check, then
 * sleep.
 */
#pragma once

#include <lib/list.h>
#include <lib/types.h>
#include <sched/thread.h>
#include <sync/spinlock.h>

struct waitq {
    struct spinlock lock;
    struct list_head waiters;
};

struct waiter {
    struct thread *thread;
    struct list_head link; /* queue's lock */
    struct waitq *queue;   /* NULL when off the queue */
    /* Called under the queue's lock instead of thread_wake() when set (epoll). */
    void (*notify)(struct waiter *);
};

static inline void waitq_init(struct waitq *q)
{
    spin_init(&q->lock, "wait queue");
    list_init(&q->waiters);
}
/* Puts the caller on the queue; does not sleep and does not set the state. */
void waiter_add(struct waiter *w, struct waitq *q);
/* The same for one who is told instead of woken (poll, epoll). */
void waiter_add_notify(struct waiter *w, struct waitq *q, void (*notify)(struct waiter *));
void waiter_remove(struct waiter *w);
/* Wakes one who sleeps; perhaps one who has just found the condition true by himself. So whoever
 * leaves something for others, after he got what he waited for, wakes the next. */
void wake_one(struct waitq *q);
void wake_all(struct waitq *q);

/* Marks the caller as about to sleep; every later wake-up makes the next wait_commit() return
 * at once. */
void wait_prepare(bool interruptible);
/* Sleeps until woken, interrupted, or `deadline` (nsec of clock_monotonic(); 0: none) passes.
 * Returns 0, -EINTR, -ETIMEDOUT. */
int wait_commit(nsec_t deadline);
/* Takes back wait_prepare() without sleeping. */
void wait_cancel(void);

/* Who gives up looks once more when it does not count as asleep any longer: wake_one() may have
 * taken it for the one to wake, and nobody else. */
#define wait_event_common(q, cond, interruptible, deadline)  \
    ({                                                       \
        int wait_result_ = 0;                                \
        assert_may_sleep();                                  \
        if (!(cond)) {                                       \
            struct waiter waiter_;                           \
            waiter_add(&waiter_, (q));                       \
            for (;;) {                                       \
                wait_prepare(interruptible);                 \
                if (cond) {                                  \
                    wait_result_ = 0;                        \
                    wait_cancel();                           \
                    break;                                   \
                }                                            \
                if (wait_result_) {                          \
                    wait_cancel();                           \
                    __atomic_thread_fence(__ATOMIC_SEQ_CST); \
                    if (cond)                                \
                        wait_result_ = 0;                    \
                    break;                                   \
                }                                            \
                wait_result_ = wait_commit(deadline);        \
            }                                                \
            waiter_remove(&waiter_);                         \
        }                                                    \
        wait_result_;                                        \
    })

#define wait_event(q, cond)                 ((void)wait_event_common(q, cond, false, 0))
/* 0 or -EINTR */
#define wait_event_interruptible(q, cond)   wait_event_common(q, cond, true, 0)
/* 0, -EINTR or -ETIMEDOUT; the condition wins over both */
#define wait_event_until(q, cond, deadline) wait_event_common(q, cond, true, deadline)
