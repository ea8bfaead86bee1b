/* SPDX-License-Identifier: MIT */
/* Between the files of the scheduler. */
#pragma once

#include <arch/riscv/hart.h>
#include <arch/riscv/page.h>
#include <debug/assert.h>
#include <lib/list.h>
#include <lib/types.h>
#include <sched/thread.h>
#include <sync/spinlock.h>

struct runq {
    struct spinlock lock; /* interrupts off */

    /* lock */
    struct list_head queue;  /* runnable threads, next first; the running one is not on it */
    u32 n_queued;            /* read without the lock as a hint */
    struct thread *dead;     /* left the hart for good: free after the switch */
    struct thread *outgoing; /* left the hart for another one: place after the switch */
    u64 n_switches;
    u64 busy_ticks, busy_system_ticks; /* all threads but the idle one */
    u64 system_mark;                   /* the running thread's system_ticks when it came */

    /* own hart only, interrupts off */
    u64 tick_at; /* when the running thread's slice is looked at, ticks; TIMER_NEVER: not at all
                  */
} __attribute__((aligned(128))); /* a size that is quick to index by */

extern struct runq runqs[MAX_HARTS];
extern u64 idle_harts; /* atomic: mask, a hint */

static inline struct runq *runq_of(u32 hart_id)
{
    struct runq *rq = &runqs[hart_id];
    __asm__("" : "+r"(rq)); /* worked out once, not anew for each field */
    return rq;
}

static inline struct runq *my_runq(void)
{
    return runq_of(mycpu()->id);
}

/* thread.c */
void thread_free(struct thread *t);

/* sched.c */
s64 slice_ticks(const struct thread *t);
struct runq *thread_lock_runq(struct thread *t);

/* place.c: which hart a thread goes to */
u32 choose_hart(struct thread *t);
/* Puts a runnable thread that is on no queue on the queue of hart `id`, and makes that hart
 * notice. */
void runq_place(struct thread *t, u32 id, bool urgent);
void runq_notify_locked(u32 id, bool urgent);
static inline void runq_insert_locked(struct runq *rq, struct thread *t, bool first)
{
    assert(spin_is_held(&rq->lock));
    assert(t->state == THREAD_RUNNABLE);
    if (first)
        list_add(&t->run_link, &rq->queue);
    else
        list_add_tail(&t->run_link, &rq->queue);
    rq->n_queued++;
}
static inline void runq_remove_locked(struct runq *rq, struct thread *t)
{
    assert(spin_is_held(&rq->lock));
    list_del(&t->run_link);
    rq->n_queued--;
}
/* Takes a thread from a busier hart. True if there is one on the own queue now. */
bool runq_steal(u32 at_least_queued);

/* timer.c: interrupts off */
void alarm_update(void);
void timers_init_hart(u32 id);

/* switch.S */
void context_switch(struct context *from, struct context *to, struct thread *next);
void thread_start_user(void);
void thread_start_kernel(void);
void sched_finish_switch(void);
