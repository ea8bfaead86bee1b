/* SPDX-License-Identifier: MIT */
/* mmap: fixed, noreplace, hints, wrong arguments, what overlaps. */
#include "t.h"

static char *map(void *at, size_t n, int prot, int flags)
{
    return mmap(at, n, prot, flags | MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

static void fixed(void)
{
    char *a = map(NULL, 8 * PAGE, PROT_READ | PROT_WRITE, 0);
    memset(a, 'a', 8 * PAGE);
    char *b = map(a + 2 * PAGE, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_FIXED);
    printf("at the place %d\n", b == a + 2 * PAGE);
    printf("%d %d %d %d\n", a[2 * PAGE - 1], a[2 * PAGE], a[4 * PAGE - 1], a[4 * PAGE]);
    R(map(a, PAGE, PROT_READ, MAP_FIXED_NOREPLACE));
    R(map(a + 7 * PAGE, 2 * PAGE, PROT_READ, MAP_FIXED_NOREPLACE));
    printf("%c\n", a[7 * PAGE]);
    R(munmap(a + 7 * PAGE, PAGE));
    char *c = map(a + 7 * PAGE, PAGE, PROT_READ | PROT_WRITE, MAP_FIXED_NOREPLACE);
    printf("at the place %d %d\n", c == a + 7 * PAGE, c[0]);
    R(map(a + 1, PAGE, PROT_READ, MAP_FIXED));
    R(map(a + 1, PAGE, PROT_READ, MAP_FIXED_NOREPLACE));
    R(munmap(a, 8 * PAGE));
    char *h = map(a, PAGE, PROT_READ, 0);
    printf("a free hint is taken %d\n", h == a);
    char *h2 = map(a, PAGE, PROT_READ, 0);
    printf("a taken hint is not %d\n", h2 != a && h2 != MAP_FAILED);
    char *h3 = map(a + 2 * PAGE + 123, PAGE, PROT_READ, 0);
    printf("aligned %d\n", (uintptr_t)h3 % PAGE == 0);
}

static void wrong(void)
{
    int fd = open("f", O_RDWR | O_CREAT, 0644);
    int ro = open("f", O_RDONLY), wo = open("f", O_WRONLY);
    int p[2];
    pipe(p);
    ftruncate(fd, 3 * PAGE);
    R(map(NULL, 0, PROT_READ, 0));
    R(map(NULL, -PAGE, PROT_READ, 0));
    R(map(NULL, 1ul << 60, PROT_READ, 0));
    R(mmap(NULL, PAGE, PROT_READ, MAP_ANONYMOUS, -1, 0));
    R(mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, -1, 0));
    R(mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, 99, 0));
    R(mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, fd, 100));
    R(mmap(NULL, PAGE, PROT_READ, MAP_SHARED, wo, 0));
    R(mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, ro, 0));
    P(mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, ro, 0));
    R(mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, p[0], 0));
    R(mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, open(".", O_RDONLY), 0));
    R(mmap((void *)(-PAGE), PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0));
    R(mmap((void *)(1ul << 60), PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1,
           0));
    R(munmap(NULL, 0));
    R(munmap((void *)123, PAGE));
    R(munmap((void *)(1ul << 62), PAGE));
    R(munmap((void *)0x7000000, PAGE));
}

static void populate(void)
{
    unsigned char vec[4];
    char *a = map(NULL, 4 * PAGE, PROT_READ | PROT_WRITE, MAP_POPULATE);
    R(mincore(a, 4 * PAGE, vec));
    printf("%d%d%d%d\n", vec[0] & 1, vec[1] & 1, vec[2] & 1, vec[3] & 1);
    char *b = map(NULL, 4 * PAGE, PROT_READ | PROT_WRITE, MAP_NORESERVE);
    b[PAGE] = 1;
    R(mincore(b, 4 * PAGE, vec));
    printf("%d%d%d%d\n", vec[0] & 1, vec[1] & 1, vec[2] & 1, vec[3] & 1);
    a[0] = 'z';
    IN_CHILD("child", a[0] = 'c'; putchar(a[0]); puts(""));
    printf("%c\n", a[0]);
}

static void shared_anonymous(void)
{
    char *s = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    IN_CHILD("child", s[0] = 'S'; s[PAGE] = 'T');
    printf("%c%c\n", s[0], s[PAGE]);
    R(munmap(s, 2 * PAGE));
}

int main(void)
{
    fixed();
    wrong();
    populate();
    shared_anonymous();
}
