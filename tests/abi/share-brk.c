/* SPDX-License-Identifier: MIT */
/* The heap shrinks and grows in the child, or in the parent, while both share its tables. */
#include "share.h"

enum { N = 1200 };

static char *heap;

static void to(const char *who, int n_pages)
{
    printf("%s: brk %d pages: %s\n", who, n_pages,
           brk(heap + n_pages * PAGE) == 0 ? "ok" : t_errname(errno));
}

static void tell(const char *who)
{
    show(who, heap, N);
}

static void other_way(void)
{
    struct turn child = turn_make(), parent = turn_make();
    pid_t pid = fork();

    if (pid == 0) {
        turn_await(child);
        tell("child, parent shrank");
        to("child", N + 100);
        paint(heap + 600 * PAGE, 3, 4);
        tell("child");
        turn_go(parent);
        turn_await(child);
        tell("child, parent grew");
        _exit(0);
    }
    to("parent", 300);
    turn_go(child);
    turn_await(parent);
    tell("parent");
    to("parent", N);
    tell("parent grew");
    paint(heap + 500 * PAGE, 100, 5);
    turn_go(child);
    t_wait("child", pid);
    tell("parent");
}

int main(void)
{
    heap = (char *)(((unsigned long)sbrk(0) + 2 * MIB - 1) & -(2 * MIB));
    to("start", N);
    paint(heap, N, 1);
    pid_t pid = fork();
    if (pid == 0) {
        to("child", 700);
        tell("child shrank");
        IN_CHILD("grandchild", to("grandchild", 10); tell(" in it"); to("grandchild", 800);
                 tell(" in it"); paint(heap + 5 * PAGE, 600, 2); tell(" in it"));
        tell("child");
        to("child", N);
        tell("child grew");
        paint(heap + 690 * PAGE, 20, 3);
        tell("child wrote");
        to("child", 0);
        tell("child without");
        _exit(0);
    }
    t_wait("child", pid);
    tell("parent");
    other_way();
    to("end", 0);
    to("again", 600);
    tell("parent again");
    return 0;
}
