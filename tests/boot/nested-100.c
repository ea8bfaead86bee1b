/* SPDX-License-Identifier: MIT */
/*
 * A hundred generations: each process forks the next, all alive at once, each writes its own
 * pages and checks everybody's older ones; the deepest ends first.
 */
#include "t.h"

enum { DEPTH = 100, PAGES = 4 };

static char *m;

static void generation(int depth)
{
    CHECK(t_compare(m + (depth % PAGES) * PAGE, depth < PAGES ? 0 : depth - PAGES) < 0 ||
              depth == 0,
          "generation %d", depth);
    t_fill(m + (depth % PAGES) * PAGE, depth);
    if (depth == DEPTH) {
        t_recount("in the last generation");
        return;
    }
    pid_t pid = t_fork();
    if (pid == 0) {
        generation(depth + 1);
        _exit(0);
    }
    t_wait_ok(pid);
    for (int d = depth; d > depth - PAGES && d >= 0; d--)
        CHECK(t_compare(m + (d % PAGES) * PAGE, d) < 0, "generation %d page of %d", depth, d);
}

int main(void)
{
    m = t_map(PAGES);
    for (int i = 0; i < PAGES; i++)
        t_fill(m + i * PAGE, 0);
    generation(0);
    return 0;
}
