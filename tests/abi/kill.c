/* SPDX-License-Identifier: MIT */
/* kill, tgkill: whom it reaches, permissions, groups, process 0 and -1 (not used), zombies. */
#include "t.h"

static volatile int got;

static void note(int sig)
{
    got = sig;
}

static void groups(void)
{
    int p[2];
    pipe(p);
    pid_t leader = 0;
    for (int i = 0; i < 3; i++) {
        pid_t pid = fork();
        if (pid == 0) {
            setpgid(0, leader);
            write(p[1], "r", 1);
            for (;;)
                pause();
        }
        setpgid(pid, leader ? leader : pid);
        if (!leader)
            leader = pid;
    }
    char c;
    for (int i = 0; i < 3; i++)
        read(p[0], &c, 1);
    R(kill(-leader, 0));
    R(kill(-leader, SIGTERM));
    for (int i = 0; i < 3; i++) {
        int st;
        waitpid(-leader, &st, 0);
        t_print_status("member", st);
    }
    R(kill(-leader, 0));
}

static void privilege(void)
{
    int p[2];
    char c;
    pipe(p);
    pid_t root_child = fork();
    if (root_child == 0) {
        setuid(1000);
        write(p[1], "r", 1);
        R(kill(getppid(), SIGTERM));
        R(kill(1, 0));
        R(kill(getpid(), 0));
        pid_t mine = fork();
        if (mine == 0)
            for (;;)
                pause();
        R(kill(mine, SIGTERM));
        t_wait("own child", mine);
        _exit(0);
    }
    read(p[0], &c, 1);
    t_wait("unprivileged", root_child);
}

int main(void)
{
    signal(SIGUSR1, note);
    R(kill(getpid(), 0));
    R(kill(getpid(), SIGUSR1));
    printf("got %d\n", got == SIGUSR1);
    R(kill(getpid(), 65));
    R(kill(getpid(), -1));
    R(kill(999999, 0));
    R(kill(-999999, SIGTERM));
    R(kill(1, 0));
    R(syscall(SYS_tgkill, getpid(), gettid(), SIGUSR1));
    R(syscall(SYS_tgkill, getpid(), 1, SIGUSR1));
    R(syscall(SYS_tgkill, -1, gettid(), SIGUSR1));
    R(syscall(SYS_tkill, gettid(), 0));
    R(syscall(SYS_tkill, 0, SIGUSR1));

    pid_t zombie = fork();
    if (zombie == 0)
        _exit(0);
    siginfo_t si;
    waitid(P_PID, zombie, &si, WEXITED | WNOWAIT);
    R(kill(zombie, SIGTERM));
    t_wait("zombie", zombie);
    R(kill(zombie, SIGTERM));
    groups();
    privilege();
    pid_t all = fork();
    if (all == 0) {
        setpgid(0, 0);
        signal(SIGUSR1, SIG_DFL);
        kill(0, SIGUSR1);
        _exit(0);
    }
    t_wait("kill(0) reaches oneself", all);
    return 0;
}
