/* SPDX-License-Identifier: MIT */
/*
 * vfork's child owns its parent's memory until it execs or exits: the parent does not run
 * meanwhile, writes of the child are seen, a failing exec does not end the loan, and a killed
 * child gives it back.
 */
#include "t.h"

static volatile int step;
static volatile char area[4 * PAGE];

int main(int argc, char **argv)
{
    (void)argv;
    if (argc > 1)
        return 0;
    for (int i = 0; i < 10; i++) {
        step = 0;
        pid_t pid = vfork();
        if (pid == 0) {
            step = 1;
            for (int p = 0; p < 4; p++)
                area[p * PAGE] = i + p;
            execl("/nothing", "nothing", NULL);
            if (i % 2)
                t_msleep(3);
            step = 2;
            if (i % 3 == 0)
                execl("/proc/self/exe", "self", "x", NULL);
            if (i % 3 == 1)
                _exit(0);
            kill(getpid(), SIGKILL);
        }
        CHECK(pid > 0);
        CHECK(step == 2, "the parent ran before its child was done: step %d", step);
        for (int p = 0; p < 4; p++)
            CHECK(area[p * PAGE] == i + p);
        int st = t_wait(pid);
        CHECK(i % 3 == 2 ? WIFSIGNALED(st) : st == 0, "status %#x", st);
        area[0] = 99;
        t_recount("after vfork");
    }
    return 0;
}
