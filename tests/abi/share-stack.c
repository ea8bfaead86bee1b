/* SPDX-License-Identifier: MIT */
/* Stacks that are deep at fork, and that grow afterwards in the child, the parent, or both. */
#include "share.h"

/* Leaves a number in each of `n` frames of a page and more; returns their sum when all is
 * there. */
static __attribute__((noinline)) long deep(int n, long tag, void (*at_bottom)(void))
{
    volatile long here[520];

    here[0] = here[519] = tag + n;
    if (n == 0 && at_bottom)
        at_bottom();
    long sum = n ? deep(n - 1, tag, at_bottom) : 0;
    return sum + here[0] + (here[519] != tag + n);
}

static void grow_in_child(void)
{
    pid_t pid = fork();

    if (pid == 0) {
        printf("child grows: %ld\n", deep(600, 5, NULL));
        IN_CHILD("grandchild", printf("grandchild grows: %ld\n", deep(900, 6, NULL)));
        _exit(0);
    }
    t_wait("child", pid);
    printf("parent grows: %ld\n", deep(400, 7, NULL));
}

static void both_grow(void)
{
    struct turn turn = turn_make();
    pid_t pid = fork();

    if (pid == 0) {
        turn_await(turn);
        printf("child grows second: %ld\n", deep(700, 8, NULL));
        _exit(0);
    }
    printf("parent grows first: %ld\n", deep(700, 9, NULL));
    turn_go(turn);
    t_wait("child", pid);
}

static long fork_all_the_way(int n)
{
    volatile long here[520];
    int status;

    here[0] = here[519] = n;
    if (n == 0)
        return 0;
    pid_t pid = fork();
    if (pid == 0)
        _exit(fork_all_the_way(n - 1) + 1);
    waitpid(pid, &status, 0);
    return here[0] == n && here[519] == n ? WEXITSTATUS(status) : 100;
}

int main(void)
{
    printf("shallow\n");
    grow_in_child();
    both_grow();
    printf("300 pages deep\n");
    printf("all there: %ld\n", deep(300, 1, grow_in_child));
    printf("all there: %ld\n", deep(300, 2, both_grow));
    printf("each deeper process forks: %ld\n", fork_all_the_way(40));
    IN_CHILD("no end", deep(1 << 20, 0, NULL));
    printf("after it: %ld\n", deep(500, 3, NULL));
    return 0;
}
