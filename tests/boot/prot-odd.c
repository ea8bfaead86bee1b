/* SPDX-License-Identifier: MIT */
/*
 * PROT_WRITE alone and the other odd permissions: RISC-V reserves W without R, so PROT_WRITE
 * gives both and does not loop; PROT_EXEC alone runs; PROT_NONE gives nothing to anybody, not
 * to the kernel either; all the same after fork.
 */
#include "t.h"

static void try_all(char *w, char *x, char *n, const char *who)
{
    int p[2];
    pipe(p);
    write(p[1], "12345678", 8);
    CHECK(t_touch(w, 'w') == 0 && t_touch(w, 'r') == 0, "%s", who);
    CHECK(read(p[0], w + 8, 4) == 4, "%s", who);
    CHECK(t_touch(x, 'x') == 0 && t_touch(x, 'w') == SIGSEGV, "%s", who);
    CHECK(t_touch(n, 'r') == SIGSEGV && t_touch(n, 'w') == SIGSEGV &&
              t_touch(n, 'x') == SIGSEGV,
          "%s", who);
    CHECK(read(p[0], n, 4) == -1 && errno == EFAULT, "%s", who);
    CHECK(write(p[1], n, 4) == -1 && errno == EFAULT, "%s", who);
    close(p[0]);
    close(p[1]);
}

int main(void)
{
    t_catch_faults();
    char *w = mmap(NULL, PAGE, PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    char *w2 = mmap(NULL, PAGE, PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    char *x = t_map(1), *n = t_map(1);
    CHECK(t_touch(w2, 'r') == 0); /* a read comes first */
    CHECK(t_touch(w2, 'w') == 0);
    *(volatile unsigned *)x = 0x00008067; /* ret */
    n[0] = 'n';
    CHECK(mprotect(x, PAGE, PROT_EXEC) == 0);
    CHECK(mprotect(n, PAGE, PROT_NONE) == 0);
    try_all(w, x, n, "at first");
    pid_t pid = t_fork();
    if (pid == 0) {
        try_all(w, x, n, "child");
        CHECK(mprotect(n, PAGE, RW) == 0 && n[0] == 'n');
        n[0] = 'm';
        _exit(0);
    }
    t_wait_ok(pid);
    try_all(w, x, n, "after");
    CHECK(mprotect(n, PAGE, PROT_READ) == 0 && n[0] == 'n');
    return 0;
}
