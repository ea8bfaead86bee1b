/* SPDX-License-Identifier: MIT */
/* Working directory and root: getcwd, chdir, fchdir, chroot, removed directories. */
#include "t.h"

int main(void)
{
    char b[4200], base[200];
    getcwd(base, sizeof base);
    size_t n = strlen(base);
    mkdir("d", 0755);
    mkdir("d/e", 0755);
    R(chdir("d/e"));
    printf("%s\n", getcwd(b, sizeof b) + n);
    R(syscall(SYS_getcwd, b, sizeof b) == (long)n + 5);
    R(syscall(SYS_getcwd, b, 3));
    R(syscall(SYS_getcwd, b, 0));
    R(syscall(SYS_getcwd, (void *)16, 100));
    R(chdir(".."));
    printf("%s\n", getcwd(b, sizeof b) + n);
    R(chdir("none"));
    t_write_file("f", "", 0);
    R(chdir("f"));
    R(chdir(""));
    R(chdir((void *)16));
    int fd = open("e", O_RDONLY | O_DIRECTORY), file = open("f", O_RDONLY);
    R(fchdir(fd));
    printf("%s\n", getcwd(b, sizeof b) + n);
    R(fchdir(file));
    R(fchdir(99));
    symlink("../..", "up");
    R(chdir("up"));
    printf("[%s]\n", getcwd(b, sizeof b) + n);
    mkdir("gone", 0755);
    R(chdir("gone"));
    R(rmdir("../gone"));
    R(syscall(SYS_getcwd, b, sizeof b));
    R(open("x", O_RDWR | O_CREAT, 0644));
    R(mkdir("x", 0755));
    R(access(".", F_OK));
    R(access("..", F_OK));
    R(chdir(".."));
    printf("[%s]\n", getcwd(b, sizeof b) + n);
    mkdir("jail", 0755);
    mkdir("jail/in", 0755);
    t_write_file("jail/here", "j", 1);
    symlink("/here", "jail/abs");
    pid_t pid = fork();
    if (pid == 0) {
        R(chroot("none"));
        R(chroot("d/f"));
        R(chroot("jail"));
        R(chdir("/"));
        printf("%s\n", getcwd(b, sizeof b));
        R(access("/here", F_OK));
        R(access("/proc", F_OK));
        R(access("/../../here", F_OK));
        R(access("/in/../../here", F_OK));
        R(access("abs", R_OK));
        R(chdir("in"));
        printf("%s\n", getcwd(b, sizeof b));
        R(fchdir(fd));
        R(access("../f", F_OK));
        _exit(0);
    }
    t_wait("jail", pid);
    printf("parent is outside %d\n", access("/proc", F_OK) == 0);
    R(rename("d", "d2"));
    R(chdir("d2/e"));
    R(rename("../../d2", "../../d3"));
    printf("%s\n", getcwd(b, sizeof b) + n);
    return 0;
}
