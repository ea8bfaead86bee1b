/* SPDX-License-Identifier: MIT */
/* readv, writev, preadv, pwritev: order, limits, partial faults. */
#include "t.h"

int main(void)
{
    char a[8] = "", b[8] = "", c[8] = "";
    int fd = open("f", O_RDWR | O_CREAT, 0644);
    struct iovec w[3] = {{"abc", 3}, {"", 0}, {"defgh", 5}};
    R(writev(fd, w, 3));
    R(lseek(fd, 0, SEEK_SET));
    struct iovec r[3] = {{a, 2}, {b, 4}, {c, 7}};
    R(readv(fd, r, 3));
    printf("%s %s %s\n", a, b, c);
    R(readv(fd, r, 3));
    R(readv(fd, r, 0));
    R(readv(fd, r, -1));
    R(readv(fd, r, 1025));
    R(writev(fd, NULL, 1));
    struct iovec neg[2] = {{a, 1}, {b, (size_t)-1}};
    R(writev(fd, neg, 2));
    struct iovec bad[2] = {{"xy", 2}, {(void *)16, 4}};
    R(lseek(fd, 0, SEEK_SET));
    R(writev(fd, bad, 2));
    R(lseek(fd, 0, SEEK_CUR));
    struct iovec rbad[2] = {{a, 2}, {(void *)16, 4}};
    R(lseek(fd, 0, SEEK_SET));
    R(readv(fd, rbad, 2));
    struct iovec first_bad[2] = {{(void *)16, 4}, {a, 2}};
    R(readv(fd, first_bad, 2));
    R(pwritev(fd, w, 3, 100));
    R(lseek(fd, 0, SEEK_END));
    memset(a, 0, 8), memset(b, 0, 8), memset(c, 0, 8);
    R(preadv(fd, r, 3, 101));
    printf("%s %s %s\n", a, b, c);
    R(preadv(fd, r, 3, -5));
    int rd = open("f", O_RDONLY), wr = open("f", O_WRONLY);
    R(writev(rd, w, 3));
    R(readv(wr, r, 3));
    R(writev(99, w, 3));
    int p[2];
    pipe(p);
    R(writev(p[1], w, 3));
    memset(a, 0, 8), memset(b, 0, 8), memset(c, 0, 8);
    R(readv(p[0], r, 3));
    printf("%s %s %s\n", a, b, c);
    R(preadv(p[0], r, 1, 0));
    static struct iovec many[1024];
    static char bytes[1024];
    for (int i = 0; i < 1024; i++) {
        bytes[i] = 'A' + i % 26;
        many[i] = (struct iovec){bytes + i, 1};
    }
    R(lseek(fd, 0, SEEK_SET));
    R(writev(fd, many, 1024));
    char back[1024];
    R(pread(fd, back, 1024, 0));
    printf("same %d\n", !memcmp(bytes, back, 1024));
    return 0;
}
