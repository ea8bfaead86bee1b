/* SPDX-License-Identifier: MIT */
/* Descriptors that do not exist, calls that do not exist, devices that always do. */
#include "t.h"
#include <sys/ioctl.h>
#include <termios.h>

int main(void)
{
    char b[64];
    struct stat st;
    struct termios t;
    int bad = 500;
    R(read(bad, b, 1));
    R(write(bad, b, 1));
    R(pread(bad, b, 1, 0));
    R(lseek(bad, 0, SEEK_SET));
    R(fstat(bad, &st));
    R(fsync(bad));
    R(ftruncate(bad, 0));
    R(fchmod(bad, 0));
    R(fchdir(bad));
    R(ioctl(bad, FIONREAD, b));
    R(dup(bad));
    R(close(bad));
    R(mmap(NULL, PAGE, PROT_READ, MAP_SHARED, bad, 0));
    R(syscall(SYS_getdents64, bad, b, 64));
    R(syscall(5000));
    R(syscall(244));
    R(syscall(-1));

    int null = P(open("/dev/null", O_RDWR)), zero = P(open("/dev/zero", O_RDWR));
    int full = P(open("/dev/full", O_RDWR)), ur = P(open("/dev/urandom", O_RDONLY));
    R(read(null, b, 10));
    R(write(null, b, 10));
    R(write(null, (void *)16, 10));
    memset(b, 1, sizeof b);
    R(read(zero, b, 10));
    printf("%d %d\n", b[9], b[10]);
    R(read(zero, (void *)16, 10));
    R(write(zero, b, 10));
    R(read(full, b, 10));
    R(write(full, b, 10));
    R(read(ur, b, 64));
    R(lseek(null, 100, SEEK_SET));
    R(ftruncate(null, 0));
    R(ioctl(null, TCGETS, &t));
    R(isatty(null));
    int fd = open("f", O_RDWR | O_CREAT, 0644), p[2];
    R(ioctl(fd, TCGETS, &t));
    R(ioctl(fd, 0x12345678, &t));
    pipe(p);
    R(ioctl(p[0], TCGETS, &t));
    int n = -1;
    R(write(p[1], "abc", 3));
    R(ioctl(p[0], FIONREAD, &n));
    printf("%d\n", n);
    n = 1;
    R(ioctl(p[0], FIONBIO, &n));
    R(fcntl(p[0], F_GETFL) & O_NONBLOCK ? 1 : 0);
    R(ioctl(fd, FIOCLEX));
    R(fcntl(fd, F_GETFD));
    R(ioctl(fd, FIONCLEX));
    R(fcntl(fd, F_GETFD));
    R(mknod("mynull", S_IFCHR | 0666, st.st_rdev = 0x103));
    int mine = P(open("mynull", O_RDWR));
    R(read(mine, b, 1));
    R(mknod("nodev", S_IFCHR | 0666, 0xfe77));
    R(open("nodev", O_RDWR));
    return 0;
}
