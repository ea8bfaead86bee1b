/* SPDX-License-Identifier: MIT */
/*
 * What the files of mem/ know of each other.
 */
#pragma once

#include <arch/riscv/csr.h>
#include <debug/power.h>
#include <lib/types.h>
#include <mem/page.h>

#define JUNK 0xa5 /* what fills free frames and objects in debug builds */

/*
 * The lock of one hart's cache of frames or objects. Nearly always taken by its own hart, so
 * this is smaller and shorter than a spinlock, and not seen by the lock-order checker: order is
 * object caches' hart locks, cache locks, frame caches' hart locks, buddy lock, and no hart
 * takes two of a kind but in order of number.
 */
struct hart_lock {
    u64 locked;
};

/* For the shortest paths, which leave the waiting to a function that is longer anyway. */
static always_inline bool hart_trylock(struct hart_lock *lock)
{
    return likely(__atomic_exchange_n(&lock->locked, 1, __ATOMIC_ACQUIRE) == 0);
}

static inline void hart_lock(struct hart_lock *lock)
{
    while (!hart_trylock(lock))
        machine_pause_in_spin();
}

static always_inline void hart_unlock(struct hart_lock *lock)
{
    __atomic_store_n(&lock->locked, 0, __ATOMIC_RELEASE);
}

/*
 * For a list that may be another hart's. Interrupts stay off until hart_unlock_foreign(), for
 * whoever waits for that list may hold a lock that interrupt handlers want. The list's own hart
 * does not do so, hence a caller with such a lock (interrupts are off) does not wait long.
 * Returns: false if it is not to be had.
 */
static inline bool hart_lock_foreign(struct hart_lock *lock, u64 *irq)
{
    enum { TRIES = 1000 };
    bool may_wait = irq_is_enabled();
    *irq = irq_save();
    for (unsigned n = 0; !hart_trylock(lock); n++) {
        if (!may_wait && n == TRIES) {
            irq_restore(*irq);
            return false;
        }
        machine_pause_in_spin();
    }
    return true;
}

static inline void hart_unlock_foreign(struct hart_lock *lock, u64 irq)
{
    hart_unlock(lock);
    irq_restore(irq);
}

/* For assertions. */
static inline bool hart_is_locked(const struct hart_lock *lock)
{
    return __atomic_load_n(&lock->locked, __ATOMIC_RELAXED);
}

/* Frames [start, end). */
struct span {
    pfn_t start, end;
};

/* boot.c: the next span of RAM, reserved or not, at or after a frame. Returns: false at the
 * end. */
bool mem_next_ram(pfn_t from, struct span *out);

/* page.c: for boot.c */
void pages_init(u64 total_pages, u64 reserved_pages);
void page_free_reserved(struct page *page, unsigned order);

/* cache.c: for boot.c. The caches of mem_alloc(). */
void caches_init(void);

/* cache.c: for page.c. Gives objects in hart caches back to their slabs and empty slabs to the
 * frame allocator. */
void caches_drain(void);

/* page.c: for cache.c and kmap.c. kalloc() for the allocator's own needs: exempt from
 * injection, not zeroed. */
struct page *kalloc_internal(enum page_type type);

/* kmap.c: for kstack.c. Pages of the KMAP window. */

/* Makes sure that a mapping of the page at `va` cannot fail. Returns: 0, -ENOMEM. */
int must_check window_reserve(vaddr_t va);
/* Maps a reserved page to a frame for the kernel to read and write. */
void window_map(vaddr_t va, pfn_t pfn);
/* Unmaps a page that was mapped or only reserved. Puts the frame of RAM that it was mapped to,
 * and a table that became empty, on the list: to be given back after window_end_unmap(). */
void window_unmap(vaddr_t va, struct list_head *frames);
/* All harts forget what was unmapped (KMAP-3). Gives the frames back. */
void window_end_unmap(struct list_head *frames);
/* kstack.c: for kmap.c */
void kstack_init(void);
