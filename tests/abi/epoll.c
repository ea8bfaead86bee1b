/* SPDX-License-Identifier: MIT */
/* epoll and eventfd: level and edge, one shot, sets within sets, files that close. */
#include "t.h"
#include <sys/epoll.h>
#include <sys/eventfd.h>

static int ep;

static int control(int op, int fd, unsigned events, int data)
{
    struct epoll_event e = {.events = events, .data.u64 = (unsigned)data};
    return epoll_ctl(ep, op, fd, &e);
}

static void wait_and_show(const char *what, int set, int ms)
{
    struct epoll_event e[8];
    int n = epoll_wait(set, e, 8, ms);
    unsigned sum = 0;
    for (int i = 0; i < n; i++)
        sum |= e[i].events;
    printf("%s: %d events %#x data %d\n", what, n, sum, n > 0 ? (int)e[0].data.u64 : -1);
}

static void levels(void)
{
    int p[2];
    char c;
    pipe(p);
    R(control(EPOLL_CTL_ADD, p[0], EPOLLIN, 1));
    R(control(EPOLL_CTL_ADD, p[0], EPOLLIN, 1));
    R(control(EPOLL_CTL_MOD, 99, EPOLLIN, 1));
    wait_and_show("empty", ep, 0);
    wait_and_show("empty, a while", ep, 20);
    write(p[1], "ab", 2);
    wait_and_show("level", ep, -1);
    wait_and_show("level again", ep, 0);
    R(control(EPOLL_CTL_MOD, p[0], EPOLLIN | EPOLLET, 2));
    wait_and_show("edge", ep, 0);
    wait_and_show("edge again", ep, 0);
    write(p[1], "c", 1);
    read(p[0], &c, 1);
    R(control(EPOLL_CTL_MOD, p[0], EPOLLIN | EPOLLONESHOT, 3));
    wait_and_show("one shot", ep, 0);
    wait_and_show("one shot again", ep, 0);
    R(control(EPOLL_CTL_MOD, p[0], EPOLLIN, 4));
    close(p[1]);
    wait_and_show("hang-up", ep, 0);
    R(control(EPOLL_CTL_DEL, p[0], 0, 0));
    R(control(EPOLL_CTL_DEL, p[0], 0, 0));
    wait_and_show("deleted", ep, 0);
    close(p[0]);
}

static void closing(void)
{
    int p[2];
    pipe(p);
    control(EPOLL_CTL_ADD, p[0], EPOLLIN, 5);
    write(p[1], "x", 1);
    int copy = dup(p[0]);
    close(p[0]);
    wait_and_show("a copy is open", ep, 0);
    close(copy);
    wait_and_show("closed", ep, 0);
    close(p[1]);
}

static void counters(void)
{
    uint64_t v;
    int e = P(eventfd(3, EFD_NONBLOCK)), s = P(eventfd(2, EFD_SEMAPHORE | EFD_NONBLOCK));
    R(read(e, &v, 4));
    R(read(e, &v, 8));
    printf("value %lu\n", (unsigned long)v);
    R(read(e, &v, 8));
    v = 7;
    R(write(e, &v, 8));
    v = -1;
    R(write(e, &v, 8));
    v = UINT64_MAX - 2;
    R(write(e, &v, 8));
    R(read(s, &v, 8));
    R(read(s, &v, 8));
    R(read(s, &v, 8));
    struct pollfd f = {e, POLLIN | POLLOUT, 0};
    R(poll(&f, 1, 0));
    printf("revents %#x\n", f.revents);
    R(control(EPOLL_CTL_ADD, e, EPOLLIN | EPOLLOUT, 6));
    wait_and_show("counter", ep, 0);
    int outer = epoll_create1(0);
    struct epoll_event in = {.events = EPOLLIN, .data.u64 = 9};
    R(epoll_ctl(outer, EPOLL_CTL_ADD, ep, &in));
    wait_and_show("a set in a set", outer, 0);
    R(epoll_ctl(ep, EPOLL_CTL_ADD, outer, &in));
    R(epoll_ctl(ep, EPOLL_CTL_ADD, ep, &in));
    close(e);
    wait_and_show("a set in a set, closed", outer, 0);
    close(s);
    close(outer);
}

static void wakes_a_sleeper(void)
{
    int p[2];
    pipe(p);
    control(EPOLL_CTL_ADD, p[0], EPOLLIN, 8);
    pid_t pid = fork();
    if (pid == 0) {
        t_msleep(30);
        write(p[1], "w", 1);
        _exit(0);
    }
    wait_and_show("woken", ep, -1);
    t_wait("writer", pid);
    close(p[0]);
    close(p[1]);
}

int main(void)
{
    struct epoll_event e;
    ep = P(epoll_create1(EPOLL_CLOEXEC));
    R(epoll_create1(12345));
    R(epoll_wait(ep, &e, 0, 0));
    R(epoll_wait(1, &e, 1, 0));
    int file = open("f", O_RDWR | O_CREAT, 0600);
    R(control(EPOLL_CTL_ADD, file, EPOLLIN, 0));
    R(control(77, file, EPOLLIN, 0));
    R(epoll_ctl(ep, EPOLL_CTL_ADD, 1, (void *)16));
    levels();
    closing();
    counters();
    wakes_a_sleeper();
    return 0;
}
