/* SPDX-License-Identifier: MIT */
/*
 * A private file page is copied when written, and only then: the file and other mappings keep
 * their bytes, later writes to the file are seen only through pages not yet written.
 */
#include "t.h"

int main(void)
{
    int fd = open("f", O_RDWR | O_CREAT, 0600);
    char page[PAGE], got[PAGE], states[5];
    for (int i = 0; i < 4; i++) {
        t_fill(page, i);
        pwrite(fd, page, PAGE, i * PAGE);
    }
    char *a = mmap(NULL, 4 * PAGE, RW, MAP_PRIVATE, fd, 0);
    char *b = mmap(NULL, 4 * PAGE, RW, MAP_PRIVATE, fd, 0);
    char *s = mmap(NULL, 4 * PAGE, RW, MAP_SHARED, fd, 0);
    CHECK(t_compare(a, 0) < 0 && t_compare(b + PAGE, 1) < 0 && t_compare(s, 0) < 0);
    long copied = t_counter("cow_copied");
    t_fill(a, 100);
    t_fill(a + PAGE, 101); /* written without a read before it */
    if (copied >= 0)
        CHECK(t_counter("cow_copied") - copied <= 4);
    CHECK(t_compare(b, 0) < 0 && t_compare(b + PAGE, 1) < 0 && t_compare(s + PAGE, 1) < 0);
    for (int i = 0; i < 4; i++) {
        CHECK(pread(fd, got, PAGE, i * PAGE) == (long)PAGE);
        CHECK(t_compare(got, i) < 0, "the file's page %d changed", i);
    }
    pid_t pid = t_fork();
    if (pid == 0) {
        CHECK(t_compare(a, 100) < 0);
        t_fill(a, 200);
        t_fill(a + 2 * PAGE, 202);
        if (t_states(getpid(), a, 4, states))
            CHECK(states[0] == 'p' && states[2] == 'p', "%s", states);
        _exit(0);
    }
    t_wait_ok(pid);
    CHECK(t_compare(a, 100) < 0 && t_compare(a + 2 * PAGE, 2) < 0);
    t_fill(page, 300);
    pwrite(fd, page, PAGE, 0);
    pwrite(fd, page, PAGE, 3 * PAGE);
    CHECK(t_compare(a, 100) < 0, "a page of our own follows the file");
    CHECK(t_compare(a + 3 * PAGE, 300) < 0, "an untouched page does not follow the file");
    CHECK(t_compare(s, 300) < 0);
    CHECK(madvise(a, PAGE, MADV_DONTNEED) == 0);
    CHECK(t_compare(a, 300) < 0);
    return 0;
}
