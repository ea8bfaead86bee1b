/* SPDX-License-Identifier: MIT */
/*
 * A read-only private page stays read-only: after fork, after a fault on a neighbour, for
 * stores of the program and of the kernel, with and without other references.
 */
#include "t.h"

static void try_page(char *m, const char *who)
{
    int p[2];
    pipe(p);
    write(p[1], "12345678", 8);
    CHECK(t_touch(m, 'w') == SIGSEGV && t_code == SEGV_ACCERR, "%s: store", who);
    CHECK(read(p[0], m, 8) == -1 && errno == EFAULT, "%s: read()", who);
    CHECK(t_compare(m, 9) < 0, "%s: content", who);
    close(p[0]);
    close(p[1]);
}

int main(void)
{
    t_catch_faults();
    char *m = t_map(3);
    t_fill(m + PAGE, 9);
    CHECK(mprotect(m + PAGE, PAGE, PROT_READ) == 0);
    try_page(m + PAGE, "alone");
    pid_t pid = t_fork();
    if (pid == 0) {
        m[0] = m[2 * PAGE] = 1;
        try_page(m + PAGE, "child");
        t_msleep(10);
        try_page(m + PAGE, "child after the parent");
        _exit(0);
    }
    m[0] = m[2 * PAGE] = 2;
    try_page(m + PAGE, "parent");
    t_wait_ok(pid);
    try_page(m + PAGE, "parent as the sole owner");
    pid = t_fork();
    if (pid == 0) {
        munmap(m, PAGE);
        try_page(m + PAGE, "second child");
        _exit(0);
    }
    t_wait_ok(pid);
    return 0;
}
