/* SPDX-License-Identifier: MIT */
/* Times in the user's structs, checked and converted. */
#include <linux/helpers.h>

#include <arch/riscv/page.h>
#include <lib/string.h>
#include <linux/errno.h>
#include <sched/timer.h>
#include <vm/uaccess.h>

#define SECONDS_MAX (INT64_MAX / NSEC_PER_SEC - 1)

static nsec_t nsec_of(s64 seconds, s64 nsec)
{
    return seconds > SECONDS_MAX ? SECONDS_MAX * NSEC_PER_SEC : seconds * NSEC_PER_SEC + nsec;
}

int timespec_in(u64 from, nsec_t *out)
{
    struct __kernel_timespec ts;

    if (copyin(&ts, from, sizeof(ts)))
        return -EFAULT;
    if (ts.tv_sec < 0 || ts.tv_nsec < 0 || ts.tv_nsec >= NSEC_PER_SEC)
        return -EINVAL;
    *out = nsec_of(ts.tv_sec, ts.tv_nsec);
    return 0;
}

int timeval_in(u64 from, nsec_t *out)
{
    struct __kernel_old_timeval tv;

    if (copyin(&tv, from, sizeof(tv)))
        return -EFAULT;
    if (tv.tv_sec < 0 || tv.tv_usec < 0 || tv.tv_usec >= 1000000)
        return -EINVAL;
    *out = nsec_of(tv.tv_sec, tv.tv_usec * 1000);
    return 0;
}

int timespec_out(u64 to, nsec_t t)
{
    struct __kernel_timespec ts = timespec_of(t);

    return copyout(to, &ts, sizeof(ts));
}

nsec_t deadline_after(nsec_t t)
{
    nsec_t now = clock_monotonic();

    return t > INT64_MAX - now ? INT64_MAX : now + t;
}

void rusage_fill(struct rusage *out, const struct proc_times *times)
{
    memset(out, 0, sizeof(*out));
    out->ru_utime = timeval_of(times->utime);
    out->ru_stime = timeval_of(times->stime);
    out->ru_maxrss = (long)(times->max_rss_pages * (PAGE_SIZE / KiB));
    out->ru_minflt = (long)times->min_faults;
    out->ru_majflt = (long)times->maj_faults;
    out->ru_nvcsw = (long)(times->n_switches - times->n_preempted);
    out->ru_nivcsw = (long)times->n_preempted;
}
