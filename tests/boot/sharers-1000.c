/* SPDX-License-Identifier: MIT */
/*
 * One page with 1,000 sharers, more than any narrow counter holds: all of them live at once,
 * some write, all leave; the page's content and the count survive. In a test build with 8-bit
 * counts fork must say so instead of wrapping.
 */
#include "t.h"

enum { SHARERS = 1000 };

int main(void)
{
    static pid_t pids[SHARERS];
    int go[2], n = 0;
    char c;
    char *m = t_map(1);
    t_fill(m, 3);
    pipe(go);
    for (; n < SHARERS; n++) {
        pid_t pid = fork();
        if (pid < 0)
            break;
        if (pid == 0) {
            close(go[1]);
            read(go[0], &c, 1); /* end of file: all are there */
            if (n % 16 == 0)
                t_fill(m, n + 10);
            _exit(((volatile uint64_t *)m)[1] - ((volatile uint64_t *)m)[0] != 1);
        }
        pids[n] = pid;
    }
    CHECK(n == SHARERS ||
              ((errno == ENOMEM || errno == EAGAIN || errno == EOVERFLOW) && n > 100),
          "only %d forks", n);
    CHECK(t_compare(m, 3) < 0);
    t_recount("with all sharers");
    close(go[0]);
    close(go[1]);
    for (int i = 0; i < n; i++)
        t_wait_ok(pids[i]);
    CHECK(t_compare(m, 3) < 0);
    t_fill(m, 4);
    CHECK(t_compare(m, 4) < 0);
    return 0;
}
