/* SPDX-License-Identifier: MIT */
/*
 * Timers with periods of a nanosecond, and with times at the ends of the clock, leave the
 * machine enough time for everything else: the periods that nobody could notice are counted as
 * overruns, and the process can be killed. Timers that are set by several threads at once, and
 * deleted while they fire, stay whole.
 */
#include "t.h"
#include <sys/time.h>

static void storm(long nsec)
{
    struct sigevent ev = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR1};
    struct itimerspec far_past = {{0, nsec}, {0, 1}}, far = {{INT64_MAX, 0}, {INT64_MAX, 0}},
                      now_and_far = {{INT64_MAX, 0}, {0, 1}};
    timer_t t;
    signal(SIGUSR1, SIG_IGN);
    signal(SIGALRM, SIG_IGN);
    for (int i = 0; i < 3; i++) {
        CHECK(timer_create(CLOCK_MONOTONIC, &ev, &t) == 0, "timer_create");
        timer_settime(t, i == 0 ? TIMER_ABSTIME : 0,
                      i == 0   ? &far_past
                      : i == 1 ? &far
                               : &now_and_far,
                      NULL);
    }
    setitimer(ITIMER_REAL, &(struct itimerval){{INT64_MAX, 0}, {INT64_MAX, 0}}, NULL);
    setitimer(ITIMER_PROF, &(struct itimerval){{0, 1}, {0, 1}}, NULL);
    for (;;)
        ;
}

static void overruns_counted(void)
{
    struct sigevent ev = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR1};
    struct itimerspec every_us = {{0, 1000}, {0, 1000}};
    sigset_t set;
    siginfo_t info;
    timer_t t;
    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    sigprocmask(SIG_BLOCK, &set, NULL);
    CHECK(timer_create(CLOCK_MONOTONIC, &ev, &t) == 0, "timer_create");
    CHECK(timer_settime(t, 0, &every_us, NULL) == 0, "timer_settime");
    t_msleep(50);
    CHECK(sigwaitinfo(&set, &info) == SIGUSR1, "sigwaitinfo");
    CHECK(info.si_overrun >= 40000, "%d overruns in 50000 periods", info.si_overrun);
    timer_delete(t);
}

static void *set_and_delete(void *arg)
{
    struct sigevent ev = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR1};
    struct itimerval often = {{0, 20}, {0, 20}};
    struct itimerspec soon = {{0, 60000}, {0, 1 + (long)arg}};
    for (;;) {
        timer_t t;
        if (timer_create(CLOCK_MONOTONIC, &ev, &t) < 0)
            continue;
        timer_settime(t, 0, &soon, NULL);
        setitimer(ITIMER_REAL, &often, NULL);
        for (volatile long n = t_rnd() % 30000; n > 0; n--)
            ;
        timer_delete(t);
    }
    return NULL;
}

static void setters(void)
{
    pthread_t t;
    signal(SIGUSR1, SIG_IGN);
    signal(SIGALRM, SIG_IGN);
    for (long i = 0; i < 3; i++)
        pthread_create(&t, NULL, set_and_delete, (void *)i);
    set_and_delete(NULL);
}

int main(void)
{
    static const long periods[] = {1, 1000, 50000};
    overruns_counted();
    for (int i = 0; i < 5; i++) {
        pid_t pid = t_fork();
        if (pid == 0)
            setters();
        t_msleep(100);
        kill(pid, SIGKILL);
        t_wait(pid);
    }
    for (int i = 0; i < 3; i++) {
        pid_t pid = t_fork();
        if (pid == 0)
            storm(periods[i]);
        t_msleep(50);
        long start = t_now_ms();
        for (volatile long n = 0; n < 1000000; n++)
            ;
        kill(pid, SIGKILL);
        int st = t_wait(pid);
        CHECK(WIFSIGNALED(st), "%#x", st);
        CHECK(t_now_ms() - start < 5000, "%ld ms", t_now_ms() - start);
    }
    return 0;
}
