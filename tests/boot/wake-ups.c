/* SPDX-License-Identifier: MIT */
/*
 * No wake-up is lost: two sides pass a token through pipes, futexes, signals, child exits and
 * polls, thousands of times, on different harts with delays in the windows. A lost wake-up
 * shows as a hang that the time limit ends.
 */
#include "t.h"
#include <linux/futex.h>
#include <poll.h>

enum { TURNS = 300 };

static long futex(uint32_t *w, int op, uint32_t val)
{
    return syscall(SYS_futex, w, op, val, NULL, NULL, 0);
}

static void by_pipe(void)
{
    int a[2], b[2];
    char c = 0;
    pipe(a);
    pipe(b);
    pid_t pid = t_fork();
    if (pid == 0) {
        t_pin(1);
        for (int i = 0; i < TURNS; i++) {
            struct pollfd p = {a[0], POLLIN, 0};
            if (i % 3 == 0)
                CHECK(poll(&p, 1, -1) == 1);
            CHECK(read(a[0], &c, 1) == 1 && write(b[1], &c, 1) == 1);
        }
        _exit(0);
    }
    for (int i = 0; i < TURNS; i++)
        CHECK(write(a[1], &c, 1) == 1 && read(b[0], &c, 1) == 1);
    t_wait_ok(pid);
    close(a[0]), close(a[1]), close(b[0]), close(b[1]);
}

static void by_futex(void)
{
    uint32_t *w = t_map_shared(1);
    pid_t pid = t_fork();
    uint32_t me = pid == 0;
    t_pin(me);
    for (int i = 0; i < TURNS; i++) {
        while (__atomic_load_n(w, __ATOMIC_SEQ_CST) != me)
            futex(w, FUTEX_WAIT, !me);
        __atomic_store_n(w, !me, __ATOMIC_SEQ_CST);
        futex(w, FUTEX_WAKE, 1);
    }
    if (me)
        _exit(0);
    t_wait_ok(pid);
    munmap(w, PAGE);
}

static void by_exit(void)
{
    for (int i = 0; i < TURNS / 3; i++) {
        pid_t pid = t_fork();
        if (pid == 0) {
            if (i % 2)
                sched_yield();
            _exit(i & 0x7f);
        }
        int st = t_wait(pid);
        CHECK(WEXITSTATUS(st) == (i & 0x7f));
    }
}

static void by_signal(void)
{
    sigset_t set;
    siginfo_t si;
    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    sigprocmask(SIG_BLOCK, &set, NULL);
    pid_t parent = getpid(), pid = t_fork();
    pid_t other = pid ? pid : parent;
    t_pin(pid == 0);
    for (int i = 0; i < TURNS / 2; i++) {
        if (pid || i)
            kill(other, SIGUSR1);
        while (sigwaitinfo(&set, &si) < 0)
            ;
    }
    if (pid == 0) {
        kill(parent, SIGUSR1);
        _exit(0);
    }
    t_wait_ok(pid);
    struct timespec zero = {0, 0};
    sigtimedwait(&set, &si, &zero);
}

static void by_sleep(void)
{
    struct timespec ts = {0, 20000};
    for (int i = 0; i < TURNS / 6; i++)
        nanosleep(&ts, NULL);
}

int main(void)
{
    t_delays(t_seed());
    by_pipe();
    by_futex();
    by_exit();
    by_signal();
    by_sleep();
    t_delays(0);
    return 0;
}
