/* SPDX-License-Identifier: MIT */
/* madvise: DONTNEED, DONTFORK, WIPEONFORK, hints, errors. */
#include "t.h"

int main(void)
{
    char *a = mmap(NULL, 6 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    memset(a, 'x', 6 * PAGE);
    R(madvise(a + PAGE, PAGE, MADV_DONTNEED));
    printf("%d %d %d\n", a[PAGE - 1], a[PAGE], a[2 * PAGE]);
    a[PAGE] = 'y';
    IN_CHILD("child", madvise(a, PAGE, MADV_DONTNEED); _exit(a[0]));
    printf("%c\n", a[0]);
    int fd = open("f", O_RDWR | O_CREAT, 0644);
    write(fd, "file", 4);
    char *p = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
    char *s = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    p[0] = 'P';
    s[1] = 'S';
    R(madvise(p, PAGE, MADV_DONTNEED));
    R(madvise(s, PAGE, MADV_DONTNEED));
    printf("%.4s %.4s\n", p, s);
    R(madvise(a, PAGE, MADV_DONTFORK));
    R(madvise(a + PAGE, PAGE, MADV_WIPEONFORK));
    a[0] = 'n';
    a[PAGE] = 'w';
    IN_CHILD("wiped in the child", _exit(a[PAGE] == 0 ? 7 : 8));
    IN_CHILD("the next page is there", _exit(a[2 * PAGE]));
    IN_CHILD("left out of the child", (void)*(volatile char *)a);
    IN_CHILD("wiped in the grandchild too", if (fork() == 0) _exit(a[PAGE] == 0 ? 7 : 8);
             int st; wait(&st); _exit(WEXITSTATUS(st)));
    printf("%c%c\n", a[0], a[PAGE]);
    R(madvise(a, PAGE, MADV_DOFORK));
    R(madvise(a + PAGE, PAGE, MADV_KEEPONFORK));
    IN_CHILD("kept", _exit(a[0] == 'n' && a[PAGE] == 'w'));
    R(madvise(s, PAGE, MADV_WIPEONFORK));
    R(madvise(a, 6 * PAGE, MADV_NORMAL));
    R(madvise(a, 6 * PAGE, MADV_RANDOM));
    R(madvise(a, 6 * PAGE, MADV_SEQUENTIAL));
    R(madvise(a, 6 * PAGE, MADV_WILLNEED));
    R(madvise(a + 1, PAGE, MADV_NORMAL));
    R(madvise(a, PAGE, 12345));
    R(madvise(a, 0, MADV_DONTNEED));
    R(madvise(a, -PAGE, MADV_DONTNEED));
    munmap(a + 3 * PAGE, PAGE);
    R(madvise(a + 2 * PAGE, 3 * PAGE, MADV_DONTNEED));
    printf("both sides of the hole dropped %d %d\n", a[2 * PAGE], a[4 * PAGE]);
    mprotect(a + 5 * PAGE, PAGE, PROT_READ);
    R(madvise(a + 5 * PAGE, PAGE, MADV_DONTNEED));
    printf("%d\n", a[5 * PAGE]);
    return 0;
}
