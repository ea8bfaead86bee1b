/* SPDX-License-Identifier: MIT */
/* open(2): flags, modes, and which errors come first. */
#include "t.h"

static void creation(void)
{
    struct stat st;
    int fd = P(open("a", O_RDWR | O_CREAT | O_EXCL, 0640));
    R(fstat(fd, &st));
    printf("mode %o size %ld nlink %ld\n", st.st_mode, (long)st.st_size, (long)st.st_nlink);
    R(open("a", O_RDWR | O_CREAT | O_EXCL, 0640));
    R(write(fd, "hello", 5));
    R(close(fd));
    R(close(fd));
    fd = P(open("a", O_RDWR | O_TRUNC));
    R(lseek(fd, 0, SEEK_END));
    close(fd);
    R(open("missing", O_RDONLY));
    R(open("missing/x", O_RDWR | O_CREAT, 0600));
    R(open("a/x", O_RDONLY));
    R(open("a/", O_RDONLY));
    R(open("", O_RDONLY));
    R(open("newdir/", O_RDWR | O_CREAT, 0600));
    fd = P(open("readonly", O_RDWR | O_CREAT, 0400));
    R(write(fd, "x", 1));
    close(fd);
}

static void append(void)
{
    char b[16] = "";
    int fd = P(open("log", O_RDWR | O_CREAT | O_APPEND, 0644));
    int other = P(open("log", O_WRONLY));
    R(write(fd, "one", 3));
    R(lseek(fd, 0, SEEK_SET));
    R(write(fd, "two", 3));
    R(lseek(fd, 0, SEEK_CUR));
    R(write(other, "X", 1));
    R(pread(fd, b, sizeof b, 0));
    puts(b);
    R(write(fd, "3", 1));
    R(pread(fd, b, sizeof b, 0));
    puts(b);
    R(fcntl(fd, F_SETFL, 0));
    R(lseek(fd, 0, SEEK_SET));
    R(write(fd, "___", 3));
    R(pread(fd, b, sizeof b, 0));
    puts(b);
    close(fd);
    close(other);
}

static void access_modes(void)
{
    char c;
    int rd = P(open("log", O_RDONLY)), wr = P(open("log", O_WRONLY));
    R(write(rd, "x", 1));
    R(read(wr, &c, 1));
    R(ftruncate(rd, 0));
    R(fcntl(rd, F_GETFL) & O_ACCMODE);
    R(fcntl(wr, F_GETFL) & O_ACCMODE);
    close(rd);
    close(wr);
}

static void directories(void)
{
    char c;
    R(mkdir("d", 0755));
    R(open("d", O_RDWR));
    R(open("d", O_WRONLY));
    R(open("d", O_RDONLY | O_CREAT, 0600));
    R(open("a", O_RDONLY | O_DIRECTORY));
    int fd = P(open("d", O_RDONLY | O_DIRECTORY));
    R(read(fd, &c, 1));
    R(close(fd));
    R(close(P(open("d/", O_RDONLY))));
    R(close(P(open("d/..", O_RDONLY))));
    R(close(P(open("./d/./.././a", O_RDONLY))));
}

static void links(void)
{
    R(symlink("a", "to-a"));
    R(symlink("nowhere", "dangling"));
    R(symlink("d", "to-d"));
    R(open("to-a", O_RDONLY | O_NOFOLLOW));
    R(close(P(open("to-a", O_RDONLY))));
    R(open("dangling", O_RDONLY));
    R(open("dangling", O_RDWR | O_CREAT | O_EXCL, 0600));
    R(close(P(open("dangling", O_RDWR | O_CREAT, 0600))));
    R(access("nowhere", F_OK));
    R(open("to-d", O_RDONLY | O_DIRECTORY | O_NOFOLLOW));
    R(close(P(open("to-d/", O_RDONLY | O_DIRECTORY))));
}

static void names(void)
{
    char longname[300], path[5000];
    memset(longname, 'n', sizeof longname);
    longname[255] = 0;
    R(close(open(longname, O_RDWR | O_CREAT, 0600)));
    R(unlink(longname));
    longname[255] = 'n';
    longname[256] = 0;
    R(open(longname, O_RDWR | O_CREAT, 0600));
    memset(path, '/', sizeof path);
    path[4999] = 0;
    R(open(path, O_RDONLY));
    path[4095] = 0;
    R(close(P(open(path, O_RDONLY))));
}

static void lowest_descriptor(void)
{
    int a = open("a", O_RDONLY), b = open("a", O_RDONLY), c = open("a", O_RDONLY);
    printf("in a row %d %d\n", b - a, c - b);
    close(b);
    int d = open("a", O_RDONLY);
    printf("lowest is taken %d\n", d == b);
}

int main(void)
{
    creation();
    append();
    access_modes();
    directories();
    links();
    names();
    lowest_descriptor();
}
