/* SPDX-License-Identifier: MIT */
/* brk: grow, shrink, zeroes again, a mapping in the way, the data limit. */
#include "t.h"
#include <sys/resource.h>

static char *raw_brk(void *p)
{
    return (char *)syscall(SYS_brk, p);
}

int main(void)
{
    char *start = raw_brk(NULL);
    char *base = (char *)(((uintptr_t)start + PAGE - 1) & -PAGE);
    printf("same on wrong %d\n", raw_brk((void *)1) == start);
    printf("grown %d\n", raw_brk(base + 8 * PAGE) == base + 8 * PAGE);
    int bad = 0;
    for (char *p = base; p < base + 8 * PAGE; p++)
        bad += *p != 0;
    printf("not zero %d\n", bad);
    memset(base, 'b', 8 * PAGE);
    printf("shrunk %d\n", raw_brk(base + 2 * PAGE + 100) == base + 2 * PAGE + 100);
    printf("kept %c%c\n", base[2 * PAGE - 1], base[2 * PAGE + 99]);
    printf("grown %d\n", raw_brk(base + 8 * PAGE) == base + 8 * PAGE);
    bad = 0;
    for (char *p = base + 3 * PAGE; p < base + 8 * PAGE; p++)
        bad += *p != 0;
    printf("not zero %d\n", bad);
    raw_brk(base + PAGE);
    IN_CHILD("beyond the break", base[4 * PAGE] = 1);
    char *wall = mmap(base + 16 * PAGE, PAGE, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
    printf("wall %d\n", wall == base + 16 * PAGE);
    wall[0] = 'W';
    printf("through the wall %d\n", raw_brk(base + 32 * PAGE) == base + PAGE);
    printf("near the wall %d\n", raw_brk(base + 15 * PAGE) == base + 15 * PAGE);
    raw_brk(base + PAGE);
    printf("wall stands %c\n", wall[0]);
    pid_t pid = fork();
    if (pid == 0) {
        printf("child: same break %d\n", raw_brk(NULL) == base + PAGE);
        raw_brk(base + 4 * PAGE);
        base[3 * PAGE] = 1;
        _exit(0);
    }
    t_wait("child", pid);
    printf("parent: unchanged %d\n", raw_brk(NULL) == base + PAGE);
    struct rlimit lim = {PAGE, PAGE};
    R(setrlimit(RLIMIT_DATA, &lim));
    printf("limited %d\n", raw_brk(base + 6 * PAGE) == base + PAGE);
    return 0;
}
