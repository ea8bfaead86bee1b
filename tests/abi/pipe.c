/* SPDX-License-Identifier: MIT */
/* Pipes: order, end of file, SIGPIPE, O_NONBLOCK, PIPE_BUF atomicity, size. */
#include "t.h"
#include <sys/ioctl.h>

static volatile int got_pipe;

static void on_pipe(int sig)
{
    got_pipe = sig;
}

static void ends(void)
{
    int p[2];
    char b[16] = "";
    R(pipe(p));
    R(write(p[1], "abc", 3));
    R(read(p[0], b, 1));
    R(read(p[0], b, 10));
    R(write(p[0], "x", 1));
    R(read(p[1], b, 1));
    R(close(p[1]));
    R(read(p[0], b, 1));
    R(close(p[0]));
    R(pipe(p));
    close(p[0]);
    signal(SIGPIPE, on_pipe);
    R(write(p[1], "x", 1));
    printf("SIGPIPE %d\n", got_pipe == SIGPIPE);
    signal(SIGPIPE, SIG_IGN);
    R(write(p[1], "x", 1));
    R(write(p[1], "", 0));
    IN_CHILD("writer without reader", signal(SIGPIPE, SIG_DFL); write(p[1], "x", 1));
    close(p[1]);
    R(pipe((int *)16));
}

static void nonblocking(void)
{
    static char big[70000];
    int p[2], n;
    char c;
    pipe2(p, O_NONBLOCK);
    R(read(p[0], &c, 1));
    R(fcntl(p[0], F_GETPIPE_SZ));
    R(write(p[1], big, 70000));
    R(write(p[1], big, 1));
    R(ioctl(p[0], FIONREAD, &n));
    printf("readable %d\n", n);
    R(read(p[0], big, 4095));
    R(write(p[1], big, 4096));
    R(read(p[0], big, 4097));
    R(write(p[1], big, 4096));
    long total = 0, r;
    while ((r = read(p[0], big, sizeof big)) > 0)
        total += r;
    printf("drained %ld\n", total);
    close(p[1]);
    R(read(p[0], &c, 1));
    close(p[0]);
}

static void atomicity(void)
{
    enum { WRITERS = 4, EACH = 200, SIZE = 512 };
    int p[2];
    char b[SIZE];
    pipe(p);
    for (int w = 0; w < WRITERS; w++)
        if (fork() == 0) {
            memset(b, 'a' + w, SIZE);
            for (int i = 0; i < EACH; i++)
                if (write(p[1], b, SIZE) != SIZE)
                    _exit(1);
            _exit(0);
        }
    close(p[1]);
    int torn = 0, n = 0, filled = 0;
    for (;;) {
        long r = read(p[0], b + filled, SIZE - filled);
        if (r <= 0)
            break;
        if ((filled += r) < SIZE)
            continue;
        for (int i = 1; i < SIZE; i++)
            torn += b[i] != b[0];
        n++;
        filled = 0;
    }
    printf("blocks %d torn %d\n", n, torn);
    for (int w = 0; w < WRITERS; w++)
        wait(NULL);
    close(p[0]);
}

static void large_blocking(void)
{
    static char in[300000], out[300000];
    int p[2];
    for (size_t i = 0; i < sizeof in; i++)
        in[i] = i * 7 + (i >> 8);
    pipe(p);
    pid_t pid = fork();
    if (pid == 0) {
        close(p[0]);
        _exit(write(p[1], in, sizeof in) != sizeof in);
    }
    close(p[1]);
    size_t n = 0;
    for (long r; (r = read(p[0], out + n, sizeof out - n)) > 0;)
        n += r;
    printf("moved %zu equal %d\n", n, !memcmp(in, out, sizeof in));
    t_wait("writer", pid);
    close(p[0]);
}

static void interrupted(int sig)
{
    (void)sig;
}

static void signals(void)
{
    int p[2];
    char c;
    struct sigaction sa = {.sa_handler = interrupted};
    sigaction(SIGALRM, &sa, NULL);
    pipe(p);
    ualarm(50000, 0);
    R(read(p[0], &c, 1));
    static char big[70000];
    ualarm(50000, 0);
    R(write(p[1], big, 70000));
}

int main(void)
{
    ends();
    nonblocking();
    atomicity();
    large_blocking();
    signals();
}
