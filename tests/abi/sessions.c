/* SPDX-License-Identifier: MIT */
/* Process groups and sessions: who may do what; orphaned groups. */
#include "t.h"

static volatile int hup, cont;

static void note(int sig)
{
    if (sig == SIGHUP)
        hup = 1;
    else
        cont = 1;
}

static void errors(void)
{
    R(getpgid(0) == getpgrp());
    R(getsid(0) == getsid(getpid()));
    R(getpgid(999999));
    R(getsid(999999));
    R(getpgid(-1));
    R(setpgid(999999, 0));
    R(setpgid(0, -1));
    R(setpgid(0, 999999));
    R(setpgid(1, 0));
    pid_t pid = fork();
    if (pid == 0) {
        R(setpgid(0, 0));
        printf("leader of a group %d\n", getpgrp() == getpid());
        R(setsid());
        _exit(0);
    }
    t_wait("group leader cannot make a session", pid);
    pid = fork();
    if (pid == 0) {
        R(setsid() == getpid());
        printf("session %d group %d\n", getsid(0) == getpid(), getpgrp() == getpid());
        R(setpgid(0, 0));
        R(setsid());
        R(open("/dev/tty", O_RDWR));
        pid_t child = fork();
        if (child == 0)
            for (;;)
                pause();
        R(setpgid(child, child));
        R(setpgid(child, getpid()));
        R(getsid(child) == getpid());
        kill(child, SIGKILL);
        t_wait("child", child);
        _exit(0);
    }
    t_wait("session leader", pid);
    R(setpgid(pid, pid));
}

static void after_exec(char *self)
{
    int p[2], go[2];
    char c;
    pipe(p);
    pipe(go);
    pid_t pid = fork();
    if (pid == 0) {
        char fd1[8], fd2[8];
        snprintf(fd1, 8, "%d", p[1]);
        snprintf(fd2, 8, "%d", go[0]);
        execl("/proc/self/exe", self, fd1, fd2, NULL);
        _exit(1);
    }
    read(p[0], &c, 1);
    R(setpgid(pid, pid));
    write(go[1], "g", 1);
    t_wait("exec'd child", pid);
    pid_t other = fork();
    if (other == 0) {
        setsid();
        write(p[1], "s", 1);
        read(go[0], &c, 1);
        _exit(0);
    }
    read(p[0], &c, 1);
    R(setpgid(other, getpgrp()));
    R(setpgid(0, other));
    write(go[1], "g", 1);
    t_wait("other session", other);
}

static void orphans(void)
{
    int p[2];
    char b[32] = "";
    pipe(p);
    pid_t middle = fork();
    if (middle == 0) {
        setsid();
        pid_t member = fork();
        if (member == 0) {
            setpgid(0, 0);
            signal(SIGHUP, note);
            signal(SIGCONT, note);
            raise(SIGSTOP);
            t_msleep(5);
            dprintf(p[1], "hup %d cont %d", hup, cont);
            _exit(0);
        }
        int st;
        waitpid(member, &st, WUNTRACED);
        _exit(WIFSTOPPED(st));
    }
    t_wait("middle", middle);
    close(p[1]);
    for (long n = 0, r; (r = read(p[0], b + n, sizeof b - 1 - n)) > 0;)
        n += r;
    printf("newly orphaned stopped group: %s\n", b);
    pid_t pid = fork();
    if (pid == 0) {
        setsid();
        raise(SIGTSTP); /* no effect in an orphaned group */
        raise(SIGTTIN);
        _exit(6);
    }
    t_wait("terminal stops do nothing to an orphaned group", pid);
}

int main(int argc, char **argv)
{
    if (argc > 2) {
        char c;
        write(atoi(argv[1]), "r", 1);
        read(atoi(argv[2]), &c, 1);
        return 3;
    }
    errors();
    after_exec(argv[0]);
    orphans();
}
