/* SPDX-License-Identifier: MIT */
/*
 * The vDSO: a small shared object that the kernel maps into every process. It holds the signal
 * return, and the clock calls that need no system call: the page before it (struct vvar,
 * kernel/proc/vvar.h) says how the time CSR becomes nanoseconds.
 *
 * __vdso_rt_sigreturn is in vdso_sigreturn.S and is the image's entry point, so that the kernel
 * finds it in the ELF header.
 */
#include <asm/unistd.h>
#include <linux/errno.h>
#include <linux/time.h>
#include <linux/time_types.h>
#include <proc/vvar.h>

#define NSEC 1000000000L

extern const struct vvar vvar __attribute__((visibility("hidden")));

int __vdso_clock_gettime(int clock, struct __kernel_timespec *ts);
int __vdso_gettimeofday(struct __kernel_old_timeval *tv, struct timezone *tz);
int __vdso_clock_getres(int clock, struct __kernel_timespec *ts);
int __vdso_getcpu(unsigned *cpu, unsigned *node, void *unused);
int __vdso_flush_icache(void *start, void *end, unsigned long flags);

static long syscall3(long nr, long a, long b, long c)
{
    register long a7 __asm__("a7") = nr;
    register long a0 __asm__("a0") = a;
    register long a1 __asm__("a1") = b;
    register long a2 __asm__("a2") = c;

    __asm__ volatile("ecall" : "+r"(a0) : "r"(a1), "r"(a2), "r"(a7) : "memory");
    return a0;
}

static long monotonic(void)
{
    unsigned long ticks;

    __asm__ volatile("rdtime %0" : "=r"(ticks));
    return (long)(((unsigned __int128)(ticks - vvar.boot_ticks) * vvar.mult) >> 32);
}

static long realtime(void)
{
    return monotonic() + __atomic_load_n(&vvar.realtime_offset, __ATOMIC_RELAXED);
}

int __vdso_clock_gettime(int clock, struct __kernel_timespec *ts)
{
    long now;

    switch (clock) {
    case CLOCK_REALTIME:
    case CLOCK_REALTIME_COARSE:
        now = realtime();
        break;
    case CLOCK_MONOTONIC:
    case CLOCK_MONOTONIC_RAW:
    case CLOCK_MONOTONIC_COARSE:
    case CLOCK_BOOTTIME:
        now = monotonic();
        break;
    default:
        return (int)syscall3(__NR_clock_gettime, clock, (long)ts, 0);
    }
    ts->tv_sec = now / NSEC;
    ts->tv_nsec = now % NSEC;
    return 0;
}

int __vdso_gettimeofday(struct __kernel_old_timeval *tv, struct timezone *tz)
{
    if (tz)
        return (int)syscall3(__NR_gettimeofday, (long)tv, (long)tz, 0);
    if (tv) {
        long now = realtime();

        tv->tv_sec = now / NSEC;
        tv->tv_usec = now % NSEC / 1000;
    }
    return 0;
}

int __vdso_clock_getres(int clock, struct __kernel_timespec *ts)
{
    return (int)syscall3(__NR_clock_getres, clock, (long)ts, 0);
}

int __vdso_getcpu(unsigned *cpu, unsigned *node, void *unused)
{
    return (int)syscall3(__NR_getcpu, (long)cpu, (long)node, (long)unused);
}

int __vdso_flush_icache(void *start, void *end, unsigned long flags)
{
    return (int)syscall3(__NR_riscv_flush_icache, (long)start, (long)end, (long)flags);
}
