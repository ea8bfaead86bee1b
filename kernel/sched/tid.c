/* SPDX-License-Identifier: MIT */
/*
 * Thread ids: numbers that are not used again before they were given back, and not soon after
 * that either.
 *
 * The search goes on where the last one ended. 1 is for the first user thread.
 *
 * Lock: `tid_lock`, interrupts off: it is also taken under proc_lock, which interrupt handlers
 * take.
 */
#include <debug/assert.h>
#include <lib/bitmap.h>
#include <sched/thread.h>
#include <sync/spinlock.h>

#define FIRST_TID      2
#define FIRST_TID_WRAP 300 /* low numbers look like kernel threads: not twice */

static u64 used[BITMAP_WORDS(TID_MAX)]; /* tid_lock */
static u32 next_tid = FIRST_TID;        /* tid_lock */
static bool first_user_came;            /* tid_lock */
static struct spinlock tid_lock = SPINLOCK_INIT("tid");

static no_inline u32 find_next_locked(void)
{
    u32 tid = bitmap_find_clear(used, TID_MAX, next_tid);
    if (tid == TID_MAX)
        tid = bitmap_find_clear(used, TID_MAX, FIRST_TID_WRAP);
    return tid == TID_MAX ? 0 : tid;
}

static inline u32 take_next_locked(void)
{
    u32 tid = next_tid;
    if (unlikely(bitmap_test(used, tid)))
        tid = find_next_locked();
    if (tid == 0)
        return 0;
    bitmap_set(used, tid);
    next_tid = tid + 1 < TID_MAX ? tid + 1 : FIRST_TID_WRAP;
    return tid;
}

u32 tid_alloc_kernel(void)
{
    u64 irq = spin_lock_irqsave(&tid_lock);
    u32 tid = take_next_locked();
    spin_unlock_irqrestore(&tid_lock, irq);
    return tid;
}

u32 tid_alloc(void)
{
    u32 tid;
    u64 irq = spin_lock_irqsave(&tid_lock);
    if (first_user_came) {
        tid = take_next_locked();
    } else {
        first_user_came = true;
        tid = 1;
        bitmap_set(used, tid);
    }
    spin_unlock_irqrestore(&tid_lock, irq);
    return tid;
}

u32 tid_next_used(u32 from)
{
    u64 irq = spin_lock_irqsave(&tid_lock);
    u32 tid = bitmap_find_set(used, TID_MAX, from);
    spin_unlock_irqrestore(&tid_lock, irq);
    return tid;
}

void tid_free(u32 tid)
{
    if (tid == 0)
        return;
    u64 irq = spin_lock_irqsave(&tid_lock);
    assert_msg(bitmap_test(used, tid), "tid %u", tid);
    bitmap_clear(used, tid);
    spin_unlock_irqrestore(&tid_lock, irq);
}
