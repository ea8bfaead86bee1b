/* SPDX-License-Identifier: MIT */
/*
 * Which harts may cache translations of an address space, and making them forget; see tlb.h.
 *
 * The race between a flush and a hart that is just loading the address space is settled by two
 * masks and a full fence on both sides:
 *
 *   flush:  change entry; harts_cached &= me;       fence; interrupt harts_active
 *   load:   harts_active |= me;                     fence; if not in harts_cached: join it,
 * flush own
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
#include <vm/pt.h>
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

static u64 asid_number(const struct aspace *as)
{
    return as->asid & SATP_ASID_MASK;
}

/* A number of the current generation for `as`. Locks: takes asid_lock. */
static void asid_renew(struct aspace *as)
{
    spin_lock(&asid_lock);
    if (as->asid >> ASID_BITS_MAX != asid_generation) {
        if (asid_next >= asid_limit) {
            asid_generation++;
            asid_next = 1;
        }
        if (as->asid && __atomic_load_n(&as->harts_active, __ATOMIC_RELAXED))
            as->has_old_asid = true;
        u64 number = asid_limit > 1 ? asid_next++ : 0;
        __atomic_store_n(&as->asid, asid_generation << ASID_BITS_MAX | number,
                         __ATOMIC_RELAXED);
        __atomic_store_n(&as->harts_cached, 0, __ATOMIC_RELAXED);
    }
    spin_unlock(&asid_lock);
}

static void hart_load(struct aspace *as, u32 me)
{
    u64 bit = hart_bit(me);

    if (unlikely(as->asid >> ASID_BITS_MAX !=
                 __atomic_load_n(&asid_generation, __ATOMIC_RELAXED)))
        asid_renew(as);
    if (unlikely(hart_generation[me] != as->asid >> ASID_BITS_MAX)) {
        hart_generation[me] = as->asid >> ASID_BITS_MAX;
        tlb_flush_all_local();
    }
    __atomic_fetch_or(&as->harts_active, bit, __ATOMIC_SEQ_CST);
    csr_write(satp, satp_make(as->root_pa >> PAGE_SHIFT, asid_number(as)));
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    if (!(__atomic_load_n(&as->harts_cached, __ATOMIC_RELAXED) & bit) || asid_limit == 1) {
        __atomic_fetch_or(&as->harts_cached, bit, __ATOMIC_SEQ_CST);
        tlb_flush_asid_local(asid_number(as));
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
    u64 known = __atomic_load_n(&as->harts_cached, __ATOMIC_RELAXED) |
                __atomic_load_n(&as->harts_active, __ATOMIC_RELAXED);
    if (likely(!(known & ~me)))
        return 0;

    __atomic_fetch_and(&as->harts_cached, me, __ATOMIC_SEQ_CST);
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    return __atomic_load_n(&as->harts_active, __ATOMIC_RELAXED) & ~me;
}

/*
 * The store to the entry must be ordered before the look at the masks; the accesses to the
 * entry are atomic operations on the same hart and this fence makes them visible first.
 */
static void flush(struct aspace *as, vaddr_t start, vaddr_t end, bool upper_tables)
{
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    u64 me = hart_bit(mycpu()->id);
    bool is_mine = __atomic_load_n(&as->harts_active, __ATOMIC_RELAXED) & me;
    u64 others = flush_others(as, me);
    u64 asid = asid_number(as);
    bool whole = upper_tables || end - start > TLB_RANGE_MAX;

    if (!is_mine) {
        /* not loaded here: this hart's entries, if any, are flushed when it loads it again */
        __atomic_fetch_and(&as->harts_cached, ~me, __ATOMIC_SEQ_CST);
    } else if (whole) {
        tlb_flush_asid_local(asid);
    } else {
        for (vaddr_t va = start; va < end; va += PAGE_SIZE)
            tlb_flush_page_local(va, asid);
    }
    vm_count(as, VM_FLUSH_LOCAL, 1);
    ledger_flushed(as, ~0UL & ~others, start, end);
    if (likely(!others))
        return;

    if (as->has_old_asid)
        tlb_flush_all_remote(others);
    else if (whole)
        tlb_flush_asid_remote(others, asid);
    else
        tlb_flush_range_remote(others, start, end - start, asid);
    vm_count(as, VM_FLUSH_REMOTE, 1);
    ledger_flushed(as, others, start, end);
}

void aspace_flush_page(struct aspace *as, vaddr_t va)
{
    flush(as, va, va + PAGE_SIZE, false);
}

void aspace_flush_range(struct aspace *as, vaddr_t start, vaddr_t end)
{
    flush(as, start, end, false);
}

void aspace_flush_all(struct aspace *as)
{
    flush(as, 0, USER_END, true);
}

void aspace_flush_page_local(struct aspace *as, vaddr_t va)
{
    tlb_flush_page_local(va, asid_number(as));
    vm_count(as, VM_FLUSH_LOCAL, 1);
}

void page_sync_icache(struct page *page)
{
    /* a frame is made executable once and read by many: remember that it was done */
    if (__atomic_load_n(&page->flags, __ATOMIC_RELAXED) & PG_ICACHE_CLEAN)
        return;
    __atomic_fetch_or(&page->flags, PG_ICACHE_CLEAN, __ATOMIC_RELAXED);
    icache_flush_local();
    if (harts_online & ~hart_bit(mycpu()->id))
        icache_flush_remote(harts_online);
}

/* --- gather --- */

static void gather_reset(struct tlb_gather *g)
{
    g->start = USER_END;
    g->end = 0;
    g->has_tables = false;
    g->n_pages = 0;
}

void gather_begin(struct tlb_gather *g, struct aspace *as)
{
    g->as = as;
    g->is_dead = false;
    g->rss_anon = g->rss_file = g->rss_shmem = 0;
    gather_reset(g);
}

static void gather_flush(struct tlb_gather *g)
{
    if (g->start < g->end && !g->is_dead) {
        if (g->has_tables)
            aspace_flush_all(g->as);
        else
            aspace_flush_range(g->as, g->start, g->end);
        ledger_check(g->as, "before frames are dropped");
    }
    for (unsigned i = 0; i < g->n_pages; i++)
        kfree(g->pages[i]);
    gather_reset(g);
}

static void gather_page(struct tlb_gather *g, struct page *page)
{
    g->pages[g->n_pages++] = page;
    if (unlikely(g->n_pages == GATHER_MAX))
        gather_flush(g);
}

void gather_pte(struct tlb_gather *g, vaddr_t va, pte_t old)
{
    struct page *page = pte_page(old);

    if (!g->is_dead) {
        g->start = min(g->start, va);
        g->end = max(g->end, va + PAGE_SIZE);
        ledger_revoke(g->as, va, va + PAGE_SIZE);
    }
    if (page == zero_page)
        return;
    if (page->type == PAGE_ANON)
        g->rss_anon++;
    else if (page_is_shmem(page))
        g->rss_shmem++;
    else
        g->rss_file++;
    gather_page(g, page);
}

void gather_table(struct tlb_gather *g, struct page *table)
{
    g->start = 0;
    g->end = USER_END;
    g->has_tables = true;
    if (!g->is_dead)
        ledger_revoke(g->as, 0, USER_END);
    gather_page(g, table);
}

void gather_end(struct tlb_gather *g)
{
    gather_flush(g);
    if (g->rss_anon)
        __atomic_fetch_sub(&g->as->rss_anon, g->rss_anon, __ATOMIC_RELAXED);
    if (g->rss_file)
        __atomic_fetch_sub(&g->as->rss_file, g->rss_file, __ATOMIC_RELAXED);
    if (g->rss_shmem)
        __atomic_fetch_sub(&g->as->rss_shmem, g->rss_shmem, __ATOMIC_RELAXED);
}
