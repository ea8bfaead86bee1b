/* SPDX-License-Identifier: MIT */
/*
 * What the measurements have in common: time, the calls measured, and how a figure is told.
 *
 * A figure is one line on the console:
 *
 *     bench NAME VALUE UNIT        e.g. "bench null-call 103 instructions"
 *     bench NAME none REASON       it was tried and did not work, or could not
 *     bench-now NAME               this one is under way
 */
#ifndef BENCH_BENCH_H
#define BENCH_BENCH_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define PAGE 4096ul
#define MIB  (1ul << 20)

enum {
    TICK = 100, /* instructions from one value of rdtime to the next */
    MAX_NAMES = 6,
};

/* One worker process: what it measures, on how much touched memory, as what names. */
struct measure {
    const char *names[MAX_NAMES];
    void (*run)(const struct measure *m);
    size_t mib;
};

static inline uint64_t now(void)
{
    uint64_t t;
    __asm__ volatile("rdtime %0" : "=r"(t)::"memory");
    return t * TICK;
}

static inline long syscall1(long n, long a0)
{
    register long r __asm__("a0") = a0;
    register long nr __asm__("a7") = n;
    __asm__ volatile("ecall" : "+r"(r) : "r"(nr) : "memory");
    return r;
}

/* bench.c */
int wanted(const char *name);
void say(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void report(const char *name, uint64_t total, uint64_t count);
void report_print(void);
void report_value(const char *name, double value, const char *unit);
void report_none(const char *name, const char *why);
void repeat(const char *name, void (*once)(const char *name));
void fatal(const char *what) __attribute__((noreturn));
void settle(void);

/* bench.c: what several measurements do */
pid_t raw_fork(void);
char *map(size_t bytes);
void touch(volatile char *p, size_t bytes);
uint64_t touch_cost(volatile char *p, size_t pages);
pid_t child_waiting(int *release);
void child_release(pid_t pid, int release);

/* calls.c: system calls, faults, pipes, programs */
void null_call(const struct measure *m);
void fault_zero(const struct measure *m);
void fault_copy(const struct measure *m);
void fault_sole(const struct measure *m);
void mmap_munmap(const struct measure *m);
void pipe_pingpong(const struct measure *m);
void pipe_kib(const struct measure *m);
void context_switch(const struct measure *m);
void fork_exec(const struct measure *m);
void vfork_exec(const struct measure *m);
void spawn(const struct measure *m);

/* fork.c: fork over the size of the process, and what both sides pay afterwards */
void fork_size(const struct measure *m);
void child_read(const struct measure *m);
void child_write(const struct measure *m);
void parent_write(const struct measure *m);
void parent_worst(const struct measure *m);
void snapshot(const struct measure *m);

/* density.c: when a page table is worth sharing */
void density(const struct measure *m);

/* memory.c: what children that do nothing weigh */
void idle_few(const char *name);
void idle_many(const struct measure *m);

/* harts.c: fork on several harts at once */
void fork_harts(const struct measure *m);

#endif
