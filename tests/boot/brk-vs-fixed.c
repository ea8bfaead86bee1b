/* SPDX-License-Identifier: MIT */
/*
 * brk and fixed mappings: the heap does not grow over a mapping, a mapping placed into the
 * heap cuts it, shrinking frees only the heap's own pages, and the child's heap is its own.
 */
#include "t.h"

static char *raw_brk(void *p)
{
    return (char *)syscall(SYS_brk, p);
}

int main(void)
{
    t_catch_faults();
    char *base = (char *)(((uintptr_t)raw_brk(NULL) + PAGE - 1) & -PAGE);
    CHECK(raw_brk(base + 20 * PAGE) == base + 20 * PAGE);
    for (int i = 0; i < 20; i++)
        t_fill(base + i * PAGE, i);
    /* Into the middle of the heap. */
    char *in =
        mmap(base + 5 * PAGE, 2 * PAGE, RW, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
    CHECK(in == base + 5 * PAGE && in[0] == 0);
    t_fill(in, 500);
    CHECK(t_compare(base + 4 * PAGE, 4) < 0 && t_compare(base + 7 * PAGE, 7) < 0);
    pid_t pid = t_fork();
    if (pid == 0) {
        CHECK(raw_brk(NULL) == base + 20 * PAGE);
        CHECK(raw_brk(base + 10 * PAGE) == base + 10 * PAGE);
        CHECK(t_touch(base + 12 * PAGE, 'r') == SIGSEGV);
        CHECK(raw_brk(base + 22 * PAGE) == base + 22 * PAGE);
        CHECK(base[12 * PAGE] == 0 && base[21 * PAGE] == 0);
        CHECK(t_compare(in, 500) < 0);
        _exit(0);
    }
    t_wait_ok(pid);
    CHECK(t_compare(base + 12 * PAGE, 12) < 0, "the child's brk took the parent's pages");
    /* A wall above the heap. */
    char *wall = mmap(base + 40 * PAGE, PAGE, RW,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
    CHECK(wall == base + 40 * PAGE);
    t_fill(wall, 900);
    CHECK(raw_brk(base + 60 * PAGE) == base + 20 * PAGE, "the heap grew over a mapping");
    CHECK(raw_brk(base + 41 * PAGE) == base + 20 * PAGE);
    CHECK(raw_brk(base + 30 * PAGE) == base + 30 * PAGE);
    CHECK(raw_brk(base + 5 * PAGE) == base + 5 * PAGE);
    CHECK(t_compare(wall, 900) < 0);
    CHECK(t_touch(base + 10 * PAGE, 'r') == SIGSEGV);
    CHECK(t_compare(base + 4 * PAGE, 4) < 0);
    CHECK(raw_brk((void *)1) == base + 5 * PAGE);
    CHECK(raw_brk((void *)-1l) == base + 5 * PAGE);
    return 0;
}
