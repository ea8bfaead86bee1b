/* SPDX-License-Identifier: MIT */
/*
 * A fork bomb to exhaustion: processes that each take memory of their own and fork on, until
 * nothing is left. fork says ENOMEM or EAGAIN, or processes are ended by announced policy;
 * afterwards everything works and, as the runner counts, every frame is back.
 */
#include "t.h"
#include <sys/klog.h>
#include <sys/sysinfo.h>

enum { CHUNK = 1024 }; /* pages that each process takes: 4 MiB */

static char log_text[1 << 18];

/* Nobody is ended silently: the log names each. (Linux's words differ a little.) */
static void announced(const pid_t *pids, int n)
{
    if (access("/proc/calf/usage", F_OK) < 0)
        return;
    int size = klogctl(3, log_text, sizeof log_text - 1);
    CHECK(size > 0);
    log_text[size] = 0;
    for (int i = 0; i < n; i++) {
        char words[48];
        snprintf(words, sizeof words, "killed process %d ", pids[i]);
        CHECK(strstr(log_text, words), "the death of process %d is not in the log", pids[i]);
    }
}

int main(void)
{
    static pid_t dead[1000];
    struct sysinfo si;
    int go[2], told[2], n = 0, refused = 0;
    char c;
    pipe(go);
    pipe(told);
    sysinfo(&si);
    long limit = si.freeram * si.mem_unit / (CHUNK * PAGE) + 64;
    for (; n < limit && !refused; n++) {
        pid_t pid = fork();
        if (pid < 0) {
            CHECK(errno == ENOMEM || errno == EAGAIN);
            refused = 1;
            break;
        }
        if (pid == 0) {
            close(go[1]);
            close(told[0]);
            char *m = mmap(NULL, CHUNK * PAGE, RW, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
            for (int i = 0; m != MAP_FAILED && i < CHUNK; i++)
                m[i * PAGE] = 1;
            write(told[1], m == MAP_FAILED ? "n" : "y", 1);
            read(go[0], &c, 1); /* until the parent lets go */
            _exit(0);
        }
        /* Its word, or its death. */
        struct timespec ts = {0, 1000000};
        fcntl(told[0], F_SETFL, O_NONBLOCK);
        for (;;) {
            if (read(told[0], &c, 1) == 1) {
                refused = c == 'n';
                break;
            }
            siginfo_t info = {0};
            if (waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) == 0 && info.si_pid) {
                refused = 1;
                break;
            }
            nanosleep(&ts, NULL);
        }
    }
    CHECK(n > 3);
    close(go[0]);
    close(go[1]);
    int st, killed = 0;
    for (pid_t pid; (pid = wait(&st)) > 0;) {
        if (WIFSIGNALED(st) && WTERMSIG(st) == SIGKILL && killed < 1000)
            dead[killed++] = pid;
        CHECK(WIFEXITED(st) || WTERMSIG(st) == SIGKILL || WTERMSIG(st) == SIGBUS, "status %#x",
              st);
    }
    announced(dead, killed);
    CHECK(refused, "%d processes of 4 MiB fitted into %ld MiB", n,
          (long)(si.totalram * si.mem_unit >> 20));
    char *m = t_map(CHUNK);
    for (int i = 0; i < CHUNK; i++)
        m[i * PAGE] = 1;
    CHECK(T_CHILD(m[0] = 2) == 0);
    return 0;
}
