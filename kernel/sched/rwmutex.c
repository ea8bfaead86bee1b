/* SPDX-License-Identifier: MIT */
/*
 * Reader-writer mutexes.
 *
 * state: bits 0..31 readers, RW_WRITER, RW_WAITERS. A reader adds one and looks: if a writer
 * has it or somebody waits, it takes its one back and queues. (So the count may be too high for
 * a moment, never too low; whoever takes his one back wakes waiters as if he had been a
 * reader.) A writer needs the word to be 0.
 *
 * Waiters are served in order, by whoever releases, under `lock`: the lock is handed over, and
 * a waiter leaves only after seeing that under `lock` too, so that a waker never touches a
 * thread that is gone. While somebody waits, nobody else gets in.
 */
#include <debug/assert.h>
#include <sched/held.h>
#include <sched/internal.h>
#include <sched/mutex.h>
#include <sched/wait.h>

struct rw_waiter {
    struct thread *thread;
    struct list_head link;
    bool is_writer;
    bool granted;
};

void rw_init(struct rwmutex *rw, const char *name)
{
    rw->state = 0;
    spin_init(&rw->lock, "rwmutex waiters");
    list_init(&rw->waiters);
#ifdef DEBUG
    rw->writer = NULL;
    rw->name = name;
    rw->class = lock_class_of(name);
#else
    (void)name;
#endif
}

#ifdef DEBUG
void rw_check_order(const struct rwmutex *rw)
{
    assert_may_sleep();
    assert_msg(rw->writer != current, "%s", rw->name);
    held_check(rw->class);
}

void rw_note_read(struct rwmutex *rw)
{
    held_add(rw->class);
}

void rw_note_read_end(struct rwmutex *rw)
{
    assert_msg(rw->state & RW_READERS, "%s", rw->name);
    held_remove(rw->class);
}
#endif

static void note_write(struct rwmutex *rw)
{
#ifdef DEBUG
    rw->writer = current;
    held_add(rw->class);
#else
    (void)rw;
#endif
}

static void note_write_end(struct rwmutex *rw)
{
#ifdef DEBUG
    assert_msg(rw->writer == current, "%s", rw->name);
    rw->writer = NULL;
    held_remove(rw->class);
#else
    (void)rw;
#endif
}

/* May this waiter have the lock now? Then it has it. */
static bool try_grant_locked(struct rwmutex *rw, const struct rw_waiter *w)
{
    s64 only_waiters = RW_WAITERS;
    if (w->is_writer)
        return __atomic_compare_exchange_n(&rw->state, &only_waiters, RW_WAITERS | RW_WRITER,
                                           false, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED);
    if (__atomic_load_n(&rw->state, __ATOMIC_RELAXED) & RW_WRITER)
        return false;
    __atomic_fetch_add(&rw->state, 1, __ATOMIC_ACQUIRE);
    return true;
}

static void grant_waiters_locked(struct rwmutex *rw)
{
    assert(spin_is_held(&rw->lock));
    while (!list_is_empty(&rw->waiters)) {
        struct rw_waiter *w = list_first(&rw->waiters, struct rw_waiter, link);
        if (!try_grant_locked(rw, w))
            return;
        list_del(&w->link);
        w->granted = true;
        if (w->thread != current)
            thread_wake(w->thread);
    }
    __atomic_fetch_and(&rw->state, ~RW_WAITERS, __ATOMIC_RELAXED);
}

static no_inline void grant_waiters(struct rwmutex *rw)
{
    spin_lock(&rw->lock);
    grant_waiters_locked(rw);
    spin_unlock(&rw->lock);
}

static no_inline void rw_wait(struct rwmutex *rw, bool is_writer)
{
    struct rw_waiter w = {.thread = current, .is_writer = is_writer};
    spin_lock(&rw->lock);
    __atomic_fetch_or(&rw->state, RW_WAITERS, __ATOMIC_RELAXED);
    list_add_tail(&w.link, &rw->waiters);
    grant_waiters_locked(rw); /* it may have become free meanwhile */
    while (!w.granted) {
        wait_prepare(false);
        spin_unlock(&rw->lock);
        wait_commit(0);
        spin_lock(&rw->lock);
    }
    spin_unlock(&rw->lock);
}

/* A reader took one back. */
void rw_read_left(struct rwmutex *rw, s64 seen)
{
    if ((seen & RW_WAITERS) && (seen & RW_READERS) == 1)
        grant_waiters(rw);
}

void rw_read_wait(struct rwmutex *rw)
{
    rw_read_left(rw, __atomic_fetch_sub(&rw->state, 1, __ATOMIC_RELEASE));
    rw_wait(rw, false);
}

void rw_write_lock(struct rwmutex *rw)
{
    s64 nobody = 0;
    rw_check_order(rw);
    if (unlikely(!__atomic_compare_exchange_n(&rw->state, &nobody, RW_WRITER, false,
                                              __ATOMIC_ACQUIRE, __ATOMIC_RELAXED)))
        rw_wait(rw, true);
    note_write(rw);
}

/* Locks of one class are not ordered among each other anyway (lockdep.h). */
void rw_write_lock_nested(struct rwmutex *rw)
{
    rw_write_lock(rw);
}

void rw_write_unlock(struct rwmutex *rw)
{
    note_write_end(rw);
    s64 old = __atomic_fetch_and(&rw->state, ~RW_WRITER, __ATOMIC_RELEASE);
    if (unlikely(old & RW_WAITERS))
        grant_waiters(rw);
}

bool rw_is_held_write(const struct rwmutex *rw)
{
#ifdef DEBUG
    return rw->writer == current;
#else
    return __atomic_load_n(&rw->state, __ATOMIC_RELAXED) & RW_WRITER;
#endif
}
