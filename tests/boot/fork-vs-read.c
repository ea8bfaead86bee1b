/* SPDX-License-Identifier: MIT */
/*
 * Fork while a sibling thread is inside read() into the same buffer: the child sees the page
 * before or after each store of the kernel, never a store that lands later.
 */
#include "t.h"

enum { ROUNDS = 12, SIZE = 2 * PAGE };

static char *buf;
static int p[2];
static volatile int stop;

static void *reader(void *arg)
{
    (void)arg;
    t_pin(1);
    while (read(p[0], buf, SIZE) > 0) /* to the end: the writer may wait for room */
        ;
    return NULL;
}

static void *writer(void *arg)
{
    static char data[SIZE];
    (void)arg;
    t_pin(2);
    for (int n = 1; !stop; n++) {
        memset(data, n & 0x7f, SIZE);
        write(p[1], data, SIZE);
    }
    close(p[1]);
    return NULL;
}

static unsigned long sum(void)
{
    unsigned long s = 0;
    for (size_t i = 0; i < SIZE / 8; i++)
        s = s * 31 + ((volatile unsigned long *)buf)[i];
    return s;
}

int main(void)
{
    pthread_t r, w;
    buf = t_map(2);
    pipe(p);
    t_delays(t_seed());
    CHECK(pthread_create(&r, NULL, reader, NULL) == 0);
    CHECK(pthread_create(&w, NULL, writer, NULL) == 0);
    for (int i = 0; i < ROUNDS; i++) {
        pid_t pid = t_fork();
        if (pid == 0) {
            close(p[1]);
            unsigned long a = sum();
            t_msleep(2);
            CHECK(sum() == a, "round %d: a store of read() reached the child later", i);
            _exit(0);
        }
        t_wait_ok(pid);
    }
    stop = 1;
    pthread_join(w, NULL);
    pthread_join(r, NULL);
    t_delays(0);
    return 0;
}
