/* SPDX-License-Identifier: MIT */
/*
 * Zombies and orphans: children of a dead parent go to init and are reaped, an unreaped
 * zombie holds no memory, thousands of quick children leave nothing.
 */
#include "t.h"

enum { QUICK = 300 };

int main(void)
{
    for (int i = 0; i < QUICK; i++) {
        pid_t pid = t_fork();
        if (pid == 0) {
            if (i % 10 == 0 && fork() == 0) {
                if (i % 20)
                    t_msleep(1);
                _exit(0); /* an orphan now or soon */
            }
            _exit(i & 1);
        }
        if (i % 3 == 0)
            CHECK(WEXITSTATUS(t_wait(pid)) == (i & 1));
    }
    int n = 0, st;
    while (wait(&st) > 0)
        n++;
    CHECK(n == QUICK - QUICK / 3, "%d", n);
    /* A tree whose root dies first. */
    volatile int *alive = t_map_shared(1);
    pid_t pid = t_fork();
    if (pid == 0) {
        for (int i = 0; i < 5; i++)
            if (fork() == 0) {
                __atomic_fetch_add(alive, 1, __ATOMIC_SEQ_CST);
                while (getppid() != 1)
                    t_msleep(1);
                __atomic_fetch_sub(alive, 1, __ATOMIC_SEQ_CST);
                _exit(0);
            }
        while (*alive < 5)
            t_msleep(1);
        _exit(0);
    }
    t_wait_ok(pid);
    for (int i = 0; *alive && i < 2000; i++)
        t_msleep(1);
    CHECK(*alive == 0, "%d orphans wait for init as their parent", *alive);
    return 0;
}
