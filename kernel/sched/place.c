/* SPDX-License-Identifier: MIT */
/*
 * Which hart a thread runs on.
 *
 * A thread that wakes goes back to its last hart if that is idle (its cache is warm), else to
 * any idle one, else it queues at its last hart. A hart with nothing to do steals from the
 * longest queue; a busy one looks for a much longer queue now and then. idle_harts is a hint:
 * whoever picks a hart from it clears the bit, so that two wakers do not pick the same.
 *
 * Locks: one run-queue lock at a time. A thread that moves is RUNNABLE and on no queue in
 * between; nobody else touches such a thread.
 */
#include <arch/riscv/csr.h>
#include <arch/riscv/time.h>
#include <debug/assert.h>
#include <sched/internal.h>
#include <asm/errno.h>

struct runq runqs[MAX_HARTS];
u64 idle_harts;

u32 choose_hart(struct thread *t)
{
    u64 online = __atomic_load_n(&harts_online, __ATOMIC_RELAXED);
    u64 allowed = t->affinity & online;
    u32 last = t->hart->id;
    if (online == 1)
        return 0;
    if (allowed == 0)
        return last; /* its harts are not online */
    u64 idle = __atomic_load_n(&idle_harts, __ATOMIC_RELAXED) & allowed;
    if (idle == 0)
        return allowed & hart_bit(last) ? last : (u32)__builtin_ctzl(allowed);
    u32 id = idle & hart_bit(last) ? last : (u32)__builtin_ctzl(idle);
    __atomic_fetch_and(&idle_harts, ~hart_bit(id), __ATOMIC_RELAXED);
    return id;
}

/* The hart must look: it is idle, must let an urgent thread pass, or must begin to watch the
 * running thread's slice. */
void runq_notify_locked(u32 id, bool urgent)
{
    struct hart *h = &harts[id];
    struct runq *rq = &runqs[id];
    if (urgent && h->current != h->idle)
        __atomic_fetch_or(&h->current->flags, TF_RESCHED, __ATOMIC_RELAXED);
    if (h == mycpu()) {
        if (rq->tick_at == TIMER_NEVER && h->current != h->idle) {
            rq->tick_at = time_ticks() + h->current->slice_left;
            alarm_update();
        }
        return;
    }
    if (urgent || h->current == h->idle || rq->n_queued == 1)
        ipi_send(hart_bit(id), IPI_WAKE);
}

void runq_place(struct thread *t, u32 id, bool urgent)
{
    struct runq *rq = runq_of(id);
    u64 irq = spin_lock_irqsave(&rq->lock);
    t->hart = &harts[id];
    t->state = THREAD_RUNNABLE;
    runq_insert_locked(rq, t, urgent);
    runq_notify_locked(id, urgent);
    spin_unlock_irqrestore(&rq->lock, irq);
}

/* A thread of rq that may run here, taken off; the one that waits longest. */
static struct thread *take_for_me_locked(struct runq *rq)
{
    struct thread *t;
    list_for_each (t, &rq->queue, run_link) {
        if (t->affinity & hart_bit(mycpu()->id)) {
            runq_remove_locked(rq, t);
            return t;
        }
    }
    return NULL;
}

static u32 longest_queue(void)
{
    u32 best = mycpu()->id;
    for (u32 i = 0; i < n_harts; i++)
        if (runqs[i].n_queued > runqs[best].n_queued)
            best = i;
    return best;
}

bool runq_steal(u32 at_least_queued)
{
    u32 from = longest_queue();
    if (from == mycpu()->id || runqs[from].n_queued < at_least_queued)
        return false;
    u64 irq = spin_lock_irqsave(&runqs[from].lock);
    struct thread *t = take_for_me_locked(&runqs[from]);
    if (t)
        t->hart = mycpu(); /* still under the lock of its old queue */
    spin_unlock_irqrestore(&runqs[from].lock, irq);
    if (t)
        runq_place(t, mycpu()->id, false);
    return t;
}

/* Moves a queued thread that may no longer run where it is. Called under its queue's lock;
 * releases it. */
static void move_away(struct thread *t, struct runq *rq, u64 irq)
{
    runq_remove_locked(rq, t);
    spin_unlock_irqrestore(&rq->lock, irq);
    runq_place(t, choose_hart(t), false);
}

int thread_set_affinity(struct thread *t, u64 mask)
{
    mask &= __atomic_load_n(&harts_online, __ATOMIC_RELAXED);
    if (mask == 0)
        return -EINVAL;
    u64 irq = irq_save();
    struct runq *rq = thread_lock_runq(t);
    t->affinity = mask;
    bool is_wrong = !(mask & hart_bit(t->hart->id));
    if (is_wrong && t->state == THREAD_RUNNABLE && !list_is_empty(&t->run_link)) {
        move_away(t, rq, irq);
        return 0;
    }
    bool is_on_hart = t->hart->current == t;
    spin_unlock_irqrestore(&rq->lock, irq);
    if (is_wrong && t == current)
        schedule();
    else if (is_wrong && is_on_hart)
        thread_kick(t);
    return 0;
}
