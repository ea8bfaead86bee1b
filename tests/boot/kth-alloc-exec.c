/* SPDX-License-Identifier: MIT */
/*
 * The k-th allocation of exec fails, for every k until the program runs: before the point of
 * no return an error, after it the death of the caller, never a panic and never a leak.
 */
#include "t.h"

enum { LIMIT = 5000 };

int main(int argc, char **argv)
{
    if (argc > 1) {
        t_fail_fd = atoi(argv[1]);
        return t_fail_fired() ? 4 : 0;
    }
    t_need_fail();
    fcntl(t_fail_fd, F_SETFD, 0);
    char fd[16];
    snprintf(fd, sizeof fd, "%d", t_fail_fd);
    int errors = 0, deaths = 0, survived = 0;
    for (long k = 1; k < LIMIT; k++) {
        pid_t pid = t_fork();
        if (pid == 0) {
            char *a[] = {"self", fd, NULL}, *e[] = {"A=B", NULL};
            t_fail_at(k);
            execve("/proc/self/exe", a, e);
            int err = errno;
            t_fail_at(0);
            _exit(err == ENOMEM || err == EAGAIN ? 3 : 5);
        }
        int st = t_wait(pid);
        if (WIFEXITED(st) && WEXITSTATUS(st) == 0) {
            CHECK(errors > 0, "exec needed no memory?");
            return 0;
        }
        errors += WIFEXITED(st) && WEXITSTATUS(st) == 3;
        survived += WIFEXITED(st) && WEXITSTATUS(st) == 4;
        deaths += WIFSIGNALED(st);
        /* 127: the new program's own start-up met the failure, and said so */
        CHECK(!WIFEXITED(st) || WEXITSTATUS(st) == 3 || WEXITSTATUS(st) == 4 ||
                  WEXITSTATUS(st) == 127,
              "failure %ld: status %#x (%d errors, %d deaths, %d survived)", k, st, errors,
              deaths, survived);
    }
    CHECK(0, "exec never got through: %d errors, %d deaths, %d survived", errors, deaths,
          survived);
}
