/* SPDX-License-Identifier: MIT */
/* msync, mincore, mlock and its limit. */
#include "t.h"
#include <sys/resource.h>

int main(void)
{
    unsigned char v[8];
    char *a = mmap(NULL, 4 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    R(mincore(a, 4 * PAGE, v));
    printf("%d%d%d%d\n", v[0] & 1, v[1] & 1, v[2] & 1, v[3] & 1);
    a[2 * PAGE] = 1;
    R(mincore(a, 4 * PAGE, v));
    printf("%d%d%d%d\n", v[0] & 1, v[1] & 1, v[2] & 1, v[3] & 1);
    R(mincore(a + 1, PAGE, v));
    R(mincore(a, 1, v));
    R(mincore(a, 0, v));
    R(mincore(a, PAGE, (void *)16));
    munmap(a + PAGE, PAGE);
    R(mincore(a, 4 * PAGE, v));
    R(mincore((void *)(1ul << 62), PAGE, v));
    int fd = open("f", O_RDWR | O_CREAT, 0644);
    ftruncate(fd, 4 * PAGE);
    char *s = mmap(NULL, 4 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    s[0] = 'm';
    R(msync(s, 4 * PAGE, MS_SYNC));
    R(msync(s, PAGE, MS_ASYNC));
    R(msync(s, PAGE, MS_SYNC | MS_ASYNC));
    R(msync(s, PAGE, 0x80));
    R(msync(s + 1, PAGE, MS_SYNC));
    R(msync(s, 0, MS_SYNC));
    R(msync(a, 4 * PAGE, MS_SYNC));
    R(msync(s, PAGE, MS_INVALIDATE));
    char c = 0;
    R(pread(fd, &c, 1, 0));
    printf("%c\n", c);
    char *l = mmap(NULL, 64 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    R(mlock(l, 2 * PAGE));
    R(mincore(l, 4 * PAGE, v));
    printf("%d%d%d%d\n", v[0] & 1, v[1] & 1, v[2] & 1, v[3] & 1);
    R(mlock(l + 100, 10));
    R(munlock(l, 2 * PAGE));
    R(mlock((void *)0x5000000, PAGE));
    R(munlock((void *)0x5000000, PAGE));
    R(mlock(l, 0));
    struct rlimit lim = {4 * PAGE, 4 * PAGE};
    R(setrlimit(RLIMIT_MEMLOCK, &lim));
    pid_t pid = fork();
    if (pid == 0) {
        setuid(1000);
        R(mlock(l, 5 * PAGE));
        R(mlock(l, 4 * PAGE));
        R(mlock(l + 4 * PAGE, PAGE));
        R(mlock(l, PAGE));
        R(munlock(l, PAGE));
        R(mlock(l + 4 * PAGE, PAGE));
        _exit(0);
    }
    t_wait("child", pid);
    return 0;
}
