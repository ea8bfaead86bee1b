/* SPDX-License-Identifier: MIT */
/* execveat: a script found by a descriptor, or below one; the name that its interpreter gets. */
#include "t.h"

static void run(int dirfd, const char *path, int flags)
{
    char *argv[] = {"zero", "one", NULL}, *envp[] = {NULL};
    pid_t pid = fork();
    if (pid == 0) {
        dup2(dirfd, 9); /* a number that is the same everywhere, and open in the new program */
        if (fcntl(dirfd, F_GETFD) & FD_CLOEXEC)
            fcntl(9, F_SETFD, FD_CLOEXEC);
        syscall(SYS_execveat, 9, path, argv, envp, flags);
        printf("execveat %s\n", t_errname(errno));
        _exit(1);
    }
    t_wait("child", pid);
}

int main(void)
{
    static const char text[] = "#!/bin/echo option\n";
    t_write_file("script", text, sizeof text - 1);
    chmod("script", 0755);
    for (int cloexec = 0; cloexec < 2; cloexec++) {
        int more = cloexec ? O_CLOEXEC : 0;
        int file = open("script", O_RDONLY | more), dir = open(".", O_RDONLY | more);
        run(file, "", AT_EMPTY_PATH);
        run(dir, "script", 0);
        run(dir, "nothing", 0);
        run(dir, "", 0);
        run(file, "script", 0);
        close(file);
        close(dir);
    }
    run(100, "script", 0);
    run(0, "script", 0x4000000);
    return 0;
}
