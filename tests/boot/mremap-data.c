/* SPDX-License-Identifier: MIT */
/*
 * mremap loses nothing: growing in place, moving, moving over others, shrinking, with pages
 * touched, untouched, shared and file backed, across table boundaries, while a child shares
 * the pages.
 */
#include "t.h"

enum { PAGES = 700 };

static void fill_some(char *m, int tag)
{
    for (int i = 0; i < PAGES; i += 31)
        t_fill(m + i * PAGE, tag + i);
}

static void check_some(const char *m, int tag, int pages, const char *what)
{
    for (int i = 0; i < pages; i++) {
        long bad = i % 31 == 0 ? t_compare(m + i * PAGE, tag + i) : m[i * PAGE] ? 0 : -1;
        CHECK(bad < 0, "%s: page %d", what, i);
    }
}

int main(void)
{
    char *m = t_map(PAGES);
    fill_some(m, 1);
    pid_t pid = t_fork();
    if (pid == 0) {
        t_msleep(30);
        check_some(m, 1, PAGES, "child");
        _exit(0);
    }
    char *n = mremap(m, PAGES * PAGE, 2 * PAGES * PAGE, MREMAP_MAYMOVE);
    CHECK(n != MAP_FAILED);
    check_some(n, 1, PAGES, "grown");
    CHECK(n[(2 * PAGES - 1) * PAGE] == 0);
    char *target = t_map(2 * PAGES + 5);
    fill_some(target, 7);
    char *o =
        mremap(n, PAGES * PAGE, PAGES * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, target + 3 * PAGE);
    CHECK(o == target + 3 * PAGE);
    check_some(o, 1, PAGES, "moved over others");
    CHECK(t_compare(target, 7) < 0, "the neighbour below");
    fill_some(o, 3);
    char *small = mremap(o, PAGES * PAGE, 100 * PAGE, 0);
    CHECK(small == o);
    check_some(o, 3, 100, "shrunk");
    t_wait_ok(pid);
    int fd = open("f", O_RDWR | O_CREAT, 0600);
    ftruncate(fd, 8 * PAGE);
    char *f = mmap(NULL, 8 * PAGE, RW, MAP_PRIVATE, fd, 0);
    t_fill(f, 50);
    char page[PAGE];
    t_fill(page, 60);
    pwrite(fd, page, PAGE, 5 * PAGE);
    char *g = mremap(f, 6 * PAGE, 8 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, target + 200 * PAGE);
    CHECK(g == target + 200 * PAGE);
    CHECK(t_compare(g, 50) < 0 && t_compare(g + 5 * PAGE, 60) < 0);
    char *hole = t_map(600);
    t_fill(hole + 599 * PAGE, 9);
    munmap(hole, 590 * PAGE);
    char *h = mremap(hole + 590 * PAGE, 10 * PAGE, 600 * PAGE, MREMAP_MAYMOVE);
    CHECK(h != MAP_FAILED && t_compare(h + 9 * PAGE, 9) < 0 && h[599 * PAGE] == 0);
    t_recount("at the end");
    return 0;
}
