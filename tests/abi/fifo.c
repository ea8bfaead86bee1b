/* SPDX-License-Identifier: MIT */
/* Named pipes: who waits for whom, O_NONBLOCK, end of file, unlinked while open. */
#include "t.h"

int main(void)
{
    char b[16] = "";
    R(mkfifo("p", 0644));
    R(mkfifo("p", 0644));
    R(open("p", O_WRONLY | O_NONBLOCK));
    int rd = P(open("p", O_RDONLY | O_NONBLOCK));
    R(read(rd, b, 1));
    int wr = P(open("p", O_WRONLY | O_NONBLOCK));
    R(read(rd, b, 1));
    R(write(wr, "hi", 2));
    R(read(rd, b, 10));
    R(close(wr));
    R(read(rd, b, 1));
    R(close(rd));
    int rw = P(open("p", O_RDWR));
    R(write(rw, "self", 4));
    R(read(rw, b, 10));
    R(close(rw));
    pid_t pid = fork();
    if (pid == 0) {
        int fd = open("p", O_WRONLY);
        write(fd, "from child", 10);
        _exit(0);
    }
    int fd = P(open("p", O_RDONLY));
    memset(b, 0, sizeof b);
    R(read(fd, b, sizeof b));
    puts(b);
    t_wait("writer", pid);
    R(read(fd, b, 1));
    close(fd);
    pid = fork();
    if (pid == 0) {
        fd = open("p", O_RDONLY);
        long n = 0, r;
        while ((r = read(fd, b, sizeof b)) > 0)
            n += r;
        _exit(n);
    }
    fd = P(open("p", O_WRONLY));
    R(unlink("p"));
    R(write(fd, "1234567", 7));
    R(close(fd));
    t_wait("reader", pid);
    R(open("p", O_RDONLY));
    R(mkfifo("q", 0600));
    R(lseek(rw = open("q", O_RDWR), 0, SEEK_SET));
    struct stat st;
    R(fstat(rw, &st));
    printf("mode %o\n", st.st_mode);
    pid = fork();
    if (pid == 0) {
        alarm(1);
        open("q2", O_RDONLY);
        mkfifo("q2", 0600);
        open("q2", O_RDONLY);
        _exit(1);
    }
    t_wait("reader that nobody meets", pid);
    return 0;
}
