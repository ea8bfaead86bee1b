/* SPDX-License-Identifier: MIT */
/*
 * Sleeping locks: mutex and reader-writer mutex. Never in interrupt handlers, never under a
 * spinlock.
 *
 * rwmutex: writers are preferred (a waiting writer stops new readers), so a read lock
 * must not be taken twice by one thread. Uncontended operations are one atomic instruction.
 */
#pragma once

#include <lib/list.h>
#include <lib/types.h>
#include <sync/spinlock.h>

struct mutex {
    u32 state;            /* atomic: 0 free, 1 taken, 2 taken with waiters */
    struct spinlock lock; /* guards the list */
    struct list_head waiters;
#ifdef DEBUG
    struct thread *holder;
    const char *name;
    struct lock_class *class;
#endif
};

struct rwmutex {
    s64 state; /* atomic: readers, or -1 writer; waiters flagged in a high bit */
    struct spinlock lock;
    struct list_head waiters;
#ifdef DEBUG
    struct thread *writer;
    const char *name;
    struct lock_class *class;
#endif
};

void mutex_init(struct mutex *m, const char *name);
void mutex_lock(struct mutex *m);
void mutex_unlock(struct mutex *m);
bool mutex_is_held(const struct mutex *m); /* for assertions; true in release builds */

void rw_init(struct rwmutex *rw, const char *name);
static void rw_read_lock(struct rwmutex *rw);
static void rw_read_unlock(struct rwmutex *rw);
void rw_write_lock(struct rwmutex *rw);
/* A second one of the same class that nobody else can be waiting for (a fresh fork child): the
 * order checker lets it pass. */
void rw_write_lock_nested(struct rwmutex *rw);
void rw_write_unlock(struct rwmutex *rw);
bool rw_is_held_write(const struct rwmutex *rw); /* by the caller; assertions */

/* rwmutex.c: for the two functions below, when one instruction is not enough. */
void rw_read_wait(struct rwmutex *rw);
void rw_read_left(struct rwmutex *rw, s64 seen);
#ifdef DEBUG
void rw_check_order(const struct rwmutex *rw);
void rw_note_read(struct rwmutex *rw);
void rw_note_read_end(struct rwmutex *rw);
#else
static inline void rw_check_order(const struct rwmutex *rw)
{
    (void)rw;
}
static inline void rw_note_read(struct rwmutex *rw)
{
    (void)rw;
}
static inline void rw_note_read_end(struct rwmutex *rw)
{
    (void)rw;
}
#endif

/* rw->state, beside the number of readers */
#define RW_WRITER  (1L << 32)
#define RW_WAITERS (1L << 33)
#define RW_READERS (RW_WRITER - 1)

static inline void rw_read_lock(struct rwmutex *rw)
{
    rw_check_order(rw);
    if (unlikely(__atomic_fetch_add(&rw->state, 1, __ATOMIC_ACQUIRE) >= RW_WRITER))
        rw_read_wait(rw);
    rw_note_read(rw);
}

static inline void rw_read_unlock(struct rwmutex *rw)
{
    rw_note_read_end(rw);
    s64 seen = __atomic_fetch_sub(&rw->state, 1, __ATOMIC_RELEASE);
    if (unlikely(seen >= RW_WRITER))
        rw_read_left(rw, seen);
}
