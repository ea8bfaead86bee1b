/* SPDX-License-Identifier: MIT */
/*
 * COW-3: a frame's count is the number of entries and holders. The kernel counts everything
 * again in the middle of a tree of processes that share, break, unmap, move and protect.
 */
#include "t.h"

enum { PAGES = 40 };

static void stir(char *m, int depth)
{
    for (int i = 16; i < PAGES; i += i % 10 == 9 ? 7 : 1) /* 16-19, 26-29, 36-39 */
        m[i * PAGE] += depth;
    CHECK(munmap(m + depth * PAGE, PAGE) == 0);
    CHECK(mprotect(m + (depth + 8) * PAGE, 3 * PAGE, PROT_READ) == 0);
    char *n = mremap(m + (depth + 20) * PAGE, PAGE, 2 * PAGE, MREMAP_MAYMOVE);
    CHECK(n != MAP_FAILED);
    n[PAGE] = depth;
    madvise(m + (depth + 30) * PAGE, PAGE, MADV_DONTNEED);
    t_recount("within the tree");
    if (depth == 5)
        return;
    pid_t a = t_fork();
    if (a == 0) {
        stir(m, depth + 1);
        _exit(0);
    }
    t_recount("with a child");
    t_wait_ok(a);
}

int main(void)
{
    char *m = t_map(PAGES);
    for (int i = 0; i < PAGES; i++)
        if (i % 5)
            t_fill(m + i * PAGE, i);
    int fd = open("f", O_RDWR | O_CREAT, 0600);
    ftruncate(fd, 4 * PAGE);
    char *s = mmap(NULL, 4 * PAGE, RW, MAP_SHARED, fd, 0);
    char *p = mmap(NULL, 4 * PAGE, RW, MAP_PRIVATE, fd, 0);
    s[0] = p[PAGE] = 1;
    (void)*(volatile char *)(p + 2 * PAGE);
    t_recount("at first");
    stir(m, 0);
    t_recount("at the end");
    return 0;
}
