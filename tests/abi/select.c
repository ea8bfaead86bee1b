/* SPDX-License-Identifier: MIT */
/* select and pselect6: sets in and out, timeouts, signals, wrong arguments. */
#include "t.h"
#include <sys/select.h>

static void show(const char *what, int n, const fd_set *r, const fd_set *w, int a, int b)
{
    printf("%s: %d read %d%d write %d%d\n", what, n, !!FD_ISSET(a, r), !!FD_ISSET(b, r),
           !!FD_ISSET(a, w), !!FD_ISSET(b, w));
}

static void both(fd_set *r, fd_set *w, const int p[2])
{
    FD_ZERO(r);
    FD_ZERO(w);
    for (int i = 0; i < 2; i++) {
        FD_SET(p[i], r);
        FD_SET(p[i], w);
    }
}

static void on_signal(int sig)
{
    printf("handler %s\n", t_signame(sig));
}

int main(void)
{
    int p[2];
    fd_set r, w;
    pipe(p);
    int max = (p[0] > p[1] ? p[0] : p[1]) + 1;
    struct timeval tv = {0, 0};
    both(&r, &w, p);
    show("empty", select(max, &r, &w, NULL, &tv), &r, &w, p[0], p[1]);
    write(p[1], "x", 1);
    both(&r, &w, p);
    show("a byte", select(max, &r, &w, NULL, NULL), &r, &w, p[0], p[1]);
    both(&r, &w, p);
    show("count too small", select(p[0], &r, &w, NULL, &tv), &r, &w, p[0], p[1]);
    char c;
    read(p[0], &c, 1);
    FD_ZERO(&r);
    FD_SET(p[0], &r);
    tv.tv_usec = 30000;
    long start = t_now_ms();
    R(select(max, &r, NULL, NULL, &tv));
    printf("waited %d set empty %d\n", t_now_ms() - start >= 30, !FD_ISSET(p[0], &r));
    R(select(-1, NULL, NULL, NULL, &tv));
    tv.tv_usec = -1;
    R(select(0, NULL, NULL, NULL, &tv));
    tv.tv_usec = 0;
    FD_ZERO(&r);
    FD_SET(40, &r);
    R(select(41, &r, NULL, NULL, &tv));
    R(select(10, (void *)16, NULL, NULL, &tv));
    pid_t pid = fork();
    if (pid == 0) {
        t_msleep(50);
        write(p[1], "w", 1);
        _exit(0);
    }
    FD_ZERO(&r);
    FD_SET(p[0], &r);
    R(select(max, &r, NULL, NULL, NULL));
    t_wait("writer", pid);
    close(p[1]);
    FD_ZERO(&r);
    FD_SET(p[0], &r);
    R(select(max, &r, NULL, NULL, NULL));
    signal(SIGALRM, on_signal);
    ualarm(50000, 0);
    R(select(0, NULL, NULL, NULL, NULL));
    sigset_t none, alrm;
    sigemptyset(&none);
    sigemptyset(&alrm);
    sigaddset(&alrm, SIGALRM);
    sigprocmask(SIG_BLOCK, &alrm, NULL);
    raise(SIGALRM);
    struct timespec ts = {2, 0};
    R(pselect(0, NULL, NULL, NULL, &ts, &none));
    sigset_t now;
    sigprocmask(SIG_BLOCK, NULL, &now);
    printf("mask restored %d\n", sigismember(&now, SIGALRM));
    return 0;
}
