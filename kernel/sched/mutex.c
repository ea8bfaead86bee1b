/* SPDX-License-Identifier: MIT */
/*
 * Mutexes. A free one is taken, and one without waiters released, by one atomic instruction.
 *
 * Who finds it taken marks it "with waiters" and sleeps. The releaser wakes the first waiter,
 * who tries again and marks it again: others may be on the list still. A waiter leaves the list
 * itself, under the lock under which it is woken, so that a waker never touches a thread that
 * is gone.
 */
#include <debug/assert.h>
#include <sched/held.h>
#include <sched/internal.h>
#include <sched/mutex.h>
#include <sched/wait.h>

#define MUTEX_FREE    0u
#define MUTEX_TAKEN   1u
#define MUTEX_WAITERS 2u

struct mutex_waiter {
    struct thread *thread;
    struct list_head link;
};

void mutex_init(struct mutex *m, const char *name)
{
    m->state = MUTEX_FREE;
    spin_init(&m->lock, "mutex waiters");
    list_init(&m->waiters);
#ifdef DEBUG
    m->holder = NULL;
    m->name = name;
    m->class = lock_class_of(name);
#else
    (void)name;
#endif
}

static void note_holder(struct mutex *m)
{
#ifdef DEBUG
    m->holder = current;
    held_add(m->class);
#else
    (void)m;
#endif
}

static no_inline void mutex_wait(struct mutex *m)
{
    struct mutex_waiter w = {.thread = current};
    spin_lock(&m->lock);
    list_add_tail(&w.link, &m->waiters);
    while (__atomic_exchange_n(&m->state, MUTEX_WAITERS, __ATOMIC_ACQUIRE) != MUTEX_FREE) {
        wait_prepare(false);
        spin_unlock(&m->lock);
        wait_commit(0);
        spin_lock(&m->lock);
    }
    list_del(&w.link);
    spin_unlock(&m->lock);
}

void mutex_lock(struct mutex *m)
{
    u32 expected = MUTEX_FREE;
    assert_may_sleep();
#ifdef DEBUG
    assert_msg(m->holder != current, "%s", m->name);
    held_check(m->class);
#endif
    if (unlikely(!__atomic_compare_exchange_n(&m->state, &expected, MUTEX_TAKEN, false,
                                              __ATOMIC_ACQUIRE, __ATOMIC_RELAXED)))
        mutex_wait(m);
    note_holder(m);
}

static no_inline void mutex_wake(struct mutex *m)
{
    spin_lock(&m->lock);
    struct mutex_waiter *w = list_first_or_null(&m->waiters, struct mutex_waiter, link);
    if (w)
        thread_wake(w->thread);
    spin_unlock(&m->lock);
}

void mutex_unlock(struct mutex *m)
{
#ifdef DEBUG
    assert_msg(m->holder == current, "%s is held by %p", m->name, (void *)m->holder);
    m->holder = NULL;
    held_remove(m->class);
#endif
    if (unlikely(__atomic_exchange_n(&m->state, MUTEX_FREE, __ATOMIC_RELEASE) == MUTEX_WAITERS))
        mutex_wake(m);
}

bool mutex_is_held(const struct mutex *m)
{
#ifdef DEBUG
    return m->holder == current;
#else
    (void)m;
    return true;
#endif
}
