/* SPDX-License-Identifier: MIT */
/*
 * Pending signals: a set, and for those that carry details a queue.
 *
 * A standard signal is pending once; a real-time signal queues. A signal from the kernel
 * without details of its own needs no queue entry, so that interrupt handlers, which may not
 * allocate, can send it; a timer brings an entry of its own. Where an entry cannot be had, a
 * standard signal still becomes pending, without its details; a real-time one from a user is
 * refused with -EAGAIN (signal(7), "Queueing and delivery").
 *
 * Locks: the sig_lock of the process that a sigpending belongs to; `dropped_lock` for entries
 * that an interrupt handler took out, which the next thread that takes a signal frees.
 */
#include <proc/internal.h>

#include <arch/riscv/hart.h>
#include <lib/string.h>
#include <linux/errno.h>
#include <linux/signal.h>
#include <mem/cache.h>

static struct spinlock dropped_lock = SPINLOCK_INIT("dropped signals");
static struct list_head dropped = LIST_INIT(dropped); /* dropped_lock */

/* Takes an entry out; a timer's goes back to its timer. */
static void entry_remove(struct sigpending *p, struct sigqueue *q)
{
    list_del(&q->link);
    if (q->is_timers)
        return;
    p->n_queued--;
    if (!mycpu()->in_interrupt) {
        mem_free(q);
        return;
    }
    u64 state = spin_lock_irqsave(&dropped_lock);
    list_add_tail(&q->link, &dropped);
    spin_unlock_irqrestore(&dropped_lock, state);
}

static void dropped_free(void)
{
    while (unlikely(!list_is_empty(&dropped))) {
        struct sigqueue *q;
        u64 state = spin_lock_irqsave(&dropped_lock);

        q = list_first_or_null(&dropped, struct sigqueue, link);
        if (q)
            list_del(&q->link);
        spin_unlock_irqrestore(&dropped_lock, state);
        mem_free(q);
    }
}

void sigpending_drop(struct sigpending *p, sigset64_t set)
{
    struct sigqueue *q, *next;

    if (!(p->set & set))
        return;
    p->set &= ~set;
    p->plain &= ~set;
    list_for_each_safe (q, next, &p->queue, link) {
        if (set & sig_bit(q->info.signo))
            entry_remove(p, q);
    }
}

void sigpending_flush(struct sigpending *p)
{
    sigpending_drop(p, ~0UL);
}

static void add_plain(struct sigpending *p, int signo)
{
    p->set |= sig_bit(signo);
    p->plain |= sig_bit(signo);
}

int sigpending_add(struct sigpending *p, int signo, const struct siginfo_part *info, u64 limit)
{
    struct sigqueue *q;

    if (signo < SIGRTMIN && (p->set & sig_bit(signo)))
        return 0;
    if (!info) {
        add_plain(p, signo);
        return 0;
    }
    q = p->n_queued < limit ? mem_alloc(sizeof(*q)) : NULL;
    if (!q && signo >= SIGRTMIN && info->code < 0)
        return -EAGAIN;
    p->set |= sig_bit(signo);
    if (!q)
        return 0;
    q->info = *info;
    q->is_timers = false;
    p->n_queued++;
    list_add_tail(&q->link, &p->queue);
    return 0;
}

void sigpending_add_timer(struct sigpending *p, struct sigqueue *q, u64 missed)
{
    bool waits = !list_is_empty(&q->link);
    u64 overrun = waits ? (u64)q->info.overrun + 1 + missed : missed;

    q->info.overrun = (typeof(q->info.overrun))min(overrun, (u64)INT32_MAX);
    if (waits)
        return;
    p->set |= sig_bit(q->info.signo);
    list_add_tail(&q->link, &p->queue);
}

/* A signal that was pending without an entry. */
static void info_without_entry(struct sigpending *p, int signo, struct siginfo_part *info)
{
    siginfo_kernel(info, signo);
    if (!(p->plain & sig_bit(signo)))
        info->code = SI_USER;
    p->plain &= ~sig_bit(signo);
}

void sigpending_take(struct sigpending *p, int signo, struct siginfo_part *info)
{
    struct sigqueue *q, *found = NULL;
    bool more = false;

    dropped_free();
    list_for_each (q, &p->queue, link) {
        if (q->info.signo != signo)
            continue;
        more = found;
        if (more)
            break;
        found = q;
    }
    if (found && (p->plain & sig_bit(signo)))
        more = true;
    if (!more)
        p->set &= ~sig_bit(signo);
    if (!found) {
        info_without_entry(p, signo, info);
        return;
    }
    *info = found->info;
    entry_remove(p, found);
}
