/* SPDX-License-Identifier: MIT */
/*
 * Many processes: 2,000 idle children at once, each with a page of its own, all findable,
 * each reachable by a signal, all reaped; the machine is as before.
 */
#include "t.h"
#include <sys/sysinfo.h>

enum { MOST = 2000, EACH = 80 << 10 };

int main(void)
{
    static pid_t pids[MOST];
    struct sysinfo si;
    sysinfo(&si);
    long fit = si.freeram * si.mem_unit / EACH;
    int many = fit < MOST ? fit : MOST;
    volatile int *ready = t_map_shared(1);
    volatile char mine = 1;
    for (int i = 0; i < many; i++) {
        pids[i] = fork();
        CHECK(pids[i] >= 0, "only %d processes", i);
        if (pids[i] == 0) {
            mine = i;
            __atomic_fetch_add(ready, 1, __ATOMIC_SEQ_CST);
            for (;;)
                pause();
        }
    }
    while (*ready < many)
        t_msleep(2);
    CHECK(mine == 1);
    for (int i = 1; i < many; i++)
        CHECK(pids[i] != pids[i - 1]);
    for (int i = 0; i < many; i += 50)
        CHECK(kill(pids[i], 0) == 0 && getpgid(pids[i]) == getpgrp());
    for (int i = many - 1; i >= 0; i--)
        CHECK(kill(pids[i], i % 2 ? SIGKILL : SIGTERM) == 0);
    for (int i = 0; i < many; i++) {
        int st = t_wait(pids[i]);
        CHECK(WIFSIGNALED(st) && WTERMSIG(st) == (i % 2 ? SIGKILL : SIGTERM), "%#x", st);
    }
    CHECK(waitpid(-1, NULL, WNOHANG) == -1 && errno == ECHILD);
    return 0;
}
