/* SPDX-License-Identifier: MIT */
/* Forks until it fails, then waits for all: the limit gives an error, not a crash, and
 * every child comes back. Prints nothing but its result, to stay small. */
#include "kernel/types.h"
#include "kernel/stat.h"
#include "user/user.h"

enum { TRIES = 1000 };

static void fail(const char *what)
{
    printf("forktest: %s\n", what);
    exit(1);
}

int main(void)
{
    int n = 0, pid = 0;

    for (; n < TRIES; n++) {
        pid = fork();
        if (pid < 0)
            break;
        if (pid == 0)
            exit(0);
    }
    if (n == 0 || n == TRIES)
        fail(n ? "the limit of processes does not hold" : "no fork succeeded");
    for (int left = n; left > 0; left--) {
        if (wait(0) < 0)
            fail("a child is missing");
    }
    if (wait(0) != -1)
        fail("one child too many");
    printf("forktest: OK, %d children\n", n);
    exit(0);
}
