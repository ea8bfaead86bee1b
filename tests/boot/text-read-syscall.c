/* SPDX-License-Identifier: MIT */
/*
 * The kernel does not write where the program may not: read() and others into the program's
 * code give EFAULT, before and after fork, and the code is unchanged. (A kernel that writes
 * by physical address changes the program.)
 */
#include "t.h"

static int __attribute__((noinline, aligned(64))) answer(void)
{
    return 42;
}

static void try_all(const char *who)
{
    int p[2];
    struct stat st;
    pipe(p);
    for (int i = 0; i < 2; i++) {
        write(p[1], "\0\0\0\0\0\0\0\0", 8);
        CHECK(read(p[0], (void *)answer, 8) == -1 && errno == EFAULT, "%s: read", who);
    }
    CHECK(syscall(SYS_fstat, p[0], (void *)answer) == -1 && errno == EFAULT, "%s: fstat", who);
    CHECK(syscall(SYS_getrandom, (void *)answer, 64, 0) == -1 && errno == EFAULT, "%s", who);
    CHECK(syscall(SYS_pipe2, (void *)answer, 0) == -1 && errno == EFAULT, "%s: pipe2", who);
    CHECK(fstat(p[0], &st) == 0);
    CHECK(answer() == 42, "%s: the code changed", who);
    close(p[0]);
    close(p[1]);
}

int main(void)
{
    try_all("before fork");
    pid_t pid = t_fork();
    if (pid == 0) {
        try_all("child");
        _exit(0);
    }
    try_all("parent");
    t_wait_ok(pid);
    try_all("after");
    return 0;
}
