/* SPDX-License-Identifier: MIT */
/*
 * execve in a process with many threads ends the siblings first, whoever calls it: the new
 * program is alone, has the process's id, and none of the old threads runs on.
 */
#include "t.h"
#include <dirent.h>

static char *const argv_new[] = {"alone", "x", NULL};
static volatile int *beats; /* shared with the new program's observer */

static void *busy(void *arg)
{
    for (;;) {
        __atomic_fetch_add(beats, 1, __ATOMIC_SEQ_CST);
        sched_yield();
    }
    return arg;
}

static void *asleep(void *arg)
{
    for (;;)
        pause();
    return arg;
}

static void *reading(void *arg)
{
    int p[2];
    char c;
    pipe(p);
    read(p[0], &c, 1);
    return arg;
}

static void *faulting(void *arg)
{
    for (;;) {
        char *m = t_map(4);
        m[0] = m[3 * PAGE] = 1;
        munmap(m, 4 * PAGE);
    }
    return arg;
}

static void *execer(void *arg)
{
    t_msleep(5);
    execv("/proc/self/exe", argv_new);
    return arg;
}

static int count_threads(void)
{
    DIR *d = opendir("/proc/self/task");
    int n = 0;
    if (!d)
        return 1;
    while (readdir(d))
        n++;
    closedir(d);
    return n - 2;
}

int main(int argc, char **argv)
{
    (void)argv;
    if (argc > 1)
        return getpid() == gettid() && count_threads() == 1 ? 0 : 9;
    beats = t_map_shared(1);
    for (int round = 0; round < 8; round++) {
        pid_t pid = t_fork();
        if (pid == 0) {
            pthread_t t;
            void *(*kinds[4])(void *) = {busy, asleep, reading, faulting};
            for (int i = 0; i < 6; i++)
                pthread_create(&t, NULL, kinds[i % 4], NULL);
            if (round % 2) {
                pthread_create(&t, NULL, execer, NULL);
                if (round % 4 == 3)
                    pthread_create(&t, NULL, execer, NULL);
                for (;;)
                    pause();
            }
            execv("/proc/self/exe", argv_new);
            _exit(8);
        }
        t_wait_ok(pid);
        int before = *beats;
        t_msleep(2);
        CHECK(*beats == before, "round %d: a thread of the old program runs on", round);
    }
    return 0;
}
