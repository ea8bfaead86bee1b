/* SPDX-License-Identifier: MIT */
/*
 * MAP_SHARED memory is not copied: writes of parent and child through anonymous and file
 * mappings are seen by both at once, after fork, after nested fork, after mprotect, and by
 * read() and write().
 */
#include "t.h"

int main(void)
{
    int fd = open("f", O_RDWR | O_CREAT, 0600);
    ftruncate(fd, 3 * PAGE);
    volatile uint64_t *a = t_map_shared(3);
    volatile uint64_t *f = mmap(NULL, 3 * PAGE, RW, MAP_SHARED, fd, 0);
    volatile uint64_t *zero = mmap(NULL, PAGE, RW, MAP_SHARED, open("/dev/zero", O_RDWR), 0);
    a[0] = f[0] = 1;
    long copied = t_counter_in("/proc/vmstat", "cow_copied");
    (void)copied;
    pid_t pid = t_fork();
    if (pid == 0) {
        while (a[0] != 2 || f[0] != 2)
            sched_yield();
        a[512] = f[512] = 3; /* a page that nobody had touched */
        zero[0] = 4;
        CHECK(mprotect((void *)a, PAGE, PROT_READ) == 0);
        CHECK(mprotect((void *)a, PAGE, RW) == 0);
        a[1] = 5;
        pid_t q = t_fork();
        if (q == 0) {
            a[2] = f[2] = 6;
            _exit(0);
        }
        t_wait_ok(q);
        CHECK(a[2] == 6 && f[2] == 6);
        uint64_t word = 7;
        pwrite(fd, &word, 8, 2 * PAGE);
        _exit(0);
    }
    a[0] = 2;
    f[0] = 2;
    while (a[512] != 3 || f[512] != 3)
        sched_yield();
    t_wait_ok(pid);
    CHECK(zero[0] == 4 && a[1] == 5 && a[2] == 6 && f[2] == 6 && f[1024] == 7);
    uint64_t word;
    pread(fd, &word, 8, 0);
    CHECK(word == 2);
    char states[4];
    if (t_states(getpid(), (void *)a, 3, states))
        CHECK(states[0] == 'm' && states[1] == 'm', "%s", states);
    return 0;
}
