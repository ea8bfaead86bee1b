/* SPDX-License-Identifier: MIT */
/* sigaction: handlers, masks, NODEFER, RESETHAND, defaults, wrong arguments. */
#include "t.h"

static volatile int depth, deepest, count;

static void nest(int sig)
{
    count++;
    if (++depth > deepest)
        deepest = depth;
    if (count < 3)
        raise(sig);
    depth--;
}

static void other(int sig)
{
    printf("handler %s\n", t_signame(sig));
}

static void in_mask(int sig)
{
    sigset_t now;
    sigprocmask(SIG_BLOCK, NULL, &now);
    printf("in handler %s: own %d USR2 %d HUP %d\n", t_signame(sig), sigismember(&now, sig),
           sigismember(&now, SIGUSR2), sigismember(&now, SIGHUP));
}

static void flags(void)
{
    struct sigaction sa = {.sa_handler = nest}, old;
    R(sigaction(SIGUSR1, &sa, NULL));
    raise(SIGUSR1);
    printf("without NODEFER: calls %d deepest %d\n", count, deepest);
    count = depth = deepest = 0;
    sa.sa_flags = SA_NODEFER;
    sigaction(SIGUSR1, &sa, &old);
    printf("old flags %x\n", old.sa_flags & ~0x04000000);
    raise(SIGUSR1);
    printf("with NODEFER: calls %d deepest %d\n", count, deepest);
    sa.sa_handler = other;
    sa.sa_flags = SA_RESETHAND;
    sigaction(SIGUSR1, &sa, NULL);
    raise(SIGUSR1);
    sigaction(SIGUSR1, NULL, &old);
    printf("reset %d\n", old.sa_handler == SIG_DFL);
    IN_CHILD("second time", raise(SIGUSR1));
    sa.sa_handler = in_mask;
    sa.sa_flags = 0;
    sigaddset(&sa.sa_mask, SIGUSR2);
    sigaction(SIGUSR1, &sa, NULL);
    raise(SIGUSR1);
    sa.sa_flags = SA_NODEFER;
    sigaction(SIGUSR1, &sa, NULL);
    raise(SIGUSR1);
    sigset_t now;
    sigprocmask(SIG_BLOCK, NULL, &now);
    printf("after: %d %d\n", sigismember(&now, SIGUSR1), sigismember(&now, SIGUSR2));
}

static void wrong(void)
{
    struct sigaction sa = {.sa_handler = other};
    R(sigaction(SIGKILL, &sa, NULL));
    R(sigaction(SIGSTOP, &sa, NULL));
    R(sigaction(0, &sa, NULL));
    R(sigaction(65, &sa, NULL));
    R(sigaction(SIGKILL, NULL, &sa));
    R(syscall(SYS_rt_sigaction, SIGUSR1, NULL, NULL, 4));
    R(syscall(SYS_rt_sigaction, SIGUSR1, (void *)16, NULL, 8));
    R(syscall(SYS_rt_sigaction, SIGUSR1, NULL, (void *)16, 8));
    R(syscall(SYS_rt_sigprocmask, 77, &sa.sa_mask, NULL, 8));
    R(syscall(SYS_rt_sigprocmask, SIG_BLOCK, (void *)16, NULL, 8));
    R(syscall(SYS_rt_sigprocmask, SIG_BLOCK, NULL, NULL, 16));
}

static void defaults(void)
{
    for (int sig = 1; sig < 32; sig++) {
        pid_t pid = fork();
        if (pid == 0) {
            signal(sig, SIG_DFL);
            raise(sig);
            _exit(0);
        }
        int st;
        waitpid(pid, &st, WUNTRACED);
        t_print_status(t_signame(sig), st);
        if (WIFSTOPPED(st)) {
            kill(pid, SIGKILL);
            waitpid(pid, &st, 0);
        }
    }
}

static void unblockable(void)
{
    sigset_t all;
    sigfillset(&all);
    sigprocmask(SIG_SETMASK, &all, NULL);
    sigprocmask(SIG_BLOCK, NULL, &all);
    printf("KILL %d STOP %d TERM %d\n", sigismember(&all, SIGKILL), sigismember(&all, SIGSTOP),
           sigismember(&all, SIGTERM));
    IN_CHILD("blocked fault still kills", *(volatile int *)16 = 1);
    IN_CHILD("blocked abort ends", signal(SIGABRT, SIG_IGN); abort());
    sigemptyset(&all);
    sigprocmask(SIG_SETMASK, &all, NULL);
    signal(SIGSEGV, SIG_IGN);
    IN_CHILD("ignored fault still kills", *(volatile int *)16 = 1);
}

int main(void)
{
    flags();
    wrong();
    defaults();
    unblockable();
}
