/* SPDX-License-Identifier: MIT */
/*
 * Every death for want of memory is announced: a child that is killed by an allocation that
 * fails in its page fault ends with SIGKILL or SIGBUS, the kernel log names it, and the
 * counter moves.
 */
#include "t.h"
#include <sys/klog.h>

static char log_text[1 << 17];

/* A line of the kernel log that says what happened, and to whom. */
static int log_names(pid_t pid)
{
    char name[24];
    int n = klogctl(3, log_text, sizeof log_text - 1);
    CHECK(n >= 0, "no kernel log");
    log_text[n] = 0;
    snprintf(name, sizeof name, "process %d ", pid);
    for (char *line = strtok(log_text, "\n"); line; line = strtok(NULL, "\n"))
        if (strstr(line, "memory") && strstr(line, name))
            return 1;
    return 0;
}

int main(void)
{
    t_need_fail();
    char *m = t_map(4);
    m[0] = 1;
    long before = t_counter_in("/proc/vmstat", "cow_oom");
    CHECK(before >= 0, "no counter cow_oom");
    for (int kind = t_is_eager(); kind < 2; kind++) {
        int told[2];
        pipe(told);
        pid_t pid = t_fork();
        if (pid == 0) {
            write(told[1], "x", 1);
            t_fail_at(1);
            for (int i = 0; i < 4; i++) {
                m[kind ? i * PAGE : 0] = 2;
                t_fail_at(1);
            }
            _exit(0);
        }
        int st = t_wait(pid);
        CHECK(WIFSIGNALED(st), "kind %d: no memory, but status %#x", kind, st);
        CHECK(WTERMSIG(st) == SIGKILL || WTERMSIG(st) == SIGBUS, "signal %d", WTERMSIG(st));
        CHECK(log_names(pid), "the kernel log does not name process %d", pid);
        close(told[0]);
        close(told[1]);
    }
    CHECK(t_counter_in("/proc/vmstat", "cow_oom") >= before + 2 - t_is_eager(),
          "the counter does not move");
    CHECK(m[0] == 1);
    return 0;
}
