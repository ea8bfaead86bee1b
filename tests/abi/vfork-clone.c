/* SPDX-License-Identifier: MIT */
/* vfork and clone: shared memory until exec or exit, the parent waits; flag checks. */
#include "t.h"
#include <linux/sched.h>

static volatile int shared;
static char stack[65536] __attribute__((aligned(16)));

static int child_set(void *arg)
{
    shared = (int)(long)arg;
    return 5;
}

static int child_files(void *arg)
{
    close((int)(long)arg);
    chdir("/");
    return 0;
}

static long raw(unsigned long flags)
{
    long r = syscall(SYS_clone, flags, 0, 0, 0, 0);
    if (r == 0)
        _exit(0);
    if (r > 0)
        waitpid(r, NULL, __WALL);
    return r > 0 ? 1 : r;
}

static void clones(void)
{
    pid_t pid;
    shared = 0;
    pid = clone(child_set, stack + sizeof stack, CLONE_VM | SIGCHLD, (void *)7);
    t_wait("CLONE_VM", pid);
    printf("shared %d\n", shared);
    pid = clone(child_set, stack + sizeof stack, SIGCHLD, (void *)8);
    t_wait("no flags", pid);
    printf("shared %d\n", shared);
    int fd = dup(0);
    pid = clone(child_files, stack + sizeof stack, CLONE_FILES | CLONE_FS | CLONE_VM | SIGCHLD,
                (void *)(long)fd);
    t_wait("CLONE_FILES and CLONE_FS", pid);
    char b[100];
    printf("descriptor %d cwd %s\n", fcntl(fd, F_GETFD), getcwd(b, sizeof b));
    pid = clone(child_set, stack + sizeof stack, CLONE_VM | CLONE_VFORK | SIGCHLD, (void *)9);
    printf("shared %d\n", shared);
    t_wait("CLONE_VFORK", pid);
    pid = clone(child_set, stack + sizeof stack, CLONE_VM, (void *)10);
    R(waitpid(pid, NULL, 0) == -1);
    int st = 0;
    R(waitpid(pid, &st, __WCLONE) == pid);
    t_print_status("no exit signal", st);
    pid_t tid = 0, ptid = 0;
    pid = clone(child_set, stack + sizeof stack,
                CLONE_PARENT_SETTID | CLONE_CHILD_SETTID | CLONE_CHILD_CLEARTID | CLONE_VM |
                    SIGCHLD,
                (void *)11, &ptid, NULL, &tid);
    t_wait("SETTID", pid);
    printf("parent's word %d, child's word cleared %d\n", ptid == pid, tid == 0);

    R(raw(SIGCHLD));
    R(raw(CLONE_THREAD | SIGCHLD));
    R(raw(CLONE_SIGHAND | SIGCHLD));
    R(raw(CLONE_FS | CLONE_NEWNS | SIGCHLD));
    pid = fork();
    if (pid == 0) {
        pid_t mine = getppid();
        pid_t sib = syscall(SYS_clone, CLONE_PARENT | SIGCHLD, 0, 0, 0, 0);
        if (sib == 0)
            _exit(getppid() == mine ? 21 : 22);
        _exit(20);
    }
    int sum = 0;
    for (int i = 0; i < 2; i++) {
        wait(&st);
        sum += WEXITSTATUS(st);
    }
    printf("CLONE_PARENT %d\n", sum);
}

int main(int argc, char **argv __attribute__((unused)))
{
    if (argc > 1)
        return 9;
    pid_t pid = vfork();
    if (pid == 0) {
        shared = 1;
        t_msleep(30);
        shared = 2;
        _exit(3);
    }
    printf("the child ran first, in our memory: %d\n", shared);
    t_wait("vfork child", pid);
    pid = vfork();
    if (pid == 0) {
        execl("/proc/self/exe", "self", "x", NULL);
        _exit(100);
    }
    t_wait("vfork and exec", pid);
    pid = vfork();
    if (pid == 0) {
        execl("/none", "none", NULL);
        shared = errno;
        _exit(100);
    }
    printf("failed exec said %s\n", t_errname(shared));
    t_wait("vfork and failed exec", pid);
    clones();
    return 0;
}
