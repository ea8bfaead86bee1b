/* SPDX-License-Identifier: MIT */
/* Stop and continue: default stops, handlers, ignored stops, SIGCHLD and SA_NOCLDSTOP. */
#include "t.h"

static volatile int chld, conts;

static void on_chld(int sig)
{
    (void)sig;
    chld++;
}

static void on_cont(int sig)
{
    (void)sig;
    conts++;
}

static pid_t sleeper(void)
{
    pid_t pid = fork();
    if (pid == 0) {
        signal(SIGCHLD, SIG_DFL);
        for (;;)
            pause();
    }
    return pid;
}

static void cycle(const char *what, int flags)
{
    int st;
    struct sigaction sa = {.sa_handler = on_chld, .sa_flags = flags | SA_RESTART};
    sigaction(SIGCHLD, &sa, NULL);
    chld = 0;
    pid_t pid = sleeper();
    kill(pid, SIGSTOP);
    waitpid(pid, &st, WUNTRACED);
    t_print_status(what, st);
    t_msleep(20); /* the child itself sends it, when it gets to run */
    printf("SIGCHLD after the stop %d\n", chld);
    kill(pid, SIGCONT);
    waitpid(pid, &st, WCONTINUED);
    t_print_status(what, st);
    t_msleep(20);
    printf("SIGCHLD after the continue %d\n", chld);
    kill(pid, SIGKILL);
    t_wait(what, pid);
    printf("SIGCHLD after the end %d\n", chld);
}

int main(void)
{
    int st;
    cycle("with", 0);
    cycle("NOCLDSTOP", SA_NOCLDSTOP);
    signal(SIGCHLD, SIG_DFL);

    for (int i = 0; i < 3; i++) {
        static const int stops[] = {SIGTSTP, SIGTTIN, SIGTTOU};
        pid_t pid = fork();
        if (pid == 0) {
            setpgid(0, 0);
            raise(stops[i]);
            _exit(i);
        }
        waitpid(pid, &st, WUNTRACED);
        t_print_status("default", st);
        kill(pid, SIGCONT);
        t_wait("then", pid);
    }
    pid_t pid = fork();
    if (pid == 0) {
        signal(SIGTSTP, SIG_IGN);
        raise(SIGTSTP);
        signal(SIGCONT, on_cont);
        raise(SIGSTOP);
        _exit(10 + conts);
    }
    waitpid(pid, &st, WUNTRACED);
    t_print_status("ignored TSTP, then STOP", st);
    kill(pid, SIGCONT);
    t_wait("handler of CONT ran", pid);

    pid = fork();
    if (pid == 0) {
        sigset_t set;
        sigemptyset(&set);
        sigaddset(&set, SIGCONT);
        sigprocmask(SIG_BLOCK, &set, NULL);
        raise(SIGSTOP);
        _exit(5);
    }
    waitpid(pid, &st, WUNTRACED);
    kill(pid, SIGCONT);
    t_wait("a blocked CONT still continues", pid);

    pid = sleeper();
    kill(pid, SIGSTOP);
    waitpid(pid, &st, WUNTRACED);
    kill(pid, SIGUSR1);
    R(waitpid(pid, &st, WNOHANG));
    kill(pid, SIGCONT);
    t_wait("a signal waits for the continue", pid);
    pid = sleeper();
    kill(pid, SIGSTOP);
    kill(pid, SIGKILL);
    t_wait("KILL beats STOP", pid);
    return 0;
}
