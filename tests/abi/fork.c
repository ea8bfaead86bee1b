/* SPDX-License-Identifier: MIT */
/* fork: what is copied, what is shared, what the child starts with. */
#include "t.h"
#include <sys/times.h>

static int data = 1, bss;
static volatile int handled;

static void handler(int sig)
{
    handled = sig;
}

static void memory(void)
{
    int local = 3;
    char *heap = malloc(100000);
    heap[99999] = 'h';
    pid_t parent = getpid(), pid = fork();
    if (pid == 0) {
        printf("child: parent known %d\n", getppid() == parent);
        printf("child: own id %d\n", getpid() != parent && getpid() == gettid());
        printf("child sees %d %d %d %c\n", data, bss, local, heap[99999]);
        data = 10, bss = 20, local = 30, heap[99999] = 'c';
        _exit(data + bss + local);
    }
    t_wait("child", pid);
    printf("parent sees %d %d %d %c\n", data, bss, local, heap[99999]);
}

static void state(void)
{
    signal(SIGUSR1, handler);
    signal(SIGUSR2, SIG_IGN);
    sigset_t set, got;
    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    sigprocmask(SIG_BLOCK, &set, NULL);
    raise(SIGUSR1);
    alarm(100);
    chdir("/");
    umask(0127);
    pid_t pid = fork();
    if (pid == 0) {
        char b[100];
        struct sigaction sa;
        sigpending(&got);
        printf("child: pending is empty %d\n", !sigismember(&got, SIGUSR1));
        sigprocmask(SIG_BLOCK, NULL, &got);
        printf("child: mask is kept %d\n", sigismember(&got, SIGUSR1));
        sigaction(SIGUSR1, NULL, &sa);
        printf("child: handler is kept %d\n", sa.sa_handler == handler);
        sigaction(SIGUSR2, NULL, &sa);
        printf("child: ignore is kept %d\n", sa.sa_handler == SIG_IGN);
        printf("child: alarm %d\n", alarm(0));
        printf("child: cwd %s umask %o\n", getcwd(b, sizeof b), umask(0));
        printf("child: group kept %d session kept %d\n", getpgrp() == getpgid(getppid()),
               getsid(0) == getsid(getppid()));
        struct tms t;
        times(&t);
        printf("child: children's time %ld\n", (long)(t.tms_cutime + t.tms_cstime));
        _exit(0);
    }
    t_wait("child", pid);
    printf("parent: alarm left %d\n", alarm(0) > 0);
    sigpending(&got);
    printf("parent: still pending %d\n", sigismember(&got, SIGUSR1));
    sigprocmask(SIG_UNBLOCK, &set, NULL);
    printf("parent: handled %d\n", handled == SIGUSR1);
}

static void generations(void)
{
    int p[2];
    pipe(p);
    for (int i = 0; i < 3; i++)
        if (fork() == 0)
            data += 1 << i;
    /* Eight processes now. */
    unsigned char c = data;
    write(p[1], &c, 1);
    while (wait(NULL) > 0)
        ;
    static int root_data = 1;
    if (data != root_data)
        _exit(0);
    unsigned char all[9];
    long n = read(p[0], all, 8);
    int sum = 0;
    for (int i = 0; i < n; i++)
        sum += all[i];
    printf("generations %ld sum %d\n", n, sum);
}

static void orphan(void)
{
    int p[2];
    char c = '?';
    pipe(p);
    pid_t pid = fork();
    if (pid == 0) {
        pid_t me = getpid();
        if (fork() == 0) {
            while (getppid() == me)
                t_msleep(1);
            write(p[1], getppid() == 1 ? "1" : "x", 1);
        }
        _exit(0);
    }
    t_wait("middle", pid);
    read(p[0], &c, 1);
    printf("orphan's parent is init: %c\n", c);
}

int main(void)
{
    memory();
    state();
    generations();
    orphan();
}
