/* SPDX-License-Identifier: MIT */
/* SA_RESTART against EINTR in calls that wait; what never restarts. */
#include "t.h"
#include <linux/futex.h>
#include <sys/select.h>

static volatile int hits;
static int p[2], full[2];

static void handler(int sig)
{
    (void)sig;
    hits++;
}

/* A helper pokes us after 40 ms and ends the wait for good after 120 ms. */
static pid_t poker(int drain)
{
    pid_t parent = getpid(), pid = fork();
    if (pid == 0) {
        t_msleep(40);
        kill(parent, SIGUSR1);
        t_msleep(80);
        char b[4096];
        write(p[1], "z", 1);
        for (int i = 0; i < 16 && drain; i++)
            read(full[0], b, sizeof b);
        _exit(3);
    }
    return pid;
}

static void each(int flags)
{
    char c;
    int st;
    struct sigaction sa = {.sa_handler = handler, .sa_flags = flags};
    sigaction(SIGUSR1, &sa, NULL);
    printf("SA_RESTART %d\n", !!(flags & SA_RESTART));
    hits = 0;
    pid_t pid = poker(0);
    R(read(p[0], &c, 1));
    while (waitpid(pid, NULL, 0) < 0)
        ;
    char drain;
    fcntl(p[0], F_SETFL, O_NONBLOCK);
    while (read(p[0], &drain, 1) == 1)
        ;
    fcntl(p[0], F_SETFL, 0);
    pid = poker(0);
    R(waitpid(pid, &st, 0) == pid);
    while (waitpid(pid, NULL, 0) > 0 || errno == EINTR)
        ;
    pid = poker(0);
    struct pollfd pf = {-1, 0, 0};
    R(poll(&pf, 1, 90));
    while (waitpid(pid, NULL, 0) < 0)
        ;
    pid = poker(0);
    struct timeval tv = {0, 90000};
    R(select(0, NULL, NULL, NULL, &tv));
    while (waitpid(pid, NULL, 0) < 0)
        ;
    pid = poker(0);
    struct timespec ts = {0, 90000000}, rem = {0, 0};
    R(nanosleep(&ts, &rem));
    printf("remaining sane %d\n", rem.tv_sec == 0 && rem.tv_nsec > 0 && rem.tv_nsec < 90000000);
    while (waitpid(pid, NULL, 0) < 0)
        ;
    pid = poker(0);
    R(pause());
    while (waitpid(pid, NULL, 0) < 0)
        ;
    pid = poker(0);
    int word = 0;
    struct timespec ft = {0, 90000000};
    R(syscall(SYS_futex, &word, FUTEX_WAIT, 0, &ft, NULL, 0));
    while (waitpid(pid, NULL, 0) < 0)
        ;
    printf("handled %d\n", hits);
}

static void full_pipe(int flags)
{
    static char b[65536];
    struct sigaction sa = {.sa_handler = handler, .sa_flags = flags};
    sigaction(SIGUSR1, &sa, NULL);
    fcntl(full[1], F_SETFL, O_NONBLOCK);
    while (write(full[1], b, 4096) > 0)
        ;
    fcntl(full[1], F_SETFL, 0);
    pid_t pid = poker(1);
    R(write(full[1], b, 10));
    while (waitpid(pid, NULL, 0) < 0)
        ;
}

static void stop_and_continue(void)
{
    pid_t parent = getpid(), pid = fork();
    if (pid == 0) {
        char c;
        struct timespec ts = {0, 60000000};
        write(p[1], "r", 1);
        long start = t_now_ms();
        int r = nanosleep(&ts, NULL);
        _exit(r == 0 && t_now_ms() - start >= 60 && parent && read(p[0], &c, 0) == 0);
    }
    char c;
    read(p[0], &c, 1);
    t_msleep(10);
    kill(pid, SIGSTOP);
    t_msleep(10);
    kill(pid, SIGCONT);
    t_wait("a stop does not cut a sleep short", pid);
}

int main(void)
{
    pipe(p);
    pipe(full);
    each(0);
    each(SA_RESTART);
    full_pipe(0);
    full_pipe(SA_RESTART);
    fcntl(p[0], F_SETFL, O_NONBLOCK);
    char c;
    while (read(p[0], &c, 1) == 1)
        ;
    fcntl(p[0], F_SETFL, 0);
    stop_and_continue();
}
