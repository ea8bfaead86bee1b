/* SPDX-License-Identifier: MIT */
/* mremap: shrink, grow in place, move, fixed, what is refused, what is kept. */
#include "t.h"

static char *fresh(int pages)
{
    char *a =
        mmap(NULL, pages * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    for (int i = 0; i < pages; i++)
        a[i * PAGE] = 'a' + i, a[i * PAGE + 4095] = 'A' + i;
    return a;
}

static void show(const char *what, const char *a, int pages)
{
    printf("%s: ", what);
    for (int i = 0; i < pages; i++)
        printf("%c%c", a[i * PAGE] ? a[i * PAGE] : '0',
               a[i * PAGE + 4095] ? a[i * PAGE + 4095] : '0');
    puts("");
}

static int mapped(void *p)
{
    return msync(p, PAGE, MS_ASYNC) == 0;
}

int main(void)
{
    char *a = fresh(8);
    R(mremap(a, 8 * PAGE, 4 * PAGE, 0) == a);
    printf("cut off %d\n", mapped(a + 4 * PAGE));
    R(mremap(a, 4 * PAGE, 6 * PAGE, 0) == a);
    show("shrunk and grown", a, 6);
    char *wall =
        mmap(a + 6 * PAGE, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
    R(mremap(a, 6 * PAGE, 8 * PAGE, 0));
    char *b = mremap(a, 6 * PAGE, 8 * PAGE, MREMAP_MAYMOVE);
    printf("moved %d, old place mapped %d\n", b != a, mapped(a));
    show("moved", b, 8);
    (void)wall;
    char *target = fresh(8);
    char *c = mremap(b, 2 * PAGE, 2 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, target + PAGE);
    printf("fixed %d, source mapped %d, rest mapped %d\n", c == target + PAGE, mapped(b),
           mapped(b + 2 * PAGE));
    show("target", target, 8);
    show("rest", b + 2 * PAGE, 6);
    R(mremap(target, 4 * PAGE, 4 * PAGE, MREMAP_FIXED, b));
    R(mremap(target, 4 * PAGE, 4 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, target + PAGE));
    R(mremap(target + 1, PAGE, PAGE, MREMAP_MAYMOVE));
    R(mremap(target, PAGE, 0, MREMAP_MAYMOVE));
    R(mremap(target, PAGE, PAGE, 0x80));
    R(mremap((void *)0x5000000, PAGE, 2 * PAGE, MREMAP_MAYMOVE));
    munmap(target + 4 * PAGE, PAGE);
    R(mremap(target, 8 * PAGE, 16 * PAGE, MREMAP_MAYMOVE));
    show("unchanged", target, 4);

    char *d = fresh(4);
    pid_t pid = fork();
    if (pid == 0) {
        char *e = mremap(d, 4 * PAGE, 40 * PAGE, MREMAP_MAYMOVE);
        e[0] = 'X';
        e[39 * PAGE] = 1;
        show("child", e, 4);
        _exit(0);
    }
    t_wait("child", pid);
    show("parent", d, 4);

    int fd = open("f", O_RDWR | O_CREAT, 0644);
    ftruncate(fd, 4 * PAGE);
    char *s = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    s[0] = 's';
    s = mremap(s, PAGE, 4 * PAGE, MREMAP_MAYMOVE);
    s[3 * PAGE] = 't';
    char x[2] = "";
    R(pread(fd, x, 1, 3 * PAGE));
    printf("%s %c\n", x, s[0]);
    char *dup = mremap(s, 0, PAGE, MREMAP_MAYMOVE);
    printf("a second view of a shared mapping %d\n", dup != MAP_FAILED && dup[0] == 's');
    R(mremap(d, 0, PAGE, MREMAP_MAYMOVE));
    mprotect(d + PAGE, PAGE, PROT_READ);
    R(mremap(d, 4 * PAGE, 8 * PAGE, MREMAP_MAYMOVE));
    return 0;
}
