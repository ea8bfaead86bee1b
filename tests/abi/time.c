/* SPDX-License-Identifier: MIT */
/* Interval timers, alarm, nanosleep, clocks, POSIX sanity of time. */
#include "t.h"

static volatile int ticks;

static void tick(int sig)
{
    (void)sig;
    ticks++;
}

static long since(long start)
{
    return t_now_ms() - start;
}

static void timers(void)
{
    struct itimerval it = {{0, 10000}, {0, 20000}}, old;
    signal(SIGALRM, tick);
    signal(SIGVTALRM, tick);
    signal(SIGPROF, tick);
    R(getitimer(ITIMER_REAL, &old));
    printf("unset %ld %ld\n", (long)old.it_value.tv_usec, (long)old.it_interval.tv_usec);
    long start = t_now_ms();
    R(setitimer(ITIMER_REAL, &it, NULL));
    while (ticks < 4)
        pause();
    printf("four ticks take at least 50 ms %d\n", since(start) >= 50);
    struct itimerval off = {{0, 0}, {0, 0}};
    R(setitimer(ITIMER_REAL, &off, &old));
    printf("interval %ld remaining sane %d\n", (long)old.it_interval.tv_usec,
           old.it_value.tv_sec == 0 && old.it_value.tv_usec <= 10000);
    ticks = 0;
    t_msleep(30);
    printf("off %d\n", ticks);
    it = (struct itimerval){{0, 0}, {0, 1000000}};
    R(setitimer(ITIMER_REAL, &it, NULL));
    R(setitimer(9, &off, NULL));
    R(getitimer(9, &old));
    R(setitimer(ITIMER_REAL, (void *)16, NULL));
    R(alarm(100));
    R(alarm(0));
    R(alarm(0));
    it = (struct itimerval){{0, 0}, {0, 20000}};
    setitimer(ITIMER_VIRTUAL, &it, NULL);
    while (!ticks)
        ;
    printf("virtual %d\n", ticks);
    setitimer(ITIMER_PROF, &it, NULL);
    while (ticks < 2)
        ;
    printf("profile %d\n", ticks);
}

static void sleeping(void)
{
    struct timespec ts = {0, 30000000}, bad = {0, 1000000000}, neg = {-1, 0};
    long start = t_now_ms();
    R(nanosleep(&ts, NULL));
    printf("long enough %d\n", since(start) >= 30);
    R(nanosleep(&bad, NULL));
    R(nanosleep(&neg, NULL));
    R(nanosleep((void *)16, NULL));
    R(clock_nanosleep(CLOCK_MONOTONIC, 0, &ts, NULL));
    clock_gettime(CLOCK_MONOTONIC, &ts);
    R(clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &ts, NULL));
    ts.tv_nsec += 30000000;
    if (ts.tv_nsec >= 1000000000)
        ts.tv_sec++, ts.tv_nsec -= 1000000000;
    R(clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &ts, NULL));
    printf("until then %d\n", t_now_ms() >= ts.tv_sec * 1000 + ts.tv_nsec / 1000000);
    clock_gettime(CLOCK_REALTIME, &ts);
    R(clock_nanosleep(CLOCK_REALTIME, TIMER_ABSTIME, &ts, NULL));
    R(clock_nanosleep(77, 0, &ts, NULL));
}

static void clocks(void)
{
    static const struct {
        int id;
        const char *name;
    } ids[] = {{CLOCK_REALTIME, "REALTIME"},
               {CLOCK_MONOTONIC, "MONOTONIC"},
               {CLOCK_PROCESS_CPUTIME_ID, "PROCESS_CPUTIME"},
               {CLOCK_THREAD_CPUTIME_ID, "THREAD_CPUTIME"},
               {CLOCK_MONOTONIC_RAW, "MONOTONIC_RAW"},
               {CLOCK_REALTIME_COARSE, "REALTIME_COARSE"},
               {CLOCK_MONOTONIC_COARSE, "MONOTONIC_COARSE"},
               {CLOCK_BOOTTIME, "BOOTTIME"}};
    for (size_t i = 0; i < sizeof ids / sizeof *ids; i++) {
        struct timespec a, b, res;
        int r = clock_gettime(ids[i].id, &a), q = clock_getres(ids[i].id, &res);
        for (volatile int k = 0; k < 100000; k++)
            ;
        clock_gettime(ids[i].id, &b);
        long d = (b.tv_sec - a.tv_sec) * 1000000000l + b.tv_nsec - a.tv_nsec;
        printf("%s %d %d never back %d below a second %d valid %d\n", ids[i].name, r, q, d >= 0,
               d < 1000000000, a.tv_nsec >= 0 && a.tv_nsec < 1000000000);
    }
    struct timespec ts;
    R(clock_gettime(99, &ts));
    R(syscall(SYS_clock_gettime, CLOCK_MONOTONIC, (void *)16));
    R(clock_settime(CLOCK_MONOTONIC, &ts));
    struct timeval tv;
    clock_gettime(CLOCK_REALTIME, &ts);
    R(gettimeofday(&tv, NULL));
    printf("agree %d\n", tv.tv_sec - ts.tv_sec <= 1);
    printf("time agrees %d\n", time(NULL) - ts.tv_sec <= 1);
}

int main(void)
{
    timers();
    sleeping();
    clocks();
}
