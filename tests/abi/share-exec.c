/* SPDX-License-Identifier: MIT */
/* exec, vfork and exits in any order, in a deep tree of processes that share page tables. */
#include "share.h"

enum { N = 1024, DEPTH = 8 };

static char *base;

static void tell(const char *who)
{
    show(who, base, N);
}

/* Each generation writes a page, and the last one becomes another program. */
static void deep_exec(int depth)
{
    char who[40];

    paint(base + (500 + depth) * PAGE, 1, 10 + depth);
    if (depth == DEPTH) {
        tell("the deepest");
        execl("/proc/self/exe", "share-exec", "look", NULL);
        _exit(1);
    }
    snprintf(who, sizeof who, "generation %d", depth + 1);
    pid_t pid = fork();
    if (pid == 0) {
        deep_exec(depth + 1);
        _exit(0);
    }
    t_wait(who, pid);
    tell("its parent");
}

/* The child of vfork writes into our memory, then execs or exits. */
static void vforks(void)
{
    char *argv[] = {"share-exec", "look", NULL};
    pid_t pid = fork();

    if (pid == 0) {
        pid_t inner = vfork();
        if (inner == 0) {
            paint(base + 3 * PAGE, 2, 31);
            execv("/proc/self/exe", argv);
            _exit(1);
        }
        t_wait("exec after vfork", inner);
        tell("child, which the child of vfork wrote to");
        inner = vfork();
        if (inner == 0) {
            paint(base + 700 * PAGE, 2, 32);
            _exit(0);
        }
        t_wait("exit after vfork", inner);
        tell("child");
        _exit(0);
    }
    t_wait("child", pid);
    tell("parent");
}

/* Parent, child and grandchild end in the order given ("012": the eldest first); who is left
 * looks and writes each time. */
static void exits(const char *order)
{
    struct turn turns[3], ended[3];
    int nth = 0;

    printf("-- ends in the order %s\n", order);
    for (int i = 0; i < 3; i++) {
        turns[i] = turn_make();
        ended[i] = turn_make();
    }
    if (fork() == 0) {
        for (int i = 1; i < 3; i++) {
            paint(base + 100 * (nth + 1) * PAGE, 3, 40 + nth);
            if (fork() != 0)
                break;
            nth++;
        }
        for (;;) {
            char what;
            read(turns[nth].ends[0], &what, 1);
            paint(base + (600 + 10 * nth) * PAGE, 1, 50 + nth);
            printf("%d", nth);
            tell("");
            write(ended[nth].ends[1], "", what == 'e');
            if (what == 'e')
                _exit(0);
            write(ended[nth].ends[1], "", 1);
        }
    }
    for (int i = 0; i < 3; i++)
        close(ended[i].ends[1]);
    for (int i = 0; i < 3; i++) {
        for (int k = i; k < 3; k++) {
            char c;
            int who = order[k] - '0';
            write(turns[who].ends[1], k == i ? "e" : "l", 1);
            read(ended[who].ends[0], &c, 1);
        }
        if (order[i] == '0')
            wait(NULL);
    }
    tell("who began");
    for (int i = 0; i < 3; i++) {
        close(turns[i].ends[0]);
        close(turns[i].ends[1]);
        close(ended[i].ends[0]);
    }
}

int main(int argc, char **argv)
{
    static const char *const orders[] = {"012", "021", "102", "120", "201", "210"};

    if (argc > 1) {
        printf("another program\n");
        return 0;
    }
    base = map_at(GIANT(-N / 2), N * PAGE);
    paint(base, N, 1);
    IN_CHILD("first", deep_exec(0));
    tell("who began");
    vforks();
    for (int i = 0; i < 6; i++)
        exits(orders[i]);
    return 0;
}
