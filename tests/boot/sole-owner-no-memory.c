/* SPDX-License-Identifier: MIT */
/*
 * A write by the sole owner never needs memory: with every allocation failing, all pages that
 * were shared once and are shared no longer can be written, by the program and by the kernel.
 */
#include "t.h"

enum { PAGES = 32 };

int main(void)
{
    t_need_fail();
    char *m = t_map(PAGES);
    int p[2];
    for (int i = 0; i < PAGES; i++)
        t_fill(m + i * PAGE, i);
    pipe(p);
    write(p[1], "wakes the page of the pipe", 26);
    char b[32];
    read(p[0], b, 32);
    for (int round = 0; round < 3; round++) {
        CHECK(T_CHILD() == 0);
        t_msleep(5); /* the child's memory is gone when its parent may count on it */
        for (int i = 0; i < PAGES; i += 2) {
            t_fail_at(1);
            m[i * PAGE] = i;
            int fired = t_fail_fired();
            CHECK(!fired, "the write to page %d wanted memory", i);
        }
        int fd = open("f", O_RDWR | O_CREAT | O_TRUNC, 0600);
        write(fd, "data", 4);
        for (int i = 1; i < PAGES; i += 2) {
            t_fail_at(1);
            long r = pread(fd, m + i * PAGE, 4, 0);
            int fired = t_fail_fired();
            CHECK(r == 4 && !fired, "the kernel's write to page %d: %ld fired %d", i, r, fired);
        }
        close(fd);
    }
    return 0;
}
