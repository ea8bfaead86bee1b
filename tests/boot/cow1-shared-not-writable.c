/* SPDX-License-Identifier: MIT */
/*
 * COW-1: a private frame with more than one reference has no writable entry. Several children
 * and the parent write the same pages in turn; nobody sees another's bytes, and while they
 * share no page is shown as privately writable.
 */
#include "t.h"

enum { PAGES = 24, CHILDREN = 6 };

static void child(char *m, int me, int go, int done, int last)
{
    char c;
    read(go, &c, 1);
    for (int p = 0; p < PAGES; p++) {
        CHECK(t_compare(m + p * PAGE, p) < 0, "child %d page %d sees another's write", me, p);
        t_fill(m + p * PAGE, 1000 * me + p);
    }
    write(done, "d", 1);
    read(last, &c, 1);
    for (int p = 0; p < PAGES; p++)
        CHECK(t_compare(m + p * PAGE, 1000 * me + p) < 0, "child %d page %d was overwritten",
              me, p);
    _exit(0);
}

int main(void)
{
    char *m = t_map(PAGES), states[PAGES + 1], c;
    int go[2], done[2], last[2];
    pid_t pids[CHILDREN];
    pipe(go);
    pipe(done);
    pipe(last);
    for (int p = 0; p < PAGES; p++)
        t_fill(m + p * PAGE, p);
    for (int i = 0; i < CHILDREN; i++)
        if ((pids[i] = t_fork()) == 0)
            child(m, i + 1, go[0], done[1], last[0]);
    if (!t_is_eager() && t_states(getpid(), m, PAGES, states))
        for (int p = 0; p < PAGES; p++)
            CHECK(states[p] != 'p', "page %d is writable while shared: %s", p, states);
    for (int i = 0; i < CHILDREN; i++) {
        write(go[1], "g", 1);
        read(done[0], &c, 1);
        for (int p = i; p < PAGES; p += CHILDREN)
            CHECK(t_compare(m + p * PAGE, p) < 0, "parent page %d after child %d", p, i);
    }
    for (int p = 0; p < PAGES; p++)
        t_fill(m + p * PAGE, 9000 + p);
    write(last[1], "llllll", CHILDREN);
    for (int i = 0; i < CHILDREN; i++)
        t_wait_ok(pids[i]);
    for (int p = 0; p < PAGES; p++)
        CHECK(t_compare(m + p * PAGE, 9000 + p) < 0, "parent page %d", p);
    return 0;
}
