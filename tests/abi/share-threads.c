/* SPDX-License-Identifier: MIT */
/*
 * Threads write while their process forks and the forked ones fork on: what a child sees stands
 * still, and the parent loses nothing.
 */
#include "share.h"
#include <pthread.h>

enum { N = 1024, THREADS = 3, FORKS = 60, EACH = 40 };

static char *base;
static volatile int ends;
static unsigned long rounds[THREADS];

static volatile unsigned long *word_of(int thread, int i)
{
    return (unsigned long *)(base + (thread + THREADS * (i * 8 + 1)) * PAGE);
}

static void *writes(void *arg)
{
    long thread = (long)arg;

    while (!ends) {
        rounds[thread]++;
        for (int i = 0; i < EACH; i++)
            *word_of(thread, i) = rounds[thread];
        sched_yield();
    }
    return NULL;
}

static int stands_still(void)
{
    static unsigned long seen[THREADS][EACH];

    for (int t = 0; t < THREADS; t++) {
        for (int i = 0; i < EACH; i++)
            seen[t][i] = *word_of(t, i);
    }
    sched_yield();
    t_msleep(1);
    for (int t = 0; t < THREADS; t++) {
        for (int i = 0; i < EACH; i++) {
            if (*word_of(t, i) != seen[t][i])
                return 0;
        }
    }
    return 1;
}

static int child(int nth)
{
    int status = 0, ok = stands_still();

    for (int i = 0; i < EACH; i++)
        *word_of(nth % THREADS, i) = 7;
    if (nth % 4 == 0) {
        pid_t pid = fork();
        if (pid == 0)
            _exit(*word_of(nth % THREADS, EACH - 1) == 7 ? 0 : 1);
        waitpid(pid, &status, 0);
    }
    for (int i = 0; i < EACH; i++)
        ok &= *word_of(nth % THREADS, i) == 7;
    return ok && status == 0 ? 0 : 1;
}

int main(void)
{
    pthread_t threads[THREADS];
    int good = 0, status;

    base = map_at(GIANT(-N / 2), N * PAGE);
    paint(base, N, 1);
    for (int t = 0; t < THREADS; t++) {
        for (int i = 0; i < EACH; i++)
            *word_of(t, i) = 0;
    }
    for (long t = 0; t < THREADS; t++)
        pthread_create(&threads[t], NULL, writes, (void *)t);
    for (int n = 0; n < FORKS; n++) {
        pid_t pid = fork();
        if (pid == 0)
            _exit(child(n));
        waitpid(pid, &status, 0);
        good += status == 0;
    }
    ends = 1;
    for (int t = 0; t < THREADS; t++)
        pthread_join(threads[t], NULL);
    printf("%d of %d children\n", good, FORKS);
    for (int t = 0; t < THREADS; t++) {
        int kept = 0;
        for (int i = 0; i < EACH; i++)
            kept += *word_of(t, i) == rounds[t];
        printf("thread %d: %d of %d words, moved on: %d\n", t, kept, EACH, rounds[t] > 0);
    }
    return 0;
}
