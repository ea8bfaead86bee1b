/* SPDX-License-Identifier: MIT */
/* System calls: clocks, sleeping, timers. */
#include <linux/syscall.h>

#include <arch/riscv/hart.h>
#include <linux/errno.h>
#include <linux/helpers.h>
#include <linux/times.h>
#include <proc/proc.h>
#include <proc/timers.h>
#include <proc/vdso.h>
#include <sched/timer.h>
#include <vfs/cred.h>
#include <vm/uaccess.h>

#define TICK (NSEC_PER_SEC / 100) /* times(2), AT_CLKTCK */

/* --- reading clocks --- */

static nsec_t process_time(void)
{
    struct proc_times t;

    proc_times_read(proc_current(), &t);
    return t.utime + t.stime;
}

static nsec_t thread_time(void)
{
    nsec_t user, system;

    thread_times(current, &user, &system);
    return user + system;
}

static int clock_read(int clock, nsec_t *now)
{
    switch (clock) {
    case CLOCK_REALTIME:
    case CLOCK_REALTIME_COARSE:
    case CLOCK_REALTIME_ALARM:
    case CLOCK_TAI:
        *now = clock_realtime();
        return 0;
    case CLOCK_MONOTONIC:
    case CLOCK_MONOTONIC_COARSE:
    case CLOCK_MONOTONIC_RAW:
    case CLOCK_BOOTTIME:
    case CLOCK_BOOTTIME_ALARM:
        *now = clock_monotonic();
        return 0;
    case CLOCK_PROCESS_CPUTIME_ID:
        *now = process_time();
        return 0;
    case CLOCK_THREAD_CPUTIME_ID:
        *now = thread_time();
        return 0;
    }
    return -EINVAL;
}

long sys_clock_gettime(u64 clock, u64 out)
{
    nsec_t now;
    int err = clock_read((int)clock, &now);

    return err ? err : timespec_out(out, now) ? -EFAULT : 0;
}

long sys_clock_getres(u64 clock, u64 out)
{
    nsec_t now;
    int err = clock_read((int)clock, &now);
    bool coarse = clock == CLOCK_REALTIME_COARSE || clock == CLOCK_MONOTONIC_COARSE;

    if (err || !out)
        return err;
    return timespec_out(out, coarse ? 4000000 : 1) ? -EFAULT : 0;
}

static long realtime_set(nsec_t now)
{
    if (!cred_is_root(current->cred))
        return -EPERM;
    clock_set_realtime(now);
    vdso_update_clock();
    return 0;
}

long sys_clock_settime(u64 clock, u64 from)
{
    nsec_t now;
    int err = timespec_in(from, &now);

    if (err)
        return err;
    return clock == CLOCK_REALTIME ? realtime_set(now) : -EINVAL;
}

long sys_gettimeofday(u64 out, u64 zone)
{
    struct __kernel_old_timeval tv = timeval_of(clock_realtime());
    struct timezone tz = {0};

    if (out && copyout(out, &tv, sizeof(tv)))
        return -EFAULT;
    return zone && copyout(zone, &tz, sizeof(tz)) ? -EFAULT : 0;
}

long sys_settimeofday(u64 from, u64 zone)
{
    nsec_t now;
    int err = from ? timeval_in(from, &now) : 0;

    if (err || !from)
        return err;
    return realtime_set(now);
}

long sys_times(u64 out)
{
    struct proc *proc = proc_current();
    struct proc_times t;
    struct tms tms;

    proc_times_read(proc, &t);
    tms.tms_utime = t.utime / TICK;
    tms.tms_stime = t.stime / TICK;
    u64 state = spin_lock_irqsave(&proc_lock);
    tms.tms_cutime = proc->dead_children.utime / TICK;
    tms.tms_cstime = proc->dead_children.stime / TICK;
    spin_unlock_irqrestore(&proc_lock, state);
    if (out && copyout(out, &tms, sizeof(tms)))
        return -EFAULT;
    return clock_monotonic() / TICK;
}

/* --- sleeping --- */

/* Sleeps; if a signal comes, the rest goes to `address` (0: nowhere) and the call can be restarted. */
static long sleep_restartable(const struct syscall_restart *r)
{
    int err = sleep_until(r->deadline, true);

    if (err != -EINTR)
        return err;
    if (r->address && timespec_out(r->address, max(r->deadline - clock_monotonic(), 0L)))
        return -EFAULT;
    current->user->restart = *r;
    return -ERESTART_RESTARTBLOCK;
}

static long sleep_for(nsec_t t, u64 rem)
{
    struct syscall_restart r = {
        .fn = sleep_restartable, .deadline = deadline_after(t), .address = rem};

    return sleep_restartable(&r);
}

long sys_nanosleep(u64 request, u64 rem)
{
    nsec_t t;
    int err = timespec_in(request, &t);

    return err ? err : sleep_for(t, rem);
}

static long sleep_until_cpu_time(int clock, nsec_t until)
{
    nsec_t now;
    int err = 0;

    while (!err && clock_read(clock, &now) == 0 && now < until)
        err = sleep_until(nsec_after(clock_monotonic(), max(until - now, TICK / 10)), true);
    return err == -EINTR ? -ERESTARTNOHAND : err;
}

long sys_clock_nanosleep(u64 clock, u64 flags, u64 request, u64 rem)
{
    nsec_t now, t;
    int err = clock_read((int)clock, &now);

    if (!err && clock == CLOCK_THREAD_CPUTIME_ID)
        err = -EINVAL;
    if (!err)
        err = timespec_in(request, &t);
    if (err)
        return err;
    if (clock == CLOCK_PROCESS_CPUTIME_ID)
        return sleep_until_cpu_time((int)clock, flags & TIMER_ABSTIME ? t : nsec_after(now, t));
    if (!(flags & TIMER_ABSTIME))
        return sleep_for(t, rem);
    err = sleep_until(t - now + clock_monotonic(), true);
    return err == -EINTR ? -ERESTARTNOHAND : err;
}

long sys_restart_syscall(void)
{
    struct syscall_restart r = current->user->restart;

    current->user->restart.fn = NULL;
    return r.fn ? r.fn(&r) : -EINTR;
}

/* --- setitimer --- */

static int itimer_out(u64 to, const struct itimer *it)
{
    struct __kernel_old_timeval tv[2] = {timeval_of(it->interval),
                                         timeval_of(it->remaining ? it->remaining + 999 : 0)};

    return copyout(to, tv, sizeof(tv)) ? -EFAULT : 0;
}

long sys_getitimer(u64 which, u64 out)
{
    struct itimer it;

    if ((u32)which > ITIMER_PROF)
        return -EINVAL;
    itimer_get((int)which, &it);
    return itimer_out(out, &it);
}

long sys_setitimer(u64 which, u64 new, u64 old)
{
    struct itimer it = {0}, before;
    int err = 0;

    if ((u32)which > ITIMER_PROF)
        return -EINVAL;
    if (new) {
        err = timeval_in(new, &it.interval);
        if (!err)
            err = timeval_in(new + sizeof(struct __kernel_old_timeval), &it.remaining);
    }
    if (err)
        return err;
    itimer_set((int)which, &it, &before);
    return old ? itimer_out(old, &before) : 0;
}

/* --- timer_create --- */

long sys_timer_create(u64 clock, u64 event, u64 id_out)
{
    struct posix_timer_spec spec = {.clock = (int)clock, .signo = SIGALRM};
    struct sigevent ev;
    long id;
    s32 id32;

    switch ((int)clock) {
    case CLOCK_REALTIME:
    case CLOCK_MONOTONIC:
    case CLOCK_BOOTTIME:
    case CLOCK_TAI:
        break;
    default:
        return -EINVAL;
    }
    if (event) {
        if (copyin(&ev, event, sizeof(ev)))
            return -EFAULT;
        if (ev.sigev_notify != SIGEV_NONE && (ev.sigev_signo < 1 || ev.sigev_signo > SIG_COUNT))
            return -EINVAL;
        if (ev.sigev_notify != SIGEV_NONE && ev.sigev_notify != SIGEV_SIGNAL &&
            ev.sigev_notify != (SIGEV_SIGNAL | SIGEV_THREAD_ID))
            return -EINVAL;
        spec.signo = ev.sigev_notify == SIGEV_NONE ? 0 : ev.sigev_signo;
        spec.tid = ev.sigev_notify & SIGEV_THREAD_ID ? (u32)ev._sigev_un._tid : 0;
        spec.value = (u64)ev.sigev_value.sival_ptr;
        spec.has_value = true;
    }
    id = posix_timer_create(&spec);
    if (id < 0)
        return id;
    id32 = (s32)id;
    if (copyout(id_out, &id32, sizeof(id32)) == 0)
        return 0;
    posix_timer_delete((u32)id);
    return -EFAULT;
}

static int posix_timer_out(u64 to, const struct itimer *it)
{
    struct __kernel_timespec ts[2] = {timespec_of(it->interval), timespec_of(it->remaining)};

    return copyout(to, ts, sizeof(ts)) ? -EFAULT : 0;
}

long sys_timer_gettime(u64 id, u64 out)
{
    struct itimer it;
    int err = posix_timer_get((u32)id, &it);

    return err ? err : posix_timer_out(out, &it);
}

long sys_timer_settime(u64 id, u64 flags, u64 new, u64 old)
{
    struct itimer it, before;
    int err = timespec_in(new, &it.interval);

    if (!err)
        err = timespec_in(new + sizeof(struct __kernel_timespec), &it.remaining);
    if (!err)
        err = posix_timer_set((u32)id, &it, flags & TIMER_ABSTIME, &before);
    return err || !old ? err : posix_timer_out(old, &before);
}

long sys_timer_getoverrun(u64 id)
{
    return posix_timer_overrun((u32)id);
}

long sys_timer_delete(u64 id)
{
    return posix_timer_delete((u32)id);
}
