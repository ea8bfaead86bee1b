/* SPDX-License-Identifier: MIT */
/* Small things that several system calls need: times in the user's structs. */
#pragma once

#include <lib/types.h>
#include <linux/resource.h>
#include <linux/signal.h>
#include <linux/time.h>
#include <linux/time_types.h>
#include <proc/proc.h>
#include <vfs/cred.h>

static inline struct __kernel_timespec timespec_of(nsec_t t)
{
    return (struct __kernel_timespec){t / NSEC_PER_SEC, t % NSEC_PER_SEC};
}

static inline struct __kernel_old_timeval timeval_of(nsec_t t)
{
    return (struct __kernel_old_timeval){t / NSEC_PER_SEC, t % NSEC_PER_SEC / 1000};
}

/* A time of at most some 292 years: longer ones mean "for ever" and are cut. -EFAULT, -EINVAL.
 */
int must_check timespec_in(u64 from, nsec_t *out);
int must_check timeval_in(u64 from, nsec_t *out);
int must_check timespec_out(u64 to, nsec_t t);
/* now + t without overflow. */
nsec_t deadline_after(nsec_t t);
void rusage_fill(struct rusage *out, const struct proc_times *times);
