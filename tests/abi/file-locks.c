/* SPDX-License-Identifier: MIT */
/* flock and record locks: who is refused, who is asked. */
#include "t.h"
#include <sys/file.h>

int main(void)
{
    int fd = open("f", O_RDWR | O_CREAT, 0644);
    R(flock(fd, LOCK_EX));
    int other = open("f", O_RDWR);
    R(flock(other, LOCK_EX | LOCK_NB));
    R(flock(other, LOCK_SH | LOCK_NB));
    R(flock(fd, LOCK_UN));
    R(flock(other, LOCK_EX | LOCK_NB));
    struct flock l = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = 0, .l_len = 10};
    R(fcntl(fd, F_SETLK, &l));
    pid_t pid = fork();
    if (pid == 0) {
        R(fcntl(fd, F_SETLK, &l));
        R(fcntl(fd, F_GETLK, &l));
        printf("holder is the parent %d\n", l.l_pid == getppid());
        l = (struct flock){.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = 10, .l_len = 5};
        R(fcntl(fd, F_SETLK, &l));
        _exit(0);
    }
    t_wait("child", pid);
    IN_CHILD("locks are not inherited", _exit(fcntl(fd, F_SETLK, &l) < 0));
    R(close(open("f", O_RDONLY)));
    IN_CHILD("any close drops record locks", _exit(fcntl(fd, F_SETLK, &l) < 0));
    struct flock o = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    R(fcntl(fd, F_OFD_SETLK, &o));
    R(fcntl(other, F_OFD_SETLK, &o));
    o.l_type = F_UNLCK;
    R(fcntl(fd, F_OFD_SETLK, &o));
    o.l_type = F_WRLCK;
    R(fcntl(other, F_OFD_SETLK, &o));
    return 0;
}
