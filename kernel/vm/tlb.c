/* SPDX-License-Identifier: MIT */
/*
 * Which harts may cache translations of an address space, and making them forget; see tlb.h.
 *
 * The race between a flush and a hart that is just loading the address space is settled by two
 * masks and a full fence on both sides:
 *
 *   flush:  change entry; harts_cached &= me;  fence; interrupt harts_active
 *   load:   harts_active |= me;  fence; if not in harts_cached: join it, flush own
 *
 * Either the loading hart sees that it was struck off, or the flushing hart sees that it is
 * active. Only a hart itself joins harts_cached, and it does so before it flushes.
 *
 * ASIDs are handed out in ascending order. When the numbers are used up a new generation
 * begins: every hart flushes everything before it loads the first address space of the new
 * generation, so the numbers can be given again.
 */
#include <arch/riscv/csr.h>
#include <arch/riscv/hart.h>
#include <arch/riscv/tlb.h>
#include <debug/assert.h>
#include <mem/kmap.h>
#include <vm/internal.h>
#include <vm/tlb.h>

#define ASID_BITS_MAX 16

static struct spinlock asid_lock = SPINLOCK_INIT("asid");
static u64 asid_generation = 1; /* asid_lock */
static u64 asid_next = 1;       /* asid_lock; 0 is the kernel's */
static u64 asid_limit;          /* set at boot: first number that the hardware cannot hold */

static struct aspace *loaded[MAX_HARTS]; /* owner hart only */
static u64 hart_generation[MAX_HARTS];   /* owner hart only: last generation flushed for */

void asid_init(void)
{
    /* WARL: bits that do not exist read as zero (privileged spec 4.1.11) */
    u64 satp = csr_read(satp);
    csr_write(satp, satp | (SATP_ASID_MASK << SATP_ASID_SHIFT));
    asid_limit = ((csr_read(satp) >> SATP_ASID_SHIFT) & SATP_ASID_MASK) + 1;
    csr_write(satp, satp);
    tlb_flush_all_local();
}

static void icache_catch_up(u32 me);

static u64 asid_number(u64 asid)
{
    return asid & SATP_ASID_MASK;
}

/* What is published in as->asid comes after what goes with it: has_old_asid, harts_cached. */
static u64 asid_load(const struct aspace *as)
{
    return __atomic_load_n(&as->asid, __ATOMIC_ACQUIRE);
}

/*
 * A number of the current generation for `as`. From before the new number is seen, flushes name
 * none: a hart may be running under the old one, or be on its way to (tests/models/asid-*).
 * Locks: takes asid_lock.
 */
static u64 no_inline asid_renew(struct aspace *as)
{
    u64 state = spin_lock_irqsave(&asid_lock);
    if (as->asid >> ASID_BITS_MAX != asid_generation) {
        if (asid_next >= asid_limit) {
            __atomic_store_n(&asid_generation, asid_generation + 1, __ATOMIC_RELAXED);
            asid_next = 1;
        }
        if (as->asid)
            __atomic_store_n(&as->has_old_asid, true, __ATOMIC_RELAXED);
        __atomic_store_n(&as->harts_cached, 0, __ATOMIC_RELAXED);
        u64 number = asid_limit > 1 ? asid_next++ : 0;
        __atomic_store_n(&as->asid, asid_generation << ASID_BITS_MAX | number,
                         __ATOMIC_RELEASE);
    }
    u64 asid = as->asid;
    spin_unlock_irqrestore(&asid_lock, state);
    return asid;
}

/* The number is read once: it may be renewed by another hart at any time. */
static void hart_load(struct aspace *as, u32 me)
{
    u64 bit = hart_bit(me), asid = asid_load(as);

    if (unlikely(asid >> ASID_BITS_MAX != __atomic_load_n(&asid_generation, __ATOMIC_RELAXED)))
        asid = asid_renew(as);
    __atomic_fetch_or(&as->harts_active, bit, __ATOMIC_SEQ_CST);
    csr_write(satp, satp_make(as->root_pa >> PAGE_SHIFT, asid_number(asid)));
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    if (unlikely(hart_generation[me] != asid >> ASID_BITS_MAX)) {
        hart_generation[me] = asid >> ASID_BITS_MAX;
        tlb_flush_all_local();
    }
    icache_catch_up(me);
    if (!(__atomic_load_n(&as->harts_cached, __ATOMIC_RELAXED) & bit) || asid_limit == 1) {
        __atomic_fetch_or(&as->harts_cached, bit, __ATOMIC_SEQ_CST);
        tlb_flush_asid_local(asid_number(asid));
        ledger_flushed(as, bit, 0, USER_END);
    }
}

void aspace_switch(struct aspace *to)
{
    u32 me = mycpu()->id;
    struct aspace *from = loaded[me];

    if (from == to)
        return;
    loaded[me] = to;
    if (to)
        hart_load(to, me);
    else
        csr_write(satp, satp_make(kernel_root_pa >> PAGE_SHIFT, 0));
    if (from)
        __atomic_fetch_and(&from->harts_active, ~hart_bit(me), __ATOMIC_RELEASE);
}

/* The harts, other than this one, that must be interrupted; strikes the rest off. */
static u64 flush_others(struct aspace *as, u64 me)
{
    __atomic_fetch_and(&as->harts_cached, me, __ATOMIC_SEQ_CST);
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    return __atomic_load_n(&as->harts_active, __ATOMIC_RELAXED) & ~me;
}

static void flush_here(struct aspace *as, vaddr_t start, vaddr_t end, bool whole)
{
    u64 asid = asid_number(asid_load(as)), me = hart_bit(mycpu()->id);

    if (!(__atomic_load_n(&as->harts_active, __ATOMIC_RELAXED) & me)) {
        /* not loaded here: this hart's entries, if any, are flushed when it loads it again */
        __atomic_fetch_and(&as->harts_cached, ~me, __ATOMIC_SEQ_CST);
    } else if (unlikely(as->has_old_asid)) {
        tlb_flush_all_local();
    } else if (whole) {
        tlb_flush_asid_local(asid);
    } else {
        for (vaddr_t va = start; va < end; va += PAGE_SIZE)
            tlb_flush_page_local(va, asid);
    }
    vm_count(as, VM_FLUSH_LOCAL, 1);
}

static void flush_there(struct aspace *as, u64 others, vaddr_t start, vaddr_t end, bool whole)
{
    u64 asid = asid_number(asid_load(as));

    if (as->has_old_asid)
        tlb_flush_all_remote(others);
    else if (whole)
        tlb_flush_asid_remote(others, asid);
    else
        tlb_flush_range_remote(others, start, end - start, asid);
    vm_count(as, VM_FLUSH_REMOTE, 1);
    ledger_flushed(as, others, start, end);
}

/* Does a hart other than this one know the address space? */
static bool is_known_elsewhere(struct aspace *as)
{
    u64 known = __atomic_load_n(&as->harts_cached, __ATOMIC_RELAXED) |
                __atomic_load_n(&as->harts_active, __ATOMIC_RELAXED);

    return known & ~hart_bit(mycpu()->id);
}

/*
 * The store to the entry must be ordered before the look at the masks; the accesses to the
 * entry are atomic operations on the same hart and this fence makes them visible first.
 */
static void flush(struct aspace *as, vaddr_t start, vaddr_t end, bool whole)
{
    u64 others = 0;

    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    if (unlikely(is_known_elsewhere(as)))
        others = flush_others(as, hart_bit(mycpu()->id));
    flush_here(as, start, end, whole);
    ledger_flushed(as, ~0UL & ~others, start, end);
    if (unlikely(others))
        flush_there(as, others, start, end, whole);
}

void aspace_flush_page(struct aspace *as, vaddr_t va)
{
    flush(as, va, va + PAGE_SIZE, false);
}

void aspace_flush_range(struct aspace *as, vaddr_t start, vaddr_t end)
{
    flush(as, start, end, end - start > TLB_RANGE_MAX);
}

void aspace_flush_all(struct aspace *as)
{
    flush(as, 0, USER_END, true);
}

void aspace_flush_local(struct aspace *as)
{
    if (unlikely(as->has_old_asid))
        tlb_flush_all_local();
    else
        tlb_flush_asid_local(asid_number(asid_load(as)));
    vm_count(as, VM_FLUSH_LOCAL, 1);
}

void aspace_flush_range_local(struct aspace *as, vaddr_t start, vaddr_t end)
{
    u64 asid = asid_number(asid_load(as));

    if (unlikely(as->has_old_asid) || end - start > TLB_RANGE_MAX) {
        aspace_flush_local(as);
        return;
    }
    for (vaddr_t va = start; va < end; va += PAGE_SIZE)
        tlb_flush_page_local(va, asid);
    vm_count(as, VM_FLUSH_LOCAL, 1);
}

void aspace_flush_page_local(struct aspace *as, vaddr_t va)
{
    u64 asid = asid_number(asid_load(as));

    if (unlikely(as->has_old_asid))
        tlb_flush_all_local();
    else
        tlb_flush_page_local(va, asid);
    vm_count(as, VM_FLUSH_LOCAL, 1);
}

/* --- instruction caches --- */

/* Counts frames that became executable; each hart remembers up to which one it has fetched anew. */
static u64 icache_generation;
static u64 hart_icache[MAX_HARTS]; /* atomic: each hart's own, or set by who made it do so */

/* This hart fetches anew if a frame became executable since it last did. */
static void icache_catch_up(u32 me)
{
    u64 now = __atomic_load_n(&icache_generation, __ATOMIC_ACQUIRE);

    if (likely(hart_icache[me] == now))
        return;
    icache_flush_local();
    __atomic_store_n(&hart_icache[me], now, __ATOMIC_RELAXED);
}

/* Those of the harts that run `as` and have not caught up. */
static u64 icache_stale_harts(const struct aspace *as)
{
    u64 now = __atomic_load_n(&icache_generation, __ATOMIC_RELAXED), stale = 0;

    for (u32 i = 0; i < n_harts; i++) {
        if (__atomic_load_n(&hart_icache[i], __ATOMIC_RELAXED) != now)
            stale |= hart_bit(i);
    }
    return stale & __atomic_load_n(&as->harts_active, __ATOMIC_RELAXED);
}

/*
 * The race with a hart that is just loading `as` is settled as for translations: it joins
 * harts_active before it looks at the generation, which is raised here before harts_active is looked at.
 */
void page_sync_icache(struct aspace *as, struct page *page)
{
    u32 me = mycpu()->id;

    if (!(__atomic_load_n(&page->flags, __ATOMIC_ACQUIRE) & PG_ICACHE_CLEAN)) {
        __atomic_fetch_add(&icache_generation, 1, __ATOMIC_ACQ_REL);
        page_flags_set(page, PG_ICACHE_CLEAN);
    }
    icache_catch_up(me);
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    u64 others = icache_stale_harts(as) & ~hart_bit(me);
    if (unlikely(others))
        icache_flush_remote(others);
}
