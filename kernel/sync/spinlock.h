/* SPDX-License-Identifier: MIT */
/*
 * Spinlocks.
 *
 * A lock is either taken with interrupts off everywhere (the _irqsave pair; locks that
 * interrupt handlers take) or never in an interrupt handler (plain pair). Debug builds remember
 * who took a lock and where, check the order of lock classes (sync/lockdep.c), that the same
 * class of use is kept, and that nobody sleeps or takes a user fault while holding one.
 *
 * Release builds: taking a free lock is one atomic instruction and a branch, in line.
 */
#pragma once

#include <arch/riscv/csr.h>
#include <arch/riscv/spin.h>
#include <lib/types.h>

struct thread;
struct lock_class; /* one per name */

#ifdef DEBUG
struct spinlock {
    u32 locked;      /* atomic: 0 free, 1 taken */
    u32 holder_hart; /* valid while locked */
    struct lock_class *class;
    const char *name;
    void *taken_at; /* return address */
};

#define SPINLOCK_INIT(lock_name)                \
    {                                           \
        .name = (lock_name), .holder_hart = ~0u \
    }

void spin_init(struct spinlock *lock, const char *name);
void spin_lock(struct spinlock *lock);
void spin_unlock(struct spinlock *lock);
/* Returns the interrupt state to give back. */
u64 must_check spin_lock_irqsave(struct spinlock *lock);
void spin_unlock_irqrestore(struct spinlock *lock, u64 state);
/* Does this hart hold it? For assertions only: always true in release builds. */
bool spin_is_held(const struct spinlock *lock);
/* Panics unless this hart holds no spinlock (debug builds; empty in release). */
void assert_may_sleep(void);

#else
struct spinlock {
    u64 locked; /* atomic: 0 free, 1 taken; as wide as a register, whose sign nobody extends */
};

#define SPINLOCK_INIT(lock_name) \
    {                            \
        0                        \
    }

static always_inline void spin_init(struct spinlock *lock, const char *name)
{
    (void)name;
    lock->locked = 0;
}

static always_inline void spin_lock(struct spinlock *lock)
{
    while (unlikely(__atomic_exchange_n(&lock->locked, 1, __ATOMIC_ACQUIRE)))
        spin_wait(&lock->locked);
}

static always_inline void spin_unlock(struct spinlock *lock)
{
    __atomic_store_n(&lock->locked, 0, __ATOMIC_RELEASE);
}

static always_inline u64 must_check spin_lock_irqsave(struct spinlock *lock)
{
    u64 state = irq_save();
    spin_lock(lock);
    return state;
}

static always_inline void spin_unlock_irqrestore(struct spinlock *lock, u64 state)
{
    spin_unlock(lock);
    irq_restore(state);
}

static always_inline bool spin_is_held(const struct spinlock *lock)
{
    (void)lock;
    return true;
}

static always_inline void assert_may_sleep(void)
{
}
#endif

/* Takes it if it is free. */
bool must_check spin_trylock(struct spinlock *lock);
/* Two locks of one class, in address order. */
void spin_lock_pair(struct spinlock *a, struct spinlock *b);
