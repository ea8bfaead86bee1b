/* SPDX-License-Identifier: MIT */
/* futex: wait, wake, requeue, bitsets, timeouts, errors. */
#include "t.h"
#include <linux/futex.h>

static long futex(uint32_t *w, int op, uint32_t val, void *t, uint32_t *w2, uint32_t v3)
{
    return syscall(SYS_futex, w, op, val, t, w2, v3);
}

int main(void)
{
    uint32_t *w = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    struct timespec ms20 = {0, 20000000}, bad = {0, 1000000000};
    R(futex(w, FUTEX_WAIT, 1, NULL, NULL, 0));
    R(futex(w, FUTEX_WAIT, 0, &ms20, NULL, 0));
    R(futex(w, FUTEX_WAIT_PRIVATE, 0, &ms20, NULL, 0));
    R(futex(w, FUTEX_WAIT, 0, &bad, NULL, 0));
    R(futex(w, FUTEX_WAKE, 1, NULL, NULL, 0));
    R(futex((void *)((char *)w + 1), FUTEX_WAIT, 0, NULL, NULL, 0));
    R(futex((void *)16, FUTEX_WAIT, 0, NULL, NULL, 0));
    R(futex(w, FUTEX_WAIT, 0, (void *)16, NULL, 0));
    R(futex(w, 99, 0, NULL, NULL, 0));
    R(futex(w, FUTEX_WAIT_BITSET, 0, NULL, NULL, 0));
    R(futex(w, FUTEX_WAKE_BITSET, 1, NULL, NULL, 0));
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    R(futex(w, FUTEX_WAIT_BITSET, 0, &now, NULL, ~0u));
    clock_gettime(CLOCK_REALTIME, &now);
    R(futex(w, FUTEX_WAIT_BITSET | FUTEX_CLOCK_REALTIME, 0, &now, NULL, ~0u));

    for (int i = 0; i < 3; i++)
        if (fork() == 0) {
            __atomic_fetch_add(&w[2], 1, __ATOMIC_SEQ_CST);
            while (futex(w, FUTEX_WAIT, 0, NULL, NULL, 0) < 0 && errno == EINTR)
                ;
            _exit(0);
        }
    while (__atomic_load_n(&w[2], __ATOMIC_SEQ_CST) != 3)
        t_msleep(1);
    t_msleep(60);
    R(futex(w, FUTEX_WAKE, 1, NULL, NULL, 0));
    R(futex(w, FUTEX_CMP_REQUEUE, 0, (void *)1l, w + 1, 7));
    R(futex(w, FUTEX_CMP_REQUEUE, 0, (void *)1l, w + 1, 0));
    R(futex(w, FUTEX_WAKE, 10, NULL, NULL, 0));
    R(futex(w + 1, FUTEX_WAKE, 10, NULL, NULL, 0));
    while (wait(NULL) > 0)
        ;

    /* A private mapping after fork: two words at one address. */
    static uint32_t mine;
    pid_t pid = fork();
    if (pid == 0) {
        w[3] = 1;
        _exit(futex(&mine, FUTEX_WAIT, 0, &ms20, NULL, 0) < 0 && errno == ETIMEDOUT ? 4 : 5);
    }
    while (!__atomic_load_n(&w[3], __ATOMIC_SEQ_CST))
        sched_yield();
    R(futex(&mine, FUTEX_WAKE, 10, NULL, NULL, 0));
    t_wait("the child's word is another", pid);

    /* Two views of one shared page are one word. */
    int fd = open("f", O_RDWR | O_CREAT, 0644);
    ftruncate(fd, PAGE);
    uint32_t *a = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    uint32_t *b = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    pid = fork();
    if (pid == 0) {
        a[1] = 1;
        _exit(futex(a, FUTEX_WAIT, 0, NULL, NULL, 0) == 0 ? 4 : 5);
    }
    while (!__atomic_load_n(&b[1], __ATOMIC_SEQ_CST))
        t_msleep(1);
    t_msleep(60);
    R(futex(b, FUTEX_WAKE, 1, NULL, NULL, 0));
    t_wait("woken through the other view", pid);
    return 0;
}
