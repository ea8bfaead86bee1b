/* SPDX-License-Identifier: MIT */
/* truncate, sparse files, lseek with SEEK_DATA and SEEK_HOLE. */
#include "t.h"

static void zeroes(int fd, off_t off, size_t n)
{
    static char b[65536];
    memset(b, 1, sizeof b);
    ssize_t r = pread(fd, b, n, off);
    size_t bad = 0;
    for (ssize_t i = 0; i < r; i++)
        bad += b[i] != 0;
    printf("read %zd, %zu not zero\n", r, bad);
}

static void shrink_and_grow(void)
{
    char b[8192];
    memset(b, 'x', sizeof b);
    int fd = open("f", O_RDWR | O_CREAT, 0644);
    R(write(fd, b, sizeof b));
    R(ftruncate(fd, 100));
    R(lseek(fd, 0, SEEK_CUR));
    R(ftruncate(fd, 8192));
    zeroes(fd, 100, 8092);
    R(pread(fd, b, 200, 50));
    printf("%c%c\n", b[49], b[50] ? b[50] : '0');
    R(truncate("f", 5));
    R(lseek(fd, 0, SEEK_END));
    R(ftruncate(fd, -1));
    R(truncate("none", 0));
    R(truncate(".", 0));
    R(ftruncate(99, 0));
    int p[2];
    pipe(p);
    R(ftruncate(p[1], 0));
    R(lseek(p[0], 0, SEEK_SET));
    close(fd);
}

static void sparse(void)
{
    struct stat st;
    int fd = open("sparse", O_RDWR | O_CREAT, 0644);
    R(pwrite(fd, "end", 3, 1 << 20));
    R(fstat(fd, &st));
    printf("size %ld blocks %ld\n", (long)st.st_size, (long)st.st_blocks);
    zeroes(fd, 0, 65536);
    R(lseek(fd, 0, SEEK_DATA));
    R(lseek(fd, 0, SEEK_HOLE));
    R(pwrite(fd, "mid", 3, 40960));
    R(lseek(fd, 0, SEEK_DATA));
    R(lseek(fd, 40960, SEEK_DATA));
    R(lseek(fd, 40961, SEEK_DATA));
    R(lseek(fd, 40960, SEEK_HOLE));
    R(lseek(fd, 45056, SEEK_DATA));
    R(lseek(fd, 1 << 20, SEEK_HOLE));
    R(lseek(fd, (1 << 20) + 3, SEEK_DATA));
    R(lseek(fd, (1 << 20) + 3, SEEK_HOLE));
    R(lseek(fd, 1 << 30, SEEK_HOLE));
    R(lseek(fd, -1, SEEK_DATA));
    R(ftruncate(fd, 8192));
    R(lseek(fd, 0, SEEK_DATA));
    R(lseek(fd, 0, SEEK_HOLE));
    close(fd);
}

static void seeking(void)
{
    int fd = open("f", O_RDWR);
    R(lseek(fd, 10, SEEK_SET));
    R(lseek(fd, -11, SEEK_CUR));
    R(lseek(fd, -3, SEEK_END));
    R(lseek(fd, 0, 9));
    R(lseek(fd, -1, SEEK_SET));
    R(lseek(fd, 1000, SEEK_SET));
    char c;
    R(read(fd, &c, 1));
    R(write(fd, "z", 1));
    R(lseek(fd, 0, SEEK_END));
    zeroes(fd, 5, 995);
    R(lseek(99, 0, SEEK_SET));
    int d = open(".", O_RDONLY);
    R(lseek(d, 0, SEEK_SET));
    R(pwrite(fd, "q", 1, -1));
    R(pread(fd, &c, 1, -1));
    R(pread(fd, &c, 0, 0));
    R(write(fd, &c, 0));
}

int main(void)
{
    shrink_and_grow();
    sparse();
    seeking();
}
