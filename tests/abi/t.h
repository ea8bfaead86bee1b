/* SPDX-License-Identifier: MIT */
/*
 * What every oracle program shares.
 *
 * An oracle program runs on Linux and on calf, and both outputs must be equal byte for byte.
 * So it prints what a call returned (errno by name), never a process id, an address or a time.
 * R(call) prints the text of a call and its result; P(call) is for calls whose value may differ
 * (addresses, descriptors) and prints only success or the error; IN_CHILD runs statements in a
 * forked child and prints how the child ended.
 *
 * The runner gives each program an empty working directory of its own, on a tmpfs.
 */
#pragma once
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* Wrong arguments are the point of these programs. */
#pragma GCC diagnostic ignored "-Wnonnull"
#pragma GCC diagnostic ignored "-Wstringop-overflow"
#pragma GCC diagnostic ignored "-Wstringop-overread"
#pragma GCC diagnostic ignored "-Wunused-result"
#pragma GCC diagnostic ignored "-Warray-bounds"

#define PAGE 4096ul

__attribute__((constructor)) static void t_init(void)
{
    setvbuf(stdout, NULL, _IONBF, 0);
    umask(022);
}

static inline const char *t_errname(int e)
{
    const char *name = strerrorname_np(e);
    return name ? name : "E?";
}

static inline const char *t_signame(int s)
{
    const char *name = sigabbrev_np(s);
    return name ? name : "RT";
}

static inline long t_report(const char *what, long r, int show)
{
    int e = errno;
    if (r == -1)
        printf("%s = -1 %s\n", what, t_errname(e));
    else if (show)
        printf("%s = %ld\n", what, r);
    else
        printf("%s = ok\n", what);
    errno = e;
    return r;
}

#define R(call)                 \
    ({                          \
        errno = 0;              \
        long r_ = (long)(call); \
        t_report(#call, r_, 1); \
    })
#define P(call)                       \
    ({                                \
        errno = 0;                    \
        __typeof__(call) r_ = (call); \
        t_report(#call, (long)r_, 0); \
        r_;                           \
    })

static inline void t_print_status(const char *who, int status)
{
    if (WIFEXITED(status))
        printf("%s: exit %d\n", who, WEXITSTATUS(status));
    else if (WIFSIGNALED(status))
        printf("%s: killed by SIG%s\n", who, t_signame(WTERMSIG(status)));
    else if (WIFSTOPPED(status))
        printf("%s: stopped by SIG%s\n", who, t_signame(WSTOPSIG(status)));
    else if (WIFCONTINUED(status))
        printf("%s: continued\n", who);
    else
        printf("%s: status %#x\n", who, status);
}

static inline int t_wait(const char *who, pid_t pid)
{
    int status = 0;
    pid_t r;
    do
        r = waitpid(pid, &status, 0);
    while (r < 0 && errno == EINTR);
    if (r < 0)
        printf("%s: waitpid %s\n", who, t_errname(errno));
    else
        t_print_status(who, status);
    return status;
}

/* Runs the statements in a child, waits for it and prints its end. */
#define IN_CHILD(who, ...)   \
    do {                     \
        pid_t pid_ = fork(); \
        if (pid_ == 0) {     \
            __VA_ARGS__;     \
            _exit(0);        \
        }                    \
        t_wait(who, pid_);   \
    } while (0)

static inline void t_write_file(const char *path, const void *data, size_t n)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);
    if (fd < 0 || write(fd, data, n) != (ssize_t)n)
        printf("cannot write %s: %s\n", path, t_errname(errno));
    close(fd);
}

static inline void t_msleep(long ms)
{
    struct timespec ts = {ms / 1000, ms % 1000 * 1000000};
    while (nanosleep(&ts, &ts) < 0 && errno == EINTR)
        ;
}

static inline long t_now_ms(void)
{
    struct timespec ts;
    clock_gettime(CLOCK_MONOTONIC, &ts);
    return ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}
