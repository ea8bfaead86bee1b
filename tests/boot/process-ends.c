/* SPDX-License-Identifier: MIT */
/*
 * Every end of a process while its threads are busy: a last thread that returns, exit_group(),
 * exec, SIGKILL, each while three other threads fork, spawn, map memory, sleep and signal
 * themselves, and while the parent stops and continues everybody. Nobody gets lost, every end
 * is the one that was asked for, and (the runner counts) nothing leaks.
 */
#include "t.h"
#include <spawn.h>

extern char **environ;

enum { PROCESSES = 16, AT_ONCE = 4, THREADS = 3, STEPS = 40, ENDS = 4 };

static const char *self;

static unsigned next(unsigned *state)
{
    *state = *state * 1103515245 + 12345;
    return *state >> 16;
}

static void on_usr(int sig)
{
    (void)sig;
}

static void reap(pid_t pid)
{
    while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
        ;
}

static void nap(unsigned us)
{
    nanosleep(&(struct timespec){0, us * 1000l}, NULL);
}

static void step(unsigned *state)
{
    char *argv[] = {"process-ends", "nothing", NULL};
    pid_t pid;
    void *m;
    switch (next(state) % 6) {
    case 0:
        pid = fork();
        if (pid == 0)
            _exit(0);
        if (pid > 0)
            reap(pid);
        break;
    case 1:
        if (posix_spawn(&pid, self, NULL, NULL, argv, environ) == 0)
            reap(pid);
        break;
    case 2:
        m = mmap(NULL, 16 * PAGE, RW, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        memset(m, 1, 16 * PAGE);
        munmap(m, 16 * PAGE);
        break;
    case 3:
        kill(getpid(), SIGUSR1);
        break;
    case 4:
        nap(next(state) % 100);
        break;
    default:
        sched_yield();
    }
}

static void *busy(void *seed)
{
    unsigned state = (unsigned)(long)seed;
    for (int i = 0; i < STEPS; i++)
        step(&state);
    return NULL;
}

/* Ends in the way `end` says, with the status that worker_expected() tells. */
static void worker(unsigned seed, int end)
{
    char *argv[] = {"process-ends", "nine", NULL};
    pthread_t t[THREADS];
    signal(SIGUSR1, on_usr);
    for (long i = 0; i < THREADS; i++)
        pthread_create(t + i, NULL, busy, (void *)(seed * 7 + i));
    if (end == 0) {
        for (int i = 0; i < THREADS; i++)
            pthread_join(t[i], NULL);
        exit(5);
    }
    nap(next(&seed) % 40000);
    if (end == 1)
        _exit(3);
    if (end == 2) {
        signal(SIGUSR1, SIG_IGN); /* one that is pending would hit the new program */
        execv(self, argv);
    }
    kill(getpid(), SIGKILL);
    for (;;)
        pause();
}

static void expect(int end, int status)
{
    static const int wanted[ENDS] = {5 << 8, 3 << 8, 9 << 8, SIGKILL};
    CHECK(status == wanted[end], "end %d gave status %#x", end, status);
}

int main(int argc, char **argv)
{
    struct {
        pid_t pid;
        int end;
    } live[AT_ONCE];
    int n_live = 0, begun = 0;
    if (argc == 2)
        return strcmp(argv[1], "nine") == 0 ? 9 : 0;
    self = argv[0];
    while (begun < PROCESSES || n_live > 0) {
        int status;
        if (begun < PROCESSES && n_live < AT_ONCE) {
            unsigned seed = t_rnd();
            live[n_live].end = begun++ % ENDS;
            live[n_live].pid = t_fork();
            if (live[n_live].pid == 0)
                worker(seed, live[n_live].end);
            n_live++;
            continue;
        }
        pid_t stopped = live[t_rnd() % n_live].pid;
        kill(stopped, SIGSTOP);
        nap(t_rnd() % 2000);
        kill(stopped, SIGCONT);
        pid_t pid = waitpid(-1, &status, t_rnd() % 4 ? WNOHANG : 0);
        for (int i = 0; pid > 0 && i < n_live; i++) {
            if (live[i].pid != pid)
                continue;
            expect(live[i].end, status);
            live[i] = live[--n_live];
            pid = 0;
        }
    }
    return 0;
}
