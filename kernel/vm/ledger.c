/* SPDX-License-Identifier: MIT */
/*
 * The TLB ledger of debug builds: for each address space, which translations were taken away
 * and by which harts they may still be cached. See tlb.h for when it is asked.
 *
 * An entry belongs to the thread that revoked; that thread must flush before it drops the frame
 * or returns. Entries that touch are joined; when the ledger is full the last entry is widened,
 * which can only make it stricter.
 *
 * Lock: ledger->lock, innermost but for the log; interrupts are off, because the scheduler asks
 * for it when it loads an address space.
 */
#ifdef DEBUG
#include <arch/riscv/hart.h>
#include <debug/assert.h>
#include <mem/cache.h>
#include <vm/internal.h>
#include <vm/tlb.h>

#define LEDGER_ENTRIES 32

struct ledger_entry {
    vaddr_t start, end;
    u64 harts; /* may still cache it; 0: free */
    struct thread *owner;
};

struct ledger {
    struct spinlock lock;
    struct ledger_entry entries[LEDGER_ENTRIES];
};

void ledger_create(struct aspace *as)
{
    /* an address space without a ledger is only watched less */
    as->ledger = mem_zalloc(sizeof(struct ledger));
    if (as->ledger)
        spin_init(&as->ledger->lock, "tlb ledger");
}

void ledger_destroy(struct aspace *as)
{
    mem_free(as->ledger);
}

static struct ledger_entry *entry_for(struct ledger *ledger, vaddr_t start, vaddr_t end)
{
    struct ledger_entry *free = NULL, *own = NULL;

    for (unsigned i = 0; i < LEDGER_ENTRIES; i++) {
        struct ledger_entry *e = &ledger->entries[i];
        if (!e->harts) {
            free = e;
            continue;
        }
        if (e->owner != current)
            continue;
        own = e;
        if (start <= e->end && e->start <= end)
            return e;
    }
    return free ? free : own;
}

void ledger_revoke(struct aspace *as, vaddr_t start, vaddr_t end)
{
    u64 harts = __atomic_load_n(&as->harts_active, __ATOMIC_RELAXED) |
                __atomic_load_n(&as->harts_cached, __ATOMIC_RELAXED);

    if (!as->ledger || !harts)
        return;
    u64 state = spin_lock_irqsave(&as->ledger->lock);
    struct ledger_entry *e = entry_for(as->ledger, start, end);
    if (e && !e->harts)
        *e = (struct ledger_entry){start, end, harts, current};
    else if (e)
        *e = (struct ledger_entry){min(start, e->start), max(end, e->end), e->harts | harts,
                                   current};
    spin_unlock_irqrestore(&as->ledger->lock, state);
}

void ledger_flushed(struct aspace *as, u64 harts_mask, vaddr_t start, vaddr_t end)
{
    if (!as->ledger)
        return;
    u64 state = spin_lock_irqsave(&as->ledger->lock);
    for (unsigned i = 0; i < LEDGER_ENTRIES; i++) {
        struct ledger_entry *e = &as->ledger->entries[i];
        if (e->harts && start <= e->start && end >= e->end)
            e->harts &= ~harts_mask;
    }
    spin_unlock_irqrestore(&as->ledger->lock, state);
}

void ledger_check(struct aspace *as, const char *where)
{
    if (!as->ledger)
        return;
    u64 state = spin_lock_irqsave(&as->ledger->lock);
    for (unsigned i = 0; i < LEDGER_ENTRIES; i++) {
        const struct ledger_entry *e = &as->ledger->entries[i];
        if (e->harts && e->owner == current)
            panic("TLB ledger: %lx-%lx revoked and not flushed on harts %lx, %s", e->start,
                  e->end, e->harts, where);
    }
    spin_unlock_irqrestore(&as->ledger->lock, state);
}
#endif
