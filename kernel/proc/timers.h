/* SPDX-License-Identifier: MIT */
/* Interval timers of a process: setitimer(2) and timer_create(2). */
#pragma once

#include <lib/types.h>
#include <linux/time.h>

struct proc;

/* which: ITIMER_*. remaining 0: off. */
struct itimer {
    nsec_t remaining, interval;
};
void itimer_get(int which, struct itimer *out);
/* The old one goes to *old. */
void itimer_set(int which, const struct itimer *new, struct itimer *old);

/* RLIMIT_CPU of the process was set, or inherited: watch it. */
void cpu_limit_watch(struct proc *proc);

struct posix_timer_spec {
    int clock;
    int signo; /* 0: SIGEV_NONE */
    u32 tid;   /* 0: to the process */
    u64 value;
    bool has_value; /* otherwise the value is the id */
};
/* The id, or -ENOMEM, -EINVAL. */
long posix_timer_create(const struct posix_timer_spec *spec);
/* -EINVAL: no such timer. remaining 0: off. */
int posix_timer_get(u32 id, struct itimer *out);
/* new->remaining is a time of the timer's clock if is_absolute. */
int posix_timer_set(u32 id, const struct itimer *new, bool is_absolute, struct itimer *old);
long posix_timer_overrun(u32 id);
int posix_timer_delete(u32 id);
