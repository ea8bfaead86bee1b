/* SPDX-License-Identifier: MIT */
/* The alternate signal stack, nesting, the context of a handler, return values. */
#include "t.h"
#include <setjmp.h>
#include <ucontext.h>

static char alt[65536] __attribute__((aligned(16)));
static volatile int on_alt;
static sigjmp_buf env;

static int inside(const void *p)
{
    return (char *)p >= alt && (char *)p < alt + sizeof alt;
}

static void where(int sig)
{
    int here;
    stack_t ss, other = {alt, 0, sizeof alt};
    (void)sig;
    on_alt = inside(&here);
    sigaltstack(NULL, &ss);
    printf("on the alternate stack %d, flags ONSTACK %d\n", on_alt,
           !!(ss.ss_flags & SS_ONSTACK));
    if (on_alt)
        R(sigaltstack(&other, NULL));
}

static void overflow(int sig)
{
    int here;
    printf("overflow caught: SIG%s on alternate %d\n", t_signame(sig), inside(&here));
    siglongjmp(env, 1);
}

#pragma GCC diagnostic ignored "-Winfinite-recursion"
#pragma GCC diagnostic ignored "-Wclobbered"
static int __attribute__((noinline)) forever(int n, volatile char *above)
{
    volatile char b[2048];
    b[0] = n + above[0];
    return forever(n + 1, b) + b[1];
}

static void skip(int sig, siginfo_t *si, void *u)
{
    (void)sig, (void)si;
    ucontext_t *uc = u;
    uc->uc_mcontext.__gregs[REG_PC] += 4;
    uc->uc_mcontext.__gregs[10] = 99; /* a0 */
}

static void change_mask(int sig, siginfo_t *si, void *u)
{
    (void)sig, (void)si;
    sigaddset(&((ucontext_t *)u)->uc_sigmask, SIGHUP);
}

int main(void)
{
    stack_t ss = {alt, 0, sizeof alt}, old;
    R(sigaltstack(NULL, &old));
    printf("disabled at first %d\n", old.ss_flags == SS_DISABLE);
    R(sigaltstack(&ss, NULL));
    R(sigaltstack(NULL, &old));
    printf("%d %d %zu\n", old.ss_sp == alt, old.ss_flags, old.ss_size);
    stack_t small = {alt, 0, 100}, bad = {alt, 0x40, sizeof alt};
    R(sigaltstack(&small, NULL));
    R(sigaltstack(&bad, NULL));
    R(sigaltstack((void *)16, NULL));
    struct sigaction sa = {.sa_handler = where};
    sigaction(SIGUSR1, &sa, NULL);
    raise(SIGUSR1);
    sa.sa_flags = SA_ONSTACK;
    sigaction(SIGUSR1, &sa, NULL);
    raise(SIGUSR1);
    sa.sa_handler = overflow;
    sigaction(SIGSEGV, &sa, NULL);
    if (sigsetjmp(env, 1) == 0)
        forever(0, "");
    IN_CHILD("overflow without a stack to run on", stack_t off = {.ss_flags = SS_DISABLE};
             sigaltstack(&off, NULL); forever(0, ""));
    struct sigaction ctx = {.sa_sigaction = skip, .sa_flags = SA_SIGINFO};
    sigaction(SIGTRAP, &ctx, NULL);
    register long a0 __asm__("a0") = 1;
    __asm__ volatile(".option push\n.option norvc\nebreak\n.option pop" : "+r"(a0));
    long result = a0;
    printf("registers written by the handler %ld\n", result);
    ctx.sa_sigaction = change_mask;
    sigaction(SIGUSR2, &ctx, NULL);
    raise(SIGUSR2);
    sigset_t now;
    sigprocmask(SIG_BLOCK, NULL, &now);
    printf("mask written by the handler %d\n", sigismember(&now, SIGHUP));
    IN_CHILD("alternate stack is inherited", stack_t s; sigaltstack(NULL, &s);
             _exit(s.ss_sp == alt));
    ss.ss_flags = SS_DISABLE;
    R(sigaltstack(&ss, NULL));
    return 0;
}
