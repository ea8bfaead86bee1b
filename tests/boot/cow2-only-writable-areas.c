/* SPDX-License-Identifier: MIT */
/*
 * COW-2: the flag is only on private areas that permit writing. A page made read-only before
 * fork stays read-only in both, a page made writable again after fork is still copied, and an
 * area that is not writable shows no cow page.
 */
#include "t.h"

int main(void)
{
    char states[5];
    t_catch_faults();
    char *m = t_map(4);
    for (int i = 0; i < 4; i++)
        t_fill(m + i * PAGE, i);
    CHECK(mprotect(m, 2 * PAGE, PROT_READ) == 0);
    pid_t pid = t_fork();
    if (pid == 0) {
        t_recount("while read-only pages are shared");
        CHECK(t_touch(m, 'w') == SIGSEGV && t_code == SEGV_ACCERR);
        CHECK(t_touch(m + 2 * PAGE, 'w') == 0);
        if (t_states(getpid(), m, 4, states))
            CHECK(states[0] != 'c' && states[0] != 'p' && states[2] == 'p', "%s", states);
        CHECK(mprotect(m, PAGE, RW) == 0);
        CHECK(t_touch(m, 'w') == 0);
        t_fill(m, 77);
        CHECK(t_touch(m + PAGE, 'w') == SIGSEGV);
        _exit(0);
    }
    t_wait_ok(pid);
    CHECK(t_compare(m, 0) < 0, "the child's write after mprotect reached the parent");
    CHECK(t_compare(m + 2 * PAGE, 2) < 0);
    CHECK(t_touch(m, 'w') == SIGSEGV);
    CHECK(mprotect(m, 4 * PAGE, PROT_READ) == 0);
    CHECK(mprotect(m, 4 * PAGE, RW) == 0);
    pid = t_fork();
    if (pid == 0) {
        /* Writable, not writable, writable again while shared: must still be copied. */
        CHECK(mprotect(m, 4 * PAGE, PROT_NONE) == 0);
        CHECK(mprotect(m, 4 * PAGE, PROT_READ) == 0);
        CHECK(mprotect(m, 4 * PAGE, RW) == 0);
        for (int i = 0; i < 4; i++)
            t_fill(m + i * PAGE, 50 + i);
        _exit(0);
    }
    t_wait_ok(pid);
    for (int i = 1; i < 4; i++)
        CHECK(t_compare(m + i * PAGE, i) < 0, "page %d", i);
    return 0;
}
