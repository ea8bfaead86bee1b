/* SPDX-License-Identifier: MIT */
/*
 * Spinlocks, out of line: debug builds' bookkeeping.
 *
 * A hart's held[] lists its spinlocks, innermost last. It belongs to the hart, not to the
 * thread: the scheduler takes its lock in one thread and releases it in the next.
 */
#include <arch/riscv/csr.h>
#include <arch/riscv/hart.h>
#include <arch/riscv/time.h>
#include <debug/assert.h>
#include <debug/power.h>
#include <sync/lockdep.h>
#include <sync/spinlock.h>

#ifndef DEBUG
bool spin_trylock(struct spinlock *lock)
{
    return !__atomic_exchange_n(&lock->locked, 1, __ATOMIC_ACQUIRE);
}

#else
#define STUCK_AFTER (30 * NSEC_PER_SEC)
#define NO_HART     (~0u)

void spin_init(struct spinlock *lock, const char *name)
{
    *lock =
        (struct spinlock){.name = name, .class = lock_class_of(name), .holder_hart = NO_HART};
}

bool spin_is_held(const struct spinlock *lock)
{
    return __atomic_load_n(&lock->locked, __ATOMIC_RELAXED) && lock->holder_hart == mycpu()->id;
}

static void check_before(struct spinlock *lock, bool may_nest_in_class)
{
    struct hart *h = mycpu();
    if (!lock->class)
        lock->class = lock_class_of(lock->name ? lock->name : "unnamed lock");
    if (spin_is_held(lock))
        panic("%s (%p) is taken twice by hart %u", lock->name, (void *)lock, h->id);
    lockdep_irq_use(lock->class, irq_is_enabled(), h->in_interrupt);
    for (u32 i = 0; i < h->n_held; i++) {
        if (h->held[i]->class == lock->class && !may_nest_in_class)
            panic("LOCK-2: two locks of class %s: %p and %p", lock->name, (void *)h->held[i],
                  (void *)lock);
        lockdep_order(h->held[i]->class, lock->class);
    }
}

static void note_taken(struct spinlock *lock, void *where)
{
    struct hart *h = mycpu();
    lock->holder_hart = h->id;
    lock->taken_at = where;
    assert_msg(h->n_held < ARRAY_SIZE(h->held), "hart %u", h->id);
    h->held[h->n_held++] = lock;
}

static void wait_for(struct spinlock *lock)
{
    u64 give_up = time_ticks() + nsec_to_ticks(STUCK_AFTER);
    while (__atomic_exchange_n(&lock->locked, 1, __ATOMIC_ACQUIRE)) {
        machine_pause_in_spin();
        if (time_ticks() > give_up)
            panic("%s (%p) is held for ever by hart %u, taken at %p", lock->name, (void *)lock,
                  lock->holder_hart, lock->taken_at);
    }
}

static void take(struct spinlock *lock, bool may_nest_in_class, void *where)
{
    check_before(lock, may_nest_in_class);
    wait_for(lock);
    note_taken(lock, where);
}

/* An interrupt between the bookkeeping's steps would see half of it. */
void spin_lock(struct spinlock *lock)
{
    if (irq_is_enabled())
        check_before(lock, false); /* once with the true state, for LOCK-3 */
    u64 irq = irq_save();
    take(lock, false, __builtin_return_address(0));
    irq_restore(irq);
}

bool spin_trylock(struct spinlock *lock)
{
    u64 irq = irq_save();
    bool taken = !__atomic_exchange_n(&lock->locked, 1, __ATOMIC_ACQUIRE);
    if (taken)
        note_taken(lock, __builtin_return_address(0));
    irq_restore(irq);
    return taken;
}

void spin_unlock(struct spinlock *lock)
{
    u64 irq = irq_save();
    struct hart *h = mycpu();
    if (!spin_is_held(lock))
        panic("%s (%p) is released by hart %u, which does not hold it", lock->name,
              (void *)lock, h->id);
    u32 i = h->n_held;
    while (h->held[--i] != lock)
        ;
    for (; i + 1 < h->n_held; i++)
        h->held[i] = h->held[i + 1];
    h->n_held--;
    lock->holder_hart = NO_HART; /* whoever takes it next has not written his number yet */
    __atomic_store_n(&lock->locked, 0, __ATOMIC_RELEASE);
    irq_restore(irq);
}

u64 spin_lock_irqsave(struct spinlock *lock)
{
    u64 state = irq_save();
    take(lock, false, __builtin_return_address(0));
    return state;
}

void spin_unlock_irqrestore(struct spinlock *lock, u64 state)
{
    spin_unlock(lock);
    irq_restore(state);
}

void assert_may_sleep(void)
{
    struct hart *h = mycpu();
    if (h->in_interrupt)
        panic("LOCK-4: sleeping in an interrupt handler");
    if (h->n_held > 0)
        panic("LOCK-4: sleeping with %s held", h->held[h->n_held - 1]->name);
}
#endif

void spin_lock_pair(struct spinlock *a, struct spinlock *b)
{
    struct spinlock *first = min(a, b), *second = max(a, b);
    spin_lock(first);
    if (second == first)
        return;
#ifdef DEBUG
    u64 irq = irq_save();
    take(second, true, __builtin_return_address(0));
    irq_restore(irq);
#else
    spin_lock(second);
#endif
}
