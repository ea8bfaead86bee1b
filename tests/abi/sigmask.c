/* SPDX-License-Identifier: MIT */
/* Blocked and pending signals, order of delivery, sigsuspend, sigtimedwait, queues. */
#include "t.h"

static volatile int order[64], n;

static void note(int sig)
{
    order[n++] = sig;
}

static void note_value(int sig, siginfo_t *si, void *u)
{
    (void)sig, (void)u;
    order[n++] = si->si_value.sival_int;
}

static void show(const char *what)
{
    printf("%s:", what);
    for (int i = 0; i < n; i++)
        printf(" %d", order[i]);
    puts("");
    n = 0;
}

static void waiting(void)
{
    sigset_t some;
    sigemptyset(&some);
    sigaddset(&some, SIGUSR1);
    sigaddset(&some, SIGRTMIN + 3);
    siginfo_t si;
    struct timespec zero = {0, 0}, ms20 = {0, 20000000}, bad = {0, -1};
    R(sigtimedwait(&some, &si, &zero));
    R(sigtimedwait(&some, &si, &ms20));
    R(sigtimedwait(&some, &si, &bad));
    raise(SIGUSR1);
    R(sigtimedwait(&some, &si, &zero));
    printf("signo %d code %d\n", si.si_signo, si.si_code);
    sigqueue(getpid(), SIGRTMIN + 3, (union sigval){.sival_int = 5});
    R(sigwaitinfo(&some, &si) == SIGRTMIN + 3);
    printf("value %d\n", si.si_value.sival_int);
    pid_t parent = getpid(), pid = fork();
    if (pid == 0) {
        t_msleep(30);
        kill(parent, SIGUSR1);
        _exit(0);
    }
    R(sigwaitinfo(&some, &si));
    printf("from the child %d\n", si.si_pid == pid);
    t_wait("child", pid);
}

static void discarding(void)
{
    sigset_t all, none, got;
    sigfillset(&all);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    n = 0;
    signal(SIGUSR1, note);
    sigprocmask(SIG_SETMASK, &all, NULL);
    raise(SIGUSR1);
    signal(SIGUSR1, SIG_IGN);
    sigpending(&got);
    printf("ignoring discards %d\n", sigismember(&got, SIGUSR1));
    raise(SIGCHLD);
    signal(SIGCHLD, SIG_DFL);
    sigpending(&got);
    printf("default ignore discards %d\n", sigismember(&got, SIGCHLD));
    raise(SIGCONT);
    raise(SIGTSTP);
    sigpending(&got);
    printf("stop drops continue %d %d\n", sigismember(&got, SIGCONT),
           sigismember(&got, SIGTSTP));
    raise(SIGCONT);
    sigpending(&got);
    printf("continue drops stop %d %d\n", sigismember(&got, SIGCONT),
           sigismember(&got, SIGTSTP));
}

int main(void)
{
    sigset_t all, none, got;
    sigfillset(&all);
    sigemptyset(&none);
    for (int s = 1; s <= SIGRTMAX; s++)
        if (s != SIGKILL && s != SIGSTOP)
            signal(s, note);
    sigprocmask(SIG_SETMASK, &all, NULL);
    raise(SIGUSR1);
    raise(SIGUSR1);
    raise(SIGHUP);
    kill(getpid(), SIGTERM);
    sigpending(&got);
    printf("pending %d %d %d %d\n", sigismember(&got, SIGUSR1), sigismember(&got, SIGHUP),
           sigismember(&got, SIGTERM), sigismember(&got, SIGINT));
    sigprocmask(SIG_SETMASK, &none, NULL);
    printf("each once: %d\n", n);
    n = 0;
    sigpending(&got);
    printf("pending %d\n", sigismember(&got, SIGUSR1));

    struct sigaction sa = {.sa_sigaction = note_value, .sa_flags = SA_SIGINFO};
    sigfillset(&sa.sa_mask);
    sigaction(SIGRTMIN, &sa, NULL);
    sigaction(SIGRTMIN + 1, &sa, NULL);
    sigprocmask(SIG_SETMASK, &all, NULL);
    for (int i = 0; i < 5; i++) {
        sigqueue(getpid(), SIGRTMIN + 1, (union sigval){.sival_int = 200 + i});
        sigqueue(getpid(), SIGRTMIN, (union sigval){.sival_int = 100 + i});
    }
    sigprocmask(SIG_SETMASK, &none, NULL);
    show("real-time signals queue in order, low numbers first");

    sigprocmask(SIG_SETMASK, &all, NULL);
    raise(SIGUSR2);
    sigset_t wait_usr2 = all;
    sigdelset(&wait_usr2, SIGUSR2);
    R(sigsuspend(&wait_usr2));
    show("suspended until");
    sigprocmask(SIG_BLOCK, NULL, &got);
    printf("mask restored %d\n", sigismember(&got, SIGUSR2));
    waiting();
    discarding();
    return 0;
}
