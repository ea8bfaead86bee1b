/* SPDX-License-Identifier: MIT */
/*
 * COW-4: what one process does to its tables is never seen by those who share: unmapping,
 * protecting, moving and discarding in a child leave the parent as it was, over several 2 MiB
 * regions.
 */
#include "t.h"

enum { PAGES = 1600, STEP = 7 };

static void damage(char *m)
{
    CHECK(munmap(m + 100 * PAGE, 400 * PAGE) == 0);
    CHECK(mprotect(m + 600 * PAGE, 300 * PAGE, PROT_NONE) == 0);
    CHECK(madvise(m + 1000 * PAGE, 100 * PAGE, MADV_DONTNEED) == 0);
    char *n = mremap(m + 1200 * PAGE, 100 * PAGE, 100 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED,
                     m + 200 * PAGE);
    CHECK(n == m + 200 * PAGE);
    CHECK(mmap(m + 1400 * PAGE, 50 * PAGE, RW, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1,
               0) == m + 1400 * PAGE);
    for (int i = 0; i < 100; i++)
        n[i * PAGE + 1] = 1;
}

int main(void)
{
    char *m = t_map(PAGES);
    for (int i = 0; i < PAGES; i += STEP)
        t_fill(m + i * PAGE, i);
    for (int round = 0; round < 2; round++) {
        pid_t pid = t_fork();
        if (pid == 0) {
            damage(m);
            if (round) {
                pid_t grandchild = t_fork();
                if (grandchild)
                    t_wait_ok(grandchild);
                else
                    munmap(m, PAGES * PAGE);
            }
            _exit(0);
        }
        t_wait_ok(pid);
        for (int i = 0; i < PAGES; i += STEP)
            CHECK(t_compare(m + i * PAGE, i) < 0, "round %d page %d", round, i);
    }
    pid_t pid = t_fork();
    if (pid == 0) {
        t_msleep(30);
        for (int i = 0; i < PAGES; i += STEP)
            CHECK(t_compare(m + i * PAGE, i) < 0, "child page %d", i);
        _exit(0);
    }
    damage(m);
    t_wait_ok(pid);
    return 0;
}
