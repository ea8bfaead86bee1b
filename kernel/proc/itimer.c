/* SPDX-License-Identifier: MIT */
/*
 * setitimer(2): SIGALRM by the clock, SIGVTALRM and SIGPROF by the CPU time of the process.
 *
 * CPU time passes no faster than real time times running threads. So a CPU timer sleeps on the
 * clock for as long as the process could need at least, then looks, and sleeps again if it is
 * not there yet.
 *
 * Locks: `itimer_lock` for setting, so that two threads do not arm one timer. The functions of
 * the timers run in interrupts, without it.
 */
#include <proc/timers.h>

#include <lib/string.h>
#include <linux/signal.h>
#include <proc/internal.h>
#include <sched/mutex.h>

#define CPU_LOOK_MIN (NSEC_PER_SEC / 1000)

static struct mutex itimer_lock;

/* Only a timer that was ever used needs its function waited for. */
static void timer_end(struct timer *t)
{
    if (t->deadline)
        timer_cancel(t);
}

static void real_fired(struct timer *t);
static void virtual_fired(struct timer *t);
static void prof_fired(struct timer *t);
static void limit_fired(struct timer *t);

/* Few processes have any: the first to need them sets them up. */
static void itimers_set_up(struct proc *proc)
{
    struct itimers *all = &proc->itimers;
    u64 state = spin_lock_irqsave(&proc->sig_lock);

    if (!proc->has_itimers) {
        memset(all, 0, sizeof(*all));
        timer_init(&all->real_timer, real_fired);
        timer_init(&all->virtual_timer.timer, virtual_fired);
        timer_init(&all->prof_timer.timer, prof_fired);
        timer_init(&all->limit_timer.timer, limit_fired);
        __atomic_store_n(&proc->has_itimers, true, __ATOMIC_RELEASE);
    }
    spin_unlock_irqrestore(&proc->sig_lock, state);
}

static bool has_itimers(const struct proc *proc)
{
    return __atomic_load_n(&proc->has_itimers, __ATOMIC_ACQUIRE);
}

static void real_fired(struct timer *t)
{
    struct proc *proc = container_of(t, struct proc, itimers.real_timer);

    if (proc->itimers.real_interval)
        (void)timer_repeat(t, proc->itimers.real_interval);
    signal_send_proc(proc, SIGALRM, NULL);
}

static nsec_t cpu_time(struct proc *proc, const struct cpu_timer *ct)
{
    struct proc_times times;

    proc_times_read(proc, &times);
    return ct == &proc->itimers.virtual_timer ? times.utime : times.utime + times.stime;
}

static void cpu_timer_arm(struct proc *proc, struct cpu_timer *ct, nsec_t left)
{
    nsec_t wait = left / max(1u, proc->n_live);

    timer_set(&ct->timer, nsec_after(clock_monotonic(), max(wait, CPU_LOOK_MIN)));
}

static void cpu_timer_look(struct proc *proc, struct cpu_timer *ct, int signo)
{
    nsec_t left = ct->expires - cpu_time(proc, ct);

    if (!ct->expires)
        return;
    if (left <= 0) {
        signal_send_proc(proc, signo, NULL);
        ct->expires = ct->interval ? nsec_after(ct->expires, ct->interval) : 0;
        left += ct->interval;
    }
    if (ct->expires)
        cpu_timer_arm(proc, ct, left);
}

static void virtual_fired(struct timer *t)
{
    struct proc *proc = container_of(t, struct proc, itimers.virtual_timer.timer);

    cpu_timer_look(proc, &proc->itimers.virtual_timer, SIGVTALRM);
}

static void prof_fired(struct timer *t)
{
    struct proc *proc = container_of(t, struct proc, itimers.prof_timer.timer);

    cpu_timer_look(proc, &proc->itimers.prof_timer, SIGPROF);
}

/* RLIMIT_CPU (setrlimit(2)): SIGXCPU at the soft limit and each second after it, SIGKILL at the
 * hard one. */
static void limit_fired(struct timer *t)
{
    struct proc *proc = container_of(t, struct proc, itimers.limit_timer.timer);
    struct cpu_timer *ct = &proc->itimers.limit_timer;
    nsec_t used = cpu_time(proc, ct);
    u64 hard = proc->limits[RLIMIT_CPU].rlim_max;

    if (!ct->expires)
        return;
    if (used >= ct->expires) {
        bool end = hard != RLIM64_INFINITY && (u64)(used / NSEC_PER_SEC) >= hard;

        signal_send_proc(proc, end ? SIGKILL : SIGXCPU, NULL);
        ct->expires = end ? 0 : ct->expires + NSEC_PER_SEC;
    }
    if (ct->expires)
        cpu_timer_arm(proc, ct, ct->expires - used);
}

/* Not once the last thread began to exit: proc_timers_end() has been there, or comes. */
void cpu_limit_watch(struct proc *proc)
{
    struct cpu_timer *ct = &proc->itimers.limit_timer;
    u64 soft = proc->limits[RLIMIT_CPU].rlim_cur;
    nsec_t used;

    itimers_set_up(proc);
    timer_end(&ct->timer);
    used = cpu_time(proc, ct);
    u64 state = spin_lock_irqsave(&proc->sig_lock);
    ct->expires = 0;
    if (soft < INT64_MAX / NSEC_PER_SEC && proc->n_live > 0) {
        ct->expires = max((nsec_t)soft, 1L) * NSEC_PER_SEC;
        cpu_timer_arm(proc, ct, ct->expires - used);
    }
    spin_unlock_irqrestore(&proc->sig_lock, state);
}

static void itimers_end(struct itimers *all)
{
    all->real_interval = 0;
    all->virtual_timer.expires = all->prof_timer.expires = all->limit_timer.expires = 0;
    timer_end(&all->limit_timer.timer);
    timer_end(&all->real_timer);
    timer_end(&all->virtual_timer.timer);
    timer_end(&all->prof_timer.timer);
}

void proc_timers_end(struct proc *proc)
{
    if (has_itimers(proc))
        itimers_end(&proc->itimers);
    if (!list_is_empty(&proc->posix_timers))
        posix_timers_delete_all(proc);
}

/* --- the calls --- */

void itimers_init(void)
{
    mutex_init(&itimer_lock, "itimer");
}

static struct cpu_timer *cpu_timer_of(struct proc *proc, int which)
{
    return which == ITIMER_VIRTUAL ? &proc->itimers.virtual_timer : &proc->itimers.prof_timer;
}

void itimer_get(int which, struct itimer *out)
{
    struct proc *proc = proc_current();
    struct cpu_timer *ct = cpu_timer_of(proc, which);

    *out = (struct itimer){0};
    if (!has_itimers(proc))
        return;
    if (which == ITIMER_REAL) {
        out->interval = proc->itimers.real_interval;
        if (proc->itimers.real_timer.hart)
            out->remaining = max(proc->itimers.real_timer.deadline - clock_monotonic(), 1L);
        return;
    }
    out->interval = ct->interval;
    out->remaining = ct->expires ? max(ct->expires - cpu_time(proc, ct), 1L) : 0;
}

static void cpu_itimer_set(struct proc *proc, struct cpu_timer *ct, const struct itimer *new)
{
    timer_end(&ct->timer);
    ct->interval = new->interval;
    ct->expires = new->remaining ? nsec_after(cpu_time(proc, ct), new->remaining) : 0;
    if (ct->expires)
        cpu_timer_arm(proc, ct, new->remaining);
}

static void real_itimer_set(struct proc *proc, const struct itimer *new)
{
    proc->itimers.real_interval = 0; /* so that a firing one does not arm itself again */
    timer_end(&proc->itimers.real_timer);
    proc->itimers.real_interval = new->interval;
    if (new->remaining)
        timer_set(&proc->itimers.real_timer, nsec_after(clock_monotonic(), new->remaining));
}

void itimer_set(int which, const struct itimer *new, struct itimer *old)
{
    struct proc *proc = proc_current();

    itimers_set_up(proc);
    mutex_lock(&itimer_lock);
    itimer_get(which, old);
    if (which == ITIMER_REAL)
        real_itimer_set(proc, new);
    else
        cpu_itimer_set(proc, cpu_timer_of(proc, which), new);
    mutex_unlock(&itimer_lock);
}
