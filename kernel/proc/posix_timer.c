/* SPDX-License-Identifier: MIT */
/*
 * timer_create(2) and its kin, for the clocks that follow real time.
 *
 * An expiry while the signal of the last one still waits does not queue another: it counts as
 * an overrun in the waiting one.
 *
 * Locks: sig_lock for the list and the values. The function of a timer runs in an interrupt; so
 * a timer is first taken off the list, then cancelled without the lock, then freed.
 */
#include <proc/timers.h>

#include <linux/errno.h>
#include <linux/signal.h>
#include <mem/cache.h>
#include <proc/internal.h>

struct posix_timer {
    struct list_head link;
    u32 id;
    struct posix_timer_spec spec; /* set at creation */
    struct proc *proc;            /* set at creation */
    struct timer timer;
    struct sigqueue entry; /* sig_lock: the signal, when it waits */
    nsec_t interval;
    u32 overrun_last; /* of the signal delivered last */
};

static void fired(struct timer *timer)
{
    struct posix_timer *t = container_of(timer, struct posix_timer, timer);

    u64 missed = 0;

    if (t->interval)
        missed = timer_repeat(timer, t->interval);
    if (t->spec.signo)
        signal_send_timer(t->proc, t->spec.tid, &t->entry, missed);
}

static struct posix_timer *find_locked(struct proc *proc, u32 id)
{
    struct posix_timer *t;

    list_for_each (t, &proc->posix_timers, link) {
        if (t->id == id)
            return t;
    }
    return NULL;
}

long posix_timer_create(const struct posix_timer_spec *spec)
{
    struct proc *proc = proc_current();
    struct posix_timer *t = mem_zalloc(sizeof(*t));

    if (!t)
        return -ENOMEM;
    t->spec = *spec;
    t->proc = proc;
    timer_init(&t->timer, fired);
    u64 state = spin_lock_irqsave(&proc->sig_lock);
    t->id = proc->next_timer_id++;
    if (!spec->has_value)
        t->spec.value = t->id;
    list_init(&t->entry.link);
    t->entry.is_timers = true;
    siginfo_kernel(&t->entry.info, spec->signo);
    t->entry.info.code = SI_TIMER;
    t->entry.info.timer_id = t->id;
    t->entry.info.timer_value = t->spec.value;
    list_add_tail(&t->link, &proc->posix_timers);
    spin_unlock_irqrestore(&proc->sig_lock, state);
    return t->id;
}

static void read_timer(const struct posix_timer *t, struct itimer *out)
{
    out->interval = t->interval;
    out->remaining = 0;
    if (t->timer.hart)
        out->remaining = max(t->timer.deadline - clock_monotonic(), 1L);
}

int posix_timer_get(u32 id, struct itimer *out)
{
    struct proc *proc = proc_current();
    u64 state = spin_lock_irqsave(&proc->sig_lock);
    struct posix_timer *t = find_locked(proc, id);

    if (t)
        read_timer(t, out);
    spin_unlock_irqrestore(&proc->sig_lock, state);
    return t ? 0 : -EINVAL;
}

/* Off the list, so that it stays while the caller works on it without the lock. */
static struct posix_timer *take(struct proc *proc, u32 id)
{
    u64 state = spin_lock_irqsave(&proc->sig_lock);
    struct posix_timer *t = find_locked(proc, id);

    if (t)
        list_del(&t->link);
    spin_unlock_irqrestore(&proc->sig_lock, state);
    return t;
}

static void give_back(struct proc *proc, struct posix_timer *t)
{
    u64 state = spin_lock_irqsave(&proc->sig_lock);

    list_add_tail(&t->link, &proc->posix_timers);
    spin_unlock_irqrestore(&proc->sig_lock, state);
}

int posix_timer_set(u32 id, const struct itimer *new, bool is_absolute, struct itimer *old)
{
    struct proc *proc = proc_current();
    struct posix_timer *t = take(proc, id);
    nsec_t deadline = new->remaining;

    if (!t)
        return -EINVAL;
    read_timer(t, old);
    t->interval = 0;
    timer_cancel(&t->timer);
    t->interval = new->interval;
    t->overrun_last = 0;
    if (!is_absolute)
        deadline = nsec_after(clock_monotonic(), deadline);
    else if (t->spec.clock == CLOCK_REALTIME || t->spec.clock == CLOCK_TAI)
        deadline -= clock_realtime() - clock_monotonic();
    if (new->remaining)
        timer_set(&t->timer, deadline);
    give_back(proc, t);
    return 0;
}

long posix_timer_overrun(u32 id)
{
    struct proc *proc = proc_current();
    u64 state = spin_lock_irqsave(&proc->sig_lock);
    struct posix_timer *t = find_locked(proc, id);
    long n = t ? (long)t->overrun_last : -EINVAL;

    spin_unlock_irqrestore(&proc->sig_lock, state);
    return n;
}

void posix_timer_delivered_locked(const struct siginfo_part *info)
{
    struct posix_timer *t = find_locked(proc_current(), info->timer_id);

    if (t)
        t->overrun_last = info->overrun;
}

static void destroy(struct posix_timer *t)
{
    t->interval = 0;
    timer_cancel(&t->timer);
    signal_forget_timer(t->proc, &t->entry);
    mem_free(t);
}

int posix_timer_delete(u32 id)
{
    struct posix_timer *t = take(proc_current(), id);

    if (!t)
        return -EINVAL;
    destroy(t);
    return 0;
}

void posix_timers_delete_all(struct proc *proc)
{
    while (!list_is_empty(&proc->posix_timers)) {
        struct posix_timer *t =
            take(proc, list_first(&proc->posix_timers, struct posix_timer, link)->id);

        if (t)
            destroy(t);
    }
}
