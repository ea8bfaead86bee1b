/* SPDX-License-Identifier: MIT */
/*
 * Panic, log, locks, harts and the current thread for native tests.
 */
#include "kernel.h"

#include <arch/riscv/hart.h>
#include <debug/assert.h>
#include <debug/log.h>
#include <debug/power.h>
#include <mem/fail.h>
#include <sched/thread.h>
#include <sync/spinlock.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct hart harts[MAX_HARTS];
u32 n_harts = MAX_HARTS;
u64 harts_online = (1UL << MAX_HARTS) - 1;

static struct thread threads[MAX_HARTS];
_Thread_local struct thread *current = &threads[0];

_Thread_local u32 stub_n_held;
int stub_fail_countdown;
char stub_panic_text[512];
jmp_buf stub_panic_jump;
bool stub_panic_is_caught;

static int *countdown(void)
{
    return &stub_fail_countdown;
}

__attribute__((constructor)) static void harts_init(void)
{
    _Static_assert(offsetof(struct thread, hart) == THREAD_HART_OFFSET, "as mycpu() has it");
    for (u32 i = 0; i < MAX_HARTS; i++) {
        harts[i].id = i;
        harts[i].current = &threads[i];
        threads[i].hart = &harts[i];
        threads[i].tid = i + 1;
    }
    fail_countdown_of_current = countdown;
}

__attribute__((weak)) int *(*fail_countdown_of_current)(void);

void stub_set_hart(u32 id)
{
    current = &threads[id];
}

void panic(const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    vsnprintf(stub_panic_text, sizeof(stub_panic_text), fmt, args);
    va_end(args);
    if (stub_panic_is_caught)
        longjmp(stub_panic_jump, 1);
    fprintf(stderr, "panic: %s\n", stub_panic_text);
    abort();
}

void log_print(int level, const char *fmt, ...)
{
    va_list args;
    if (level > 4 && !getenv("STUB_LOG"))
        return;
    va_start(args, fmt);
    vfprintf(stderr, fmt, args);
    fputc('\n', stderr);
    va_end(args);
}

/* --- locks: without fibers there is one thread of execution, so to wait is a deadlock --- */

void (*stub_point_hook)(void);
void (*stub_linger_hook)(void);
void (*stub_wait_hook)(const char *name);

void stub_point(void)
{
    if (stub_point_hook)
        stub_point_hook();
}

void stub_linger(void)
{
    if (stub_linger_hook)
        stub_linger_hook();
}

void stub_wait(const char *name)
{
    if (!stub_wait_hook)
        panic("deadlock: %s is taken", name);
    stub_wait_hook(name);
}

void machine_pause_in_spin(void)
{
    stub_wait("a hart's cache");
}

/* The allocator's locks are inside hart locks, which really spin: nobody else may run there. */
static bool is_innermost(const struct spinlock *lock)
{
    return strncmp(lock->name, "mem.", 4) == 0;
}

void spin_init(struct spinlock *lock, const char *name)
{
    memset(lock, 0, sizeof(*lock));
    lock->name = name;
}

void spin_lock(struct spinlock *lock)
{
    if (!is_innermost(lock))
        stub_point();
    while (__atomic_exchange_n(&lock->locked, 1, __ATOMIC_ACQUIRE))
        stub_wait(lock->name);
    stub_n_held++;
}

bool spin_trylock(struct spinlock *lock)
{
    if (__atomic_load_n(&lock->locked, __ATOMIC_RELAXED))
        return false;
    spin_lock(lock);
    return true;
}

void spin_unlock(struct spinlock *lock)
{
    if (!spin_is_held(lock))
        panic("%s is not taken", lock->name);
    __atomic_store_n(&lock->locked, 0, __ATOMIC_RELEASE);
    stub_n_held--;
    if (!is_innermost(lock))
        stub_point();
}

u64 spin_lock_irqsave(struct spinlock *lock)
{
    spin_lock(lock);
    return 0;
}

void spin_unlock_irqrestore(struct spinlock *lock, u64 state)
{
    (void)state;
    spin_unlock(lock);
}

bool spin_is_held(const struct spinlock *lock)
{
    return __atomic_load_n(&lock->locked, __ATOMIC_RELAXED);
}

void spin_lock_pair(struct spinlock *a, struct spinlock *b)
{
    spin_lock(a < b ? a : b);
    spin_lock(a < b ? b : a);
}

void assert_may_sleep(void)
{
    if (stub_n_held)
        panic("may not sleep: %u locks are held", stub_n_held);
}

/* Not every C library has these. */
__attribute__((weak)) size_t strlcpy(char *dst, const char *src, size_t size)
{
    size_t n = strlen(src);
    if (size > 0) {
        size_t fits = n < size - 1 ? n : size - 1;
        memcpy(dst, src, fits);
        dst[fits] = '\0';
    }
    return n;
}
