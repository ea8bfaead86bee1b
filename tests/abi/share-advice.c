/* SPDX-License-Identifier: MIT */
/* MADV_DONTFORK and MADV_WIPEONFORK for parts of what page tables serve, and for all of it. */
#include "share.h"

enum { FIRST = 576, N = 1152 }; /* pages; those before the GiB boundary */

static char *base;

static void tell(const char *who)
{
    show(who, base, N);
}

static void generations(void)
{
    pid_t pid = fork();

    if (pid == 0) {
        tell("child");
        IN_CHILD("grandchild", tell(" in it"));
        /* the child may fill the hole with memory of its own */
        for (int i = 0; i < N; i += 64) {
            if (page_tag(base + i * PAGE) == CANNOT_BE_READ)
                mmap(base + i * PAGE, PAGE, RW, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
            paint(base + i * PAGE, 1, 7);
        }
        tell("child wrote");
        IN_CHILD("grandchild", tell(" in it"));
        _exit(0);
    }
    t_wait("child", pid);
    tell("parent");
}

static void advised(const char *what, int first, int n, int advice, int undo)
{
    printf("-- %s\n", what);
    base = map_at(GIANT(-FIRST), N * PAGE);
    paint(base, N, 1);
    IN_CHILD("an older child", paint(base + PAGE, 1, 2); tell(" in it"));
    R(madvise(base + first * PAGE, n * PAGE, advice));
    generations();
    paint(base + first * PAGE, n, 3);
    generations();
    R(madvise(base + first * PAGE, n * PAGE, undo));
    generations();
    munmap(base, N * PAGE);
}

static void both(const char *what, int first, int n)
{
    char text[80];

    snprintf(text, sizeof text, "%s left out", what);
    advised(text, first, n, MADV_DONTFORK, MADV_DOFORK);
    snprintf(text, sizeof text, "%s wiped", what);
    advised(text, first, n, MADV_WIPEONFORK, MADV_KEEPONFORK);
}

/* Nothing of the GiB goes on, but a table of tables was worth sharing before. */
static void sparse(void)
{
    printf("-- sparse\n");
    base = map_at(GIANT(0), 64 * MIB);
    for (int i = 0; i < 32; i++)
        paint(base + i * 2 * MIB, 1, 1 + i);
    pid_t pid = fork();
    if (pid == 0) {
        R(madvise(base + 20 * MIB, 8 * MIB, MADV_WIPEONFORK));
        R(madvise(base + 40 * MIB, 8 * MIB, MADV_DONTFORK));
        IN_CHILD("grandchild",
                 for (int i = 0; i < 32; i++) show(" in it", base + i * 2 * MIB, 1));
        for (int i = 0; i < 32; i++)
            show("child", base + i * 2 * MIB, 1);
        _exit(0);
    }
    t_wait("child", pid);
    IN_CHILD("another", for (int i = 0; i < 32; i++) show(" in it", base + i * 2 * MIB, 1));
}

int main(void)
{
    both("one page", 400, 1);
    both("half of a table", 64, 256);
    both("a whole table", 576, 512);
    both("over the boundary", 500, 300);
    both("all", 0, N);
    sparse();
    return 0;
}
