/* SPDX-License-Identifier: MIT */
/* sendfile(2): offsets, pipes, append, the file's end. */
#include "t.h"
#include <sys/sendfile.h>

int main(void)
{
    char b[64] = "";
    t_write_file("in", "0123456789abcdef", 16);
    int in = open("in", O_RDONLY), out = open("out", O_RDWR | O_CREAT, 0644);
    R(sendfile(out, in, NULL, 4));
    R(lseek(in, 0, SEEK_CUR));
    R(lseek(out, 0, SEEK_CUR));
    off_t off = 10;
    R(sendfile(out, in, &off, 4));
    printf("off %ld\n", (long)off);
    R(lseek(in, 0, SEEK_CUR));
    R(sendfile(out, in, &off, 100));
    printf("off %ld\n", (long)off);
    R(sendfile(out, in, &off, 100));
    R(pread(out, b, sizeof b, 0));
    puts(b);
    off = -1;
    R(sendfile(out, in, &off, 1));
    R(sendfile(out, in, NULL, 0));
    int p[2];
    pipe(p);
    off = 0;
    R(sendfile(p[1], in, &off, 16));
    memset(b, 0, sizeof b);
    R(read(p[0], b, sizeof b));
    puts(b);
    R(sendfile(in, out, NULL, 1));
    int wr = open("in", O_WRONLY);
    R(sendfile(out, wr, NULL, 1));
    R(sendfile(99, in, NULL, 1));
    R(sendfile(out, 99, NULL, 1));
    R(sendfile(out, in, (off_t *)16, 1));
    int app = open("out", O_WRONLY | O_APPEND);
    R(sendfile(app, in, NULL, 1));
    static char big[200000];
    memset(big, 'B', sizeof big);
    t_write_file("big", big, sizeof big);
    int bigfd = open("big", O_RDONLY), copy = open("copy", O_RDWR | O_CREAT, 0644);
    long total = 0, r;
    while ((r = sendfile(copy, bigfd, NULL, 1 << 20)) > 0)
        total += r;
    printf("total %ld end %ld\n", total, r);
    R(lseek(copy, 0, SEEK_END));
    return 0;
}
