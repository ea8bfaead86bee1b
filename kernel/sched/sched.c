/* SPDX-License-Identifier: MIT */
/*
 * Who runs next: round robin per hart, time slices by niceness, sleeping and waking.
 *
 * Each hart has a queue of runnable threads. The running thread goes on until it sleeps, or
 * until the tick finds its slice used up while others wait; there is no tick when nobody waits.
 * A thread keeps what is left of its slice over a sleep; one that is woken by an interrupt with
 * slice left goes first, so that who waits for input or time answers quickly, and cannot run
 * longer than a slice that way.
 *
 * Lock: the run queue's, interrupts off. It is held over the switch: taken by the thread that
 * leaves, released by the one that comes (sched_finish_switch()). So whoever holds it sees each
 * thread either still on its hart or wholly saved. thread->hart changes under the old hart's
 * lock.
 */
#include <arch/riscv/csr.h>
#include <arch/riscv/fpu.h>
#include <arch/riscv/time.h>
#include <debug/assert.h>
#include <debug/trace.h>
#include <sched/internal.h>

#define SLICE_NICE_0 (10 * 1000 * 1000L) /* nsec */
#define SLICE_STEP   (450 * 1000L)       /* less per step of niceness */
#define TICK_MIN     (1000 * 1000L)

s64 slice_ticks(const struct thread *t)
{
    nsec_t slice = SLICE_NICE_0 - t->nice * SLICE_STEP * (t->nice < 0 ? 4 : 1);
    return nsec_to_ticks(slice);
}

/* Weak: vm/ has the real one; a kernel without it has one address space. */
__attribute__((weak)) void aspace_switch(struct aspace *to)
{
    (void)to;
}

/* ---- switching ---------------------------------------------------------------------- */

/* Charges the time since it came to the thread that leaves. */
static void account(struct runq *rq, struct thread *prev, u64 now)
{
    u64 ran = now - prev->switched_in;
    prev->run_ticks += ran;
    prev->system_ticks += now - prev->entered;
    prev->slice_left -= ran;
    prev->switched_in = prev->entered = now;
    if (prev == mycpu()->idle)
        return;
    rq->busy_ticks += ran;
    rq->busy_system_ticks += prev->system_ticks - rq->system_mark;
}

/* Watches the slice of the thread that comes, if others wait. */
static void tick_set(struct runq *rq, struct thread *next, u64 now)
{
    if (rq->n_queued == 0 || rq->tick_at <= now + next->slice_left)
        return;
    u64 end = now + max(next->slice_left, (s64)nsec_to_ticks(TICK_MIN));
    if (rq->tick_at <= end)
        return;
    rq->tick_at = end;
    alarm_update();
}

static struct thread *pick_locked(struct runq *rq)
{
    if (list_is_empty(&rq->queue))
        return mycpu()->idle;
    struct thread *next = list_first(&rq->queue, struct thread, run_link);
    runq_remove_locked(rq, next);
    return next;
}

/* The switch itself. Returns when somebody switches back. */
static void switch_to_locked(struct runq *rq, struct thread *prev, struct thread *next)
{
    u64 now = time_ticks();
    account(rq, prev, now);
    if (next->slice_left <= 0)
        next->slice_left = slice_ticks(next);
    next->switched_in = next->entered = now;
    rq->system_mark = next->system_ticks;
    next->state = THREAD_RUNNING;
    mycpu()->current = next;
    next->n_switches++;
    rq->n_switches++;
    tick_set(rq, next, now);
    fpu_switch_out(prev);
    if (next->aspace != prev->aspace)
        aspace_switch(next->aspace);
    trace(TRACE_SWITCH, (u64)next, 0, 0, next->tid);
    context_switch(&prev->context, &next->context, next);
    sched_finish_switch();
}

/* First thing in the thread that came: what the one before could not do itself. */
void sched_finish_switch(void)
{
    struct runq *rq = my_runq();
    struct thread *dead = rq->dead, *outgoing = rq->outgoing;
    rq->dead = rq->outgoing = NULL;
    spin_unlock(&rq->lock);
    if (unlikely(dead))
        thread_free(dead);
    if (unlikely(outgoing))
        runq_place(outgoing, choose_hart(outgoing), false);
}

/* Where the running thread goes when it could go on. */
static void requeue_locked(struct runq *rq, struct thread *prev)
{
    prev->state = THREAD_RUNNABLE;
    if (likely(prev->affinity & hart_bit(mycpu()->id))) {
        runq_insert_locked(rq, prev, false);
        prev->n_preempted++;
    } else {
        rq->outgoing = prev;
    }
}

void schedule(void)
{
    assert_may_sleep();
    u64 irq = irq_save();
    struct runq *rq = my_runq();
    struct thread *prev = current;
    spin_lock(&rq->lock);
    if (prev->flags & TF_RESCHED)
        __atomic_fetch_and(&prev->flags, ~TF_RESCHED, __ATOMIC_RELAXED);
    bool goes_on = prev->state == THREAD_RUNNING && prev != mycpu()->idle;
    if (goes_on && rq->n_queued == 0 && (prev->affinity & hart_bit(mycpu()->id))) {
        spin_unlock_irqrestore(&rq->lock, irq);
        return;
    }
    if (goes_on)
        requeue_locked(rq, prev);
    struct thread *next = pick_locked(rq);
    if (unlikely(next == prev)) {
        prev->state = THREAD_RUNNING;
        spin_unlock_irqrestore(&rq->lock, irq);
        return;
    }
    switch_to_locked(rq, prev, next);
    irq_restore(irq);
}

void sched_yield(void)
{
    schedule();
}

void sched_point(void)
{
    if (__atomic_load_n(&current->flags, __ATOMIC_RELAXED) & TF_RESCHED)
        schedule();
}

void thread_exit(void)
{
    assert_may_sleep();
    irq_disable();
    struct runq *rq = my_runq();
    struct thread *prev = current;
    assert(prev != mycpu()->idle);
#ifdef DEBUG
    assert_msg(prev->n_sleeping_held == 0, "%s", prev->name);
#endif
    spin_lock(&rq->lock);
    prev->state = THREAD_DEAD;
    rq->dead = prev;
    switch_to_locked(rq, prev, pick_locked(rq));
    panic("a dead thread runs");
}

/* ---- waking ------------------------------------------------------------------------- */

/* Locks the queue of the hart that the thread belongs to. Interrupts are off. */
struct runq *thread_lock_runq(struct thread *t)
{
    for (;;) {
        struct hart *h = __atomic_load_n(&t->hart, __ATOMIC_RELAXED);
        struct runq *rq = &runqs[h->id];
        spin_lock(&rq->lock);
        if (likely(__atomic_load_n(&t->hart, __ATOMIC_RELAXED) == h))
            return rq;
        spin_unlock(&rq->lock);
    }
}

void thread_start(struct thread *t)
{
    assert(t->state == THREAD_NEW);
    runq_place(t, choose_hart(t), false);
}

/* Takes a thread out of its sleep. Called under its queue's lock; releases it. */
static void wake_and_unlock(struct thread *t, struct runq *rq, u64 irq)
{
    bool urgent = mycpu()->in_interrupt && t->slice_left > 0;
    if (t->hart->current == t) { /* it has not left yet: schedule() will find it RUNNING */
        t->state = THREAD_RUNNING;
        spin_unlock_irqrestore(&rq->lock, irq);
        return;
    }
    t->state = THREAD_RUNNABLE;
    u32 id = choose_hart(t);
    if (id == t->hart->id) {
        runq_insert_locked(rq, t, urgent);
        runq_notify_locked(id, urgent);
        spin_unlock_irqrestore(&rq->lock, irq);
        return;
    }
    t->hart = &harts[id];
    spin_unlock_irqrestore(&rq->lock, irq);
    runq_place(t, id, urgent);
}

bool thread_wake(struct thread *t)
{
    __atomic_thread_fence(
        __ATOMIC_SEQ_CST); /* the condition is true before we look at the state */
    u64 irq = irq_save();
    struct runq *rq = thread_lock_runq(t);
    if (t->state != THREAD_SLEEPING) {
        spin_unlock_irqrestore(&rq->lock, irq);
        return false;
    }
    wake_and_unlock(t, rq, irq);
    return true;
}

void thread_interrupt(struct thread *t)
{
    __atomic_fetch_or(&t->flags, TF_SIGNAL, __ATOMIC_SEQ_CST);
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    u64 irq = irq_save();
    struct runq *rq = thread_lock_runq(t);
    if (t->state == THREAD_SLEEPING && t->wake_interruptible) {
        wake_and_unlock(t, rq, irq);
        return;
    }
    bool elsewhere = t->hart->current == t && t->hart != mycpu();
    u64 where = hart_bit(t->hart->id);
    spin_unlock_irqrestore(&rq->lock, irq);
    if (elsewhere)
        ipi_send(where, IPI_WAKE); /* it passes user_return on its way out of the interrupt */
}

void thread_kick(struct thread *t)
{
    u64 irq = irq_save();
    struct runq *rq = thread_lock_runq(t);
    u64 where = hart_bit(t->hart->id);
    __atomic_fetch_or(&t->flags, TF_RESCHED, __ATOMIC_RELAXED);
    spin_unlock_irqrestore(&rq->lock, irq);
    ipi_send(where, IPI_WAKE);
}

void thread_set_nice(struct thread *t, int nice)
{
    t->nice = max(-20, min(19, nice));
}

/* ---- the tick ----------------------------------------------------------------------- */

/* Somebody idle could take what waits here. */
static void offer_work(struct runq *rq)
{
    u64 idle = __atomic_load_n(&idle_harts, __ATOMIC_RELAXED) & ~hart_bit(mycpu()->id);
    if (rq->n_queued > 0 && idle)
        ipi_send(idle & -idle, IPI_WAKE);
}

void sched_tick(void)
{
    struct runq *rq = my_runq();
    struct thread *t = current;
    u64 now = time_ticks();
    if (rq->tick_at != TIMER_NEVER && rq->tick_at > now)
        return;
    rq->tick_at = TIMER_NEVER;
    if (n_harts > 1 && t != mycpu()->idle)
        runq_steal(rq->n_queued + 2);
    if (rq->n_queued == 0 || t == mycpu()->idle)
        return;
    s64 left = t->slice_left - (s64)(now - t->switched_in);
    if (left <= 0)
        __atomic_fetch_or(&t->flags, TF_RESCHED, __ATOMIC_RELAXED);
    rq->tick_at = now + max(left, (s64)nsec_to_ticks(TICK_MIN));
    alarm_update();
    offer_work(rq);
}

/* ---- idle --------------------------------------------------------------------------- */

/* Waits until the queue has something. The hart counts as idle while it serves the interrupt
 * that ends the wait, so that the thread which this wakes stays here. */
static void idle_wait(struct runq *rq)
{
    u64 me = hart_bit(mycpu()->id);
    while (__atomic_load_n(&rq->n_queued, __ATOMIC_RELAXED) == 0) {
        irq_disable();
        __atomic_fetch_or(&idle_harts, me, __ATOMIC_SEQ_CST);
        if (__atomic_load_n(&rq->n_queued, __ATOMIC_RELAXED) == 0 && !runq_steal(1))
            cpu_wait_for_interrupt(); /* one that is pending ends it, though interrupts are off
                                       */
        irq_enable();
    }
    __atomic_fetch_and(&idle_harts, ~me, __ATOMIC_RELAXED);
}

void sched_idle_loop(void)
{
    current->switched_in = current->entered = time_ticks();
    irq_enable();
    for (;;) {
        idle_wait(my_runq());
        schedule();
    }
}
