/* SPDX-License-Identifier: MIT */
/*
 * Killed anywhere: processes that fork, exec, map, fault, write files and pipes, run threads
 * and wait are killed at random moments. Nothing is left of them: memory, files, locks,
 * children (the runner counts, and counts again).
 */
#include "t.h"

enum { ROUNDS = 25, AT_ONCE = 3 };

static void *thread(void *arg)
{
    for (;;) {
        char *m = t_map(8);
        for (int i = 0; i < 8; i++)
            m[i * PAGE] = 1;
        munmap(m, 8 * PAGE);
    }
    return arg;
}

static void busy(int kind, int me)
{
    static char buf[70000];
    char name[32];
    int p[2];
    snprintf(name, sizeof name, "k%d", me);
    pipe(p);
    for (;;)
        switch (kind) {
        case 0:
            if (fork() == 0)
                _exit(0);
            wait(NULL);
            break;
        case 1:
            if (vfork() == 0) {
                execl("/proc/self/exe", "self", "x", NULL);
                _exit(0);
            }
            wait(NULL);
            break;
        case 2: {
            char *m = t_map(64);
            for (int i = 0; i < 64; i += 3)
                m[i * PAGE] = 1;
            mprotect(m + 8 * PAGE, 8 * PAGE, PROT_READ);
            mremap(m, 4 * PAGE, 100 * PAGE, MREMAP_MAYMOVE);
            munmap(m + 20 * PAGE, 44 * PAGE);
            break;
        }
        case 3:
            if (fork() == 0)
                for (;;)
                    write(p[1], buf, sizeof buf);
            for (;;)
                read(p[0], buf, sizeof buf);
        case 4: {
            int fd = open(name, O_RDWR | O_CREAT, 0600);
            write(fd, buf, sizeof buf);
            mkdir("dir", 0700);
            rename(name, "other");
            unlink("other");
            rmdir("dir");
            close(fd);
            break;
        }
        case 5: {
            pthread_t t;
            for (int i = 0; i < 3; i++)
                pthread_create(&t, NULL, thread, NULL);
            for (;;)
                if (fork() == 0)
                    _exit(0);
                else
                    wait(NULL);
        }
        default:
            execl("/proc/self/exe", "self", "again", NULL);
        }
}

int main(int argc, char **argv)
{
    if (argc > 1) {
        if (!strcmp(argv[1], "again"))
            execl("/proc/self/exe", "self", "again", NULL);
        return 0;
    }
    t_delays(t_seed());
    for (int r = 0; r < ROUNDS; r++) {
        pid_t pids[AT_ONCE];
        for (int i = 0; i < AT_ONCE; i++) {
            int kind = t_rnd() % 7;
            if ((pids[i] = t_fork()) == 0) {
                setpgid(0, 0);
                busy(kind, i);
            }
            setpgid(pids[i], pids[i]);
        }
        struct timespec ts = {0, t_rnd() % 8000000};
        nanosleep(&ts, NULL);
        for (int i = 0; i < AT_ONCE; i++) {
            CHECK(kill(-pids[i], SIGKILL) == 0, "round %d", r);
            int st = t_wait(pids[i]);
            CHECK(WIFSIGNALED(st) && WTERMSIG(st) == SIGKILL, "round %d: %#x", r, st);
        }
    }
    t_delays(0);
    return 0;
}
