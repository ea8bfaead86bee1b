/* SPDX-License-Identifier: MIT */
/* dup, dup3, fcntl: descriptor flags, status flags, shared positions. */
#include "t.h"

static void duplicates(void)
{
    t_write_file("f", "0123456789", 10);
    int a = open("f", O_RDWR), b = dup(a), other = open("f", O_RDWR);
    char c;
    R(read(a, &c, 1));
    R(lseek(b, 0, SEEK_CUR));
    R(lseek(other, 0, SEEK_CUR));
    R(dup2(a, 50));
    R(dup2(50, 50));
    R(dup2(99, 99));
    R(dup2(99, 5));
    R(dup2(a, -1));
    R(dup2(a, 1 << 30));
    R(dup3(a, 50, O_CLOEXEC));
    R(fcntl(50, F_GETFD));
    R(dup3(a, a, 0));
    R(dup3(a, 51, 0x1234));
    R(dup(99));
    R(fcntl(a, F_DUPFD, 60));
    R(fcntl(a, F_DUPFD, 60));
    R(fcntl(a, F_DUPFD_CLOEXEC, 60));
    R(fcntl(62, F_GETFD));
    R(fcntl(60, F_GETFD));
    R(fcntl(a, F_DUPFD, -1));
    R(fcntl(a, F_DUPFD, 1 << 30));
    R(close(50));
    R(fcntl(50, F_GETFD));
    R(lseek(60, 7, SEEK_SET));
    R(lseek(a, 0, SEEK_CUR));
}

static void flags(void)
{
    int a = open("f", O_RDWR | O_CLOEXEC), b = dup(a);
    R(fcntl(a, F_GETFD));
    R(fcntl(b, F_GETFD));
    R(fcntl(b, F_SETFD, FD_CLOEXEC));
    R(fcntl(b, F_GETFD));
    R(fcntl(b, F_SETFD, 0));
    R(fcntl(a, F_GETFL) & (O_ACCMODE | O_APPEND | O_NONBLOCK));
    R(fcntl(a, F_SETFL, O_APPEND | O_NONBLOCK));
    R(fcntl(b, F_GETFL) & (O_ACCMODE | O_APPEND | O_NONBLOCK));
    R(fcntl(a, F_SETFL, O_RDONLY));
    R(fcntl(b, F_GETFL) & (O_ACCMODE | O_APPEND | O_NONBLOCK));
    R(fcntl(99, F_GETFL));
    R(fcntl(a, 9999));
    int p[2];
    R(pipe2(p, O_CLOEXEC | O_NONBLOCK));
    R(fcntl(p[0], F_GETFD));
    R(fcntl(p[0], F_GETFL) & (O_ACCMODE | O_NONBLOCK));
    R(fcntl(p[1], F_GETFL) & (O_ACCMODE | O_NONBLOCK));
    R(pipe2(p, 0x1));
    R(close(-1));
    R(close(1 << 20));
}

static void across_fork(void)
{
    int a = open("f", O_RDWR);
    IN_CHILD("child", lseek(a, 5, SEEK_SET); close(a));
    R(lseek(a, 0, SEEK_CUR));
}

static void close_many(void)
{
    int base = fcntl(0, F_DUPFD, 100);
    for (int i = 0; i < 5; i++)
        fcntl(0, F_DUPFD, 100);
    R(syscall(SYS_close_range, base + 1, base + 3, 0));
    for (int i = 0; i < 6; i++)
        printf("%d", fcntl(base + i, F_GETFD) >= 0);
    puts("");
    R(syscall(SYS_close_range, 5, 4, 0));
    R(syscall(SYS_close_range, base, ~0u, 0));
    R(fcntl(base, F_GETFD));
}

int main(void)
{
    duplicates();
    flags();
    across_fork();
    close_many();
}
