/* SPDX-License-Identifier: MIT */
/* wait4 and waitid: every kind of status, options, who is waited for. */
#include "t.h"
#include <sys/resource.h>

static pid_t start(int how)
{
    pid_t pid = fork();
    if (pid == 0) {
        if (how < 0)
            raise(-how);
        if (how == 1000)
            for (;;)
                pause();
        _exit(how);
    }
    return pid;
}

static void info(const char *what, idtype_t type, id_t id, int options)
{
    siginfo_t si;
    memset(&si, 0, sizeof si);
    errno = 0;
    int r = waitid(type, id, &si, options);
    static const char *codes[] = {"none",    "EXITED",  "KILLED",   "DUMPED",
                                  "TRAPPED", "STOPPED", "CONTINUED"};
    printf("%s: %d %s code %s status %d pid known %d signo %s\n", what, r,
           r ? t_errname(errno) : "", codes[si.si_code % 7], si.si_status, si.si_pid != 0,
           si.si_signo ? t_signame(si.si_signo) : "0");
}

static void statuses(void)
{
    t_wait("exit 0", start(0));
    t_wait("exit 255", start(255));
    t_wait("exit 256 + 3", start(256 + 3));
    t_wait("SIGKILL", start(-SIGKILL));
    t_wait("SIGTERM", start(-SIGTERM));
    t_wait("SIGABRT", start(-SIGABRT));
    t_wait("SIGUSR1", start(-SIGUSR1));
    t_wait("real-time", start(-SIGRTMIN));
}

static void stopping(void)
{
    int st;
    pid_t pid = start(1000);
    R(waitpid(pid, &st, WNOHANG));
    kill(pid, SIGSTOP);
    R(waitpid(pid, &st, WUNTRACED) == pid);
    t_print_status("stopped", st);
    R(waitpid(pid, &st, WUNTRACED | WNOHANG));
    kill(pid, SIGTERM);
    R(waitpid(pid, &st, WUNTRACED | WNOHANG));
    kill(pid, SIGSTOP);
    kill(pid, SIGCONT);
    R(waitpid(pid, &st, 0) == pid);
    t_print_status("killed once continued", st);
    pid = start(1000);
    kill(pid, SIGSTOP);
    waitpid(pid, &st, WUNTRACED);
    kill(pid, SIGCONT);
    R(waitpid(pid, &st, WCONTINUED) == pid);
    t_print_status("continued", st);
    R(waitpid(pid, &st, WCONTINUED | WNOHANG));
    kill(pid, SIGSTOP);
    info("stopped, left", P_PID, pid, WSTOPPED | WNOWAIT);
    info("stopped", P_PID, pid, WSTOPPED);
    kill(pid, SIGKILL);
    t_wait("killed while stopped", pid);
}

static void by_waitid(void)
{
    pid_t pid = start(42);
    info("left", P_PID, pid, WEXITED | WNOWAIT);
    info("left again", P_ALL, 0, WEXITED | WNOWAIT);
    info("taken", P_PID, pid, WEXITED);
    info("gone", P_PID, pid, WEXITED);
    pid = start(-SIGKILL);
    info("killed", P_PID, pid, WEXITED);
    pid = start(1000);
    info("running", P_PID, pid, WEXITED | WNOHANG);
    info("no option", P_PID, pid, 0);
    info("wrong option", P_PID, pid, 0x100 | WEXITED);
    info("wrong type", 77, pid, WEXITED);
    kill(pid, SIGKILL);
    R(waitid(P_PID, pid, NULL, WEXITED));
}

static void groups(void)
{
    pid_t a = fork();
    if (a == 0) {
        setpgid(0, 0);
        t_msleep(30);
        _exit(1);
    }
    setpgid(a, a);
    pid_t b = fork();
    if (b == 0)
        _exit(2);
    int st;
    R(waitpid(0, &st, 0) == b);
    t_print_status("of our group", st);
    R(waitpid(0, &st, 0));
    R(waitpid(-a, &st, 0) == a);
    t_print_status("of its group", st);
    R(waitpid(-1, &st, 0));
    R(waitpid(1, &st, 0));
    R(waitpid(getpid(), &st, 0));
    R(waitpid(-1, &st, WNOHANG));
    R(waitpid(-1, &st, 0x4000));
}

static void usage(void)
{
    struct rusage ru;
    memset(&ru, 0xff, sizeof ru);
    pid_t pid = fork();
    if (pid == 0) {
        for (volatile int i = 0; i < 3000000; i++)
            ;
        _exit(0);
    }
    R(wait4(pid, NULL, 0, &ru) == pid);
    printf("user time counted %d\n", ru.ru_utime.tv_sec == 0 && ru.ru_utime.tv_usec >= 0);
    R(wait4(start(0), (int *)16, 0, NULL));
    R(wait4(start(0), NULL, 0, (struct rusage *)16));
    while (wait(NULL) > 0)
        ;
}

static void ignored_children(void)
{
    signal(SIGCHLD, SIG_IGN);
    start(1);
    R(wait(NULL));
    struct sigaction sa = {.sa_handler = SIG_DFL, .sa_flags = SA_NOCLDWAIT};
    sigaction(SIGCHLD, &sa, NULL);
    start(1);
    R(wait(NULL));
}

int main(void)
{
    statuses();
    stopping();
    by_waitid();
    groups();
    usage();
    ignored_children();
}
