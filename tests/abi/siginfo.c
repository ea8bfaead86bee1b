/* SPDX-License-Identifier: MIT */
/* SA_SIGINFO: code, address and sender for faults, kill, tgkill, sigqueue, children, timers. */
#include "t.h"
#include <setjmp.h>
#include <ucontext.h>

static sigjmp_buf env;
static siginfo_t last;
static unsigned long pc;

static void jump(int sig, siginfo_t *si, void *u)
{
    last = *si;
    pc = ((ucontext_t *)u)->uc_mcontext.__gregs[REG_PC];
    siglongjmp(env, sig);
}

static void keep(int sig, siginfo_t *si, void *u)
{
    (void)sig, (void)u;
    last = *si;
}

static void fault(const char *what, int kind, char *p)
{
    volatile char c = 0;
    int sig = sigsetjmp(env, 1);
    if (sig == 0) {
        if (kind == 'r')
            c = *(volatile char *)p;
        else if (kind == 'w')
            *(volatile char *)p = 1;
        else if (kind == 'x')
            ((void (*)(void))p)();
        else if (kind == 'i')
            __asm__ volatile(".word 0");
        else if (kind == 'b')
            __asm__ volatile("ebreak");
        printf("%s: no signal\n", what);
        return;
    }
    (void)c;
    printf("%s: SIG%s code %d address right %d pc at the address %d\n", what, t_signame(sig),
           last.si_code, last.si_addr == p, pc == (unsigned long)p);
}

static void faults(void)
{
    struct sigaction sa = {.sa_sigaction = jump, .sa_flags = SA_SIGINFO};
    sigaction(SIGSEGV, &sa, NULL);
    sigaction(SIGBUS, &sa, NULL);
    sigaction(SIGILL, &sa, NULL);
    sigaction(SIGTRAP, &sa, NULL);
    char *rw = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    char *ro = mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    char *no = mmap(NULL, PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    fault("read unmapped", 'r', (char *)0x1234);
    fault("write unmapped", 'w', (char *)0x1235);
    fault("read kernel half", 'r', (char *)0xffffffd000001000);
    fault("write kernel half", 'w', (char *)0xffffffffffffff00);
    fault("execute unmapped", 'x', (char *)0x2000);
    fault("write read-only", 'w', ro + 10);
    fault("read PROT_NONE", 'r', no + 10);
    fault("write PROT_NONE", 'w', no + 11);
    fault("execute data", 'x', rw + 8);
    fault("write text", 'w', (char *)fault);
    fault("read PROT_NONE again", 'r', no + 4095);
    fault("illegal instruction", 'i', NULL);
    fault("breakpoint", 'b', NULL);
    fault("fine", 'w', rw);
}

static void senders(void)
{
    struct sigaction sa = {.sa_sigaction = keep, .sa_flags = SA_SIGINFO};
    sigaction(SIGUSR1, &sa, NULL);
    sigaction(SIGCHLD, &sa, NULL);
    sigaction(SIGALRM, &sa, NULL);
    kill(getpid(), SIGUSR1);
    printf("kill: code %d pid %d uid %d\n", last.si_code, last.si_pid == getpid(), last.si_uid);
    raise(SIGUSR1);
    printf("raise: code %d pid %d\n", last.si_code, last.si_pid == getpid());
    sigqueue(getpid(), SIGUSR1, (union sigval){.sival_int = 77});
    printf("sigqueue: code %d value %d\n", last.si_code, last.si_value.sival_int);
    memset(&last, 0, sizeof last);
    pid_t pid = fork();
    if (pid == 0)
        _exit(9);
    t_wait("child", pid);
    printf("CHLD: code %d status %d pid %d\n", last.si_code, last.si_status,
           last.si_pid == pid);
    pid = fork();
    if (pid == 0)
        for (;;)
            pause();
    kill(pid, SIGSTOP);
    int st;
    waitpid(pid, &st, WUNTRACED);
    printf("CHLD: code %d status %d\n", last.si_code, last.si_status);
    kill(pid, SIGKILL);
    t_wait("child", pid);
    printf("CHLD: code %d status %d\n", last.si_code, last.si_status);
    ualarm(100000, 0);
    pause();
    printf("ALRM: code %d\n", last.si_code);
    siginfo_t forged = {.si_signo = SIGUSR1, .si_code = SI_USER};
    R(syscall(SYS_rt_sigqueueinfo, getpid(), SIGUSR1, &forged));
    forged.si_code = SI_QUEUE;
    R(syscall(SYS_rt_sigqueueinfo, getppid(), 0, &forged));
}

int main(void)
{
    faults();
    senders();
}
