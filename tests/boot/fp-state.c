/* SPDX-License-Identifier: MIT */
/*
 * Floating point registers and fcsr belong to a thread: they survive switches, faults, system
 * calls, signals (whose handlers use them too), fork and migration, with several users per
 * hart.
 */
#include "t.h"

enum { WORKERS = 6, LOOPS = 400 };

static volatile double in_handler;

static void handler(int sig)
{
    double x = sig;
    for (int i = 0; i < 20; i++)
        x = x * 1.5 + 3.25;
    in_handler = x;
    __asm__ volatile(
        "fcvt.d.w ft0, zero\nfcvt.d.w fs0, zero\nfcvt.d.w fs11, zero\nfcvt.d.w fa0, "
        "zero\nfsrmi zero, 2" ::
            : "ft0", "fs0", "fs11", "fa0");
}

/* Fills all registers from n, does something, and compares. */
static void round_trip(long n, int arg)
{
    static __thread double before[32], after[32];
    unsigned long rm = n % 4, rm_after;
    for (int i = 0; i < 32; i++)
        before[i] = n * 100.0 + i;
#define LOAD(i) "fld f" #i ", " #i "*8(%0)\n"
#define SAVE(i) "fsd f" #i ", " #i "*8(%0)\n"
/* clang-format off */
#define ALL(X)                                                          \
    X(0) X(1) X(2) X(3) X(4) X(5) X(6) X(7) X(8) X(9) X(10)             \
    X(11) X(12) X(13) X(14) X(15) X(16) X(17) X(18) X(19) X(20)         \
    X(21) X(22) X(23) X(24) X(25) X(26) X(27) X(28) X(29) X(30) X(31)
    /* clang-format on */
    register double *b __asm__("s2") = before;
    register double *a __asm__("s3") = after;
    register long pid __asm__("s4") = getpid();
    register long kind __asm__("s5") = arg;
    __asm__ volatile("fsrm %0" ::"r"(rm));
    __asm__ volatile(ALL(LOAD)::"r"(b) : "memory");
    register long a0 __asm__("a0") = kind == 2 ? pid : 0;
    register long a1 __asm__("a1") = SIGUSR1;
    register long a7 __asm__("a7") = kind == 2   ? SYS_kill
                                     : kind == 1 ? SYS_sched_yield
                                                 : SYS_getppid;
    __asm__ volatile("ecall" : "+r"(a0) : "r"(a1), "r"(a7) : "memory");
    if (kind == 3) /* long enough to be preempted */
        for (register long i __asm__("s6") = 0; i < 30000; i++)
            __asm__ volatile("" : "+r"(i));
    __asm__ volatile(ALL(SAVE)::"r"(a) : "memory");
    __asm__ volatile("frrm %0" : "=r"(rm_after));
    __asm__ volatile("fsrmi zero, 0");
    CHECK(rm_after == rm, "rounding mode %lu became %lu", rm, rm_after);
    for (int i = 0; i < 32; i++)
        CHECK(before[i] == after[i], "f%d of %ld changed by kind %d", i, n, arg);
}

int main(void)
{
    pid_t pids[WORKERS];
    signal(SIGUSR1, handler);
    for (int w = 0; w < WORKERS; w++)
        if ((pids[w] = t_fork()) == 0) {
            double kept = 1.0 / (w + 3);
            for (long i = 0; i < LOOPS; i++)
                round_trip(w * 10000 + i, i % 4);
            volatile double x = kept;
            pid_t pid = t_fork();
            if (pid == 0)
                _exit(x != 1.0 / (w + 3));
            t_wait_ok(pid);
            _exit(kept != 1.0 / (w + 3));
        }
    for (int w = 0; w < WORKERS; w++)
        t_wait_ok(pids[w]);
    return 0;
}
