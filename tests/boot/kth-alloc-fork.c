/* SPDX-License-Identifier: MIT */
/*
 * The k-th allocation of fork fails, for every k until fork gets through: each time it says
 * ENOMEM or EAGAIN, no child exists, the parent keeps its memory and may write it, and
 * nothing leaks (the runner counts).
 */
#include "t.h"

enum { PAGES = 40, LIMIT = 5000 };

int main(void)
{
    t_need_fail();
    char *m = t_map(PAGES);
    for (int i = 0; i < PAGES; i += 2)
        t_fill(m + i * PAGE, i);
    mmap(m + 10 * PAGE, 2 * PAGE, PROT_READ, MAP_PRIVATE | MAP_FIXED,
         open("/proc/self/exe", O_RDONLY), 0);
    char *far = mmap((void *)0x1000000000, 3 * PAGE, RW,
                     MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
    if (far != MAP_FAILED)
        far[0] = far[2 * PAGE] = 1;
    long k = 1;
    for (; k < LIMIT; k++) {
        int fired;
        pid_t pid = t_fork_failing(k, &fired);
        if (pid == 0)
            _exit(0);
        int e = errno;
        if (pid > 0)
            t_wait(pid);
        else
            CHECK(e == ENOMEM || e == EAGAIN, "allocation %ld gave errno %d", k, e);
        CHECK(waitpid(-1, NULL, WNOHANG) == -1 && errno == ECHILD, "a child after failure %ld",
              k);
        for (int i = 0; i < PAGES; i += 2)
            if (i < 10 || i >= 12) {
                CHECK(t_compare(m + i * PAGE, i) < 0, "after failure %ld page %d", k, i);
                m[i * PAGE] = m[i * PAGE];
            }
        if (k % 8 == 0)
            t_recount("after a failed fork");
        if (pid > 0 && !fired)
            break;
    }
    CHECK(k > 3 && k < LIMIT, "fork got through after %ld failures", k - 1);
    return 0;
}
