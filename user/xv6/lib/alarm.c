/* SPDX-License-Identifier: MIT */
/*
 * sigalarm(), which courses add to xv6: a function of the program is called whenever the
 * program has used so many ticks of processor time, and ends with sigreturn(). It is a
 * profiling timer and its signal; the signal is blocked until sigreturn(), so the function is
 * not entered again while it runs.
 */
#include <linux/signal.h>
#include <linux/time.h>

#include "sys.h"
#include "user/user.h"

enum { TICK_US = 100 * 1000, TICKS_PER_SECOND = 10 };

void alarm_entry(void);

uint64 alarm_frame; /* where the kernel saved the registers */
void (*alarm_handler)(void);

/* One handler at a time, as on xv6: a second call replaces the first. */
WEAK int sigalarm(int ticks, void (*handler)(void))
{
    uint64 action[3] = {(uint64)alarm_entry, 0, 0};
    struct __kernel_old_timeval period = {ticks / TICKS_PER_SECOND,
                                          (long)(ticks % TICKS_PER_SECOND) * TICK_US};
    struct __kernel_old_itimerval timer = {period, period};

    if (ticks < 0)
        return -1;
    alarm_handler = handler;
    if (ticks > 0)
        sys6(__NR_rt_sigaction, SIGPROF, (long)action, 0, sizeof(uint64), 0, 0);
    return (int)sys_result(sys3(__NR_setitimer, ITIMER_PROF, (long)&timer, 0));
}
