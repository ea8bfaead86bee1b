/* SPDX-License-Identifier: MIT */
/* A growing stack: main stack to its limit, MAP_GROWSDOWN with its guard gap. */
#include "t.h"
#include <sys/resource.h>

static int __attribute__((noinline)) deep(int n, volatile char *above)
{
    volatile char b[1024];
    b[0] = n ^ above[0];
    int r = n ? deep(n - 1, b) : 0;
    return r + b[1023] * 0;
}

int main(void)
{
    printf("1 MiB deep %d\n", deep(1000, ""));
    IN_CHILD("within a limit of 2 MiB", struct rlimit l = {2 << 20, 2 << 20};
             setrlimit(RLIMIT_STACK, &l); deep(1500, ""));
    IN_CHILD("beyond a limit of 2 MiB", struct rlimit l = {2 << 20, 2 << 20};
             setrlimit(RLIMIT_STACK, &l); deep(4000, ""));
    /* A page far below the others of its area, reached step by step. */
    char *room = mmap(NULL, 1024 * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    munmap(room, 1024 * PAGE);
    char *g = mmap(room + 1000 * PAGE, 2 * PAGE, PROT_READ | PROT_WRITE,
                   MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | MAP_GROWSDOWN, -1, 0);
    printf("placed %d\n", g == room + 1000 * PAGE);
    g[0] = 1;
    for (int i = 1; i <= 200; i++)
        g[-(long)(i * PAGE)] = i;
    printf("grown, last page holds %d\n", g[-(long)(200 * PAGE)]);
    IN_CHILD("the child has it", _exit(g[-(long)(100 * PAGE)]));
    /* The gap of 256 pages below a growing area stays free of other mappings. */
    char *low = g - 200 * PAGE - 10 * PAGE;
    char *n = mmap(low - 100 * PAGE, PAGE, PROT_READ | PROT_WRITE,
                   MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
    printf("neighbour %d\n", n != MAP_FAILED);
    IN_CHILD("growing into the gap of a neighbour",
             for (char *p = g - 201 * PAGE; p > n; p -= PAGE) *p = 1);
    return 0;
}
