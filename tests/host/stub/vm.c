/* SPDX-License-Identifier: MIT */
/* Sleeping locks, files and a TLB for native tests of vm/; see vm.h. */
#include "vm.h"
#include "kernel.h"

#include <arch/riscv/tlb.h>
#include <debug/assert.h>
#include <debug/delay.h>
#include <debug/trace.h>
#include <mem/kmap.h>
#include <sched/mutex.h>
#include <sched/thread.h>
#include <vm/internal.h>
#include <vm/mmap.h>
#include <vm/pt.h>
#include <vm/tlb.h>

#include <stdio.h>
#include <string.h>

/* --- sleeping locks --- */

void mutex_init(struct mutex *m, const char *name)
{
    memset(m, 0, sizeof(*m));
    m->name = name;
}

void mutex_lock(struct mutex *m)
{
    assert_may_sleep();
    stub_point();
    while (m->state)
        stub_wait(m->name);
    m->state = 1;
}

void mutex_unlock(struct mutex *m)
{
    m->state = 0;
    stub_point();
}

void rw_init(struct rwmutex *rw, const char *name)
{
    memset(rw, 0, sizeof(*rw));
    rw->name = name;
}

/* Readers share only where there are fibers: one thread must not take it twice. */
void rw_check_order(const struct rwmutex *rw)
{
    assert_may_sleep();
    stub_point();
    while (rw->state >= RW_WRITER || (rw->state > 0 && !stub_wait_hook))
        stub_wait(rw->name);
}

void rw_note_read(struct rwmutex *rw)
{
}

void rw_note_read_end(struct rwmutex *rw)
{
    stub_point();
}

void rw_read_wait(struct rwmutex *rw)
{
    panic("%s: a writer came between", rw->name);
}

void rw_read_left(struct rwmutex *rw, s64 seen)
{
}

void rw_write_lock(struct rwmutex *rw)
{
    assert_may_sleep();
    stub_point();
    while (rw->state)
        stub_wait(rw->name);
    rw->state = RW_WRITER;
}

void rw_write_lock_nested(struct rwmutex *rw)
{
    rw_write_lock(rw);
}

void rw_write_unlock(struct rwmutex *rw)
{
    rw->state = 0;
    stub_point();
}

bool rw_is_held_write(const struct rwmutex *rw)
{
    return rw->state == RW_WRITER;
}

void sched_point(void)
{
}

/* --- debugging aids that are not under test --- */

bool trace_on;

void trace_write(enum trace_kind kind, u64 address, u64 old_pfn, u64 new_pfn, u64 count)
{
    (void)kind, (void)address, (void)old_pfn, (void)new_pfn, (void)count;
}

void delay_point(u32 id)
{
    (void)id;
    stub_point();
}

void kmap_fill_root(u64 *root)
{
    (void)root;
}

void kmap_empty_root(u64 *root)
{
    (void)root;
}

/* --- the TLB ---
 *
 * Each hart has a cache of leaf entries and one of upper entries. A flush of everything only
 * moves a clock: what was remembered before it counts no more. Address spaces share clocks by
 * their address, so now and then more is forgotten than was asked for.
 */

#define SIM_SETS    64
#define SIM_WAYS    4
#define SIM_UPPERS  64
#define SIM_CLOCKS  61
#define MANY_FAULTS 100

struct sim_entry {
    struct aspace *as; /* NULL: free */
    vaddr_t va;        /* what it serves starts here */
    unsigned level;    /* of the table that the entry is in */
    pte_t pte;
    u64 time;
};

static struct sim_entry tlb[MAX_HARTS][SIM_SETS][SIM_WAYS];
static struct sim_entry uppers[MAX_HARTS][SIM_UPPERS];
static bool has_walked[MAX_HARTS];
static u64 flushed[MAX_HARTS][SIM_CLOCKS], now = 1;
u64 sim_n_flushes;

static u64 *flush_clock(unsigned hart, const struct aspace *as)
{
    return &flushed[hart][(u64)as / sizeof(*as) % SIM_CLOCKS];
}

static u64 sim_hash(const struct aspace *as)
{
    return (u64)as / sizeof(*as) * 7;
}

static struct sim_entry *tlb_set(unsigned hart, const struct aspace *as, vaddr_t va)
{
    return tlb[hart][((va >> PAGE_SHIFT) + sim_hash(as)) % SIM_SETS];
}

static bool is_remembered(unsigned hart, const struct sim_entry *e, const struct aspace *as)
{
    return e->as == as && e->time > *flush_clock(hart, as);
}

static struct sim_entry *sim_find(unsigned hart, struct aspace *as, vaddr_t va)
{
    struct sim_entry *set = tlb_set(hart, as, va);

    for (unsigned i = 0; i < SIM_WAYS; i++) {
        if (set[i].va == va && is_remembered(hart, &set[i], as))
            return &set[i];
    }
    return NULL;
}

static void sim_remember(struct aspace *as, vaddr_t va, pte_t pte)
{
    static unsigned next;
    unsigned hart = mycpu()->id;
    struct sim_entry *e = sim_find(hart, as, va);

    for (unsigned i = 0; i < SIM_WAYS && !e; i++) {
        struct sim_entry *other = &tlb_set(hart, as, va)[i];
        if (!other->as || !is_remembered(hart, other, other->as))
            e = other;
    }
    if (!e)
        e = &tlb_set(hart, as, va)[next++ % SIM_WAYS];
    *e = (struct sim_entry){as, va, 0, pte, now};
    has_walked[hart] = true;
}

static void sim_forget_page(unsigned hart, struct aspace *as, vaddr_t va)
{
    struct sim_entry *e = sim_find(hart, as, va);

    if (e)
        e->as = NULL;
}

static void sim_forget_range(unsigned hart, struct aspace *as, vaddr_t start, vaddr_t end)
{
    for (unsigned i = 0; i < SIM_SETS * SIM_WAYS; i++) {
        struct sim_entry *e = &tlb[hart][i / SIM_WAYS][i % SIM_WAYS];
        if (e->as == as && e->va >= start && e->va < end)
            e->as = NULL;
    }
}

/* A flush of a range leaves upper entries alone (privileged spec 4.2.1). */
static void sim_flush(unsigned hart, struct aspace *as, vaddr_t start, vaddr_t end)
{
    sim_n_flushes++;
    if (start == 0 && end == USER_END)
        *flush_clock(hart, as) = now++;
    else if (end - start > SIM_SETS * PAGE_SIZE)
        sim_forget_range(hart, as, start, end);
    else
        for (vaddr_t va = start; va < end; va += PAGE_SIZE)
            sim_forget_page(hart, as, va);
}

void aspace_flush_range(struct aspace *as, vaddr_t start, vaddr_t end)
{
    for (unsigned hart = 0; hart < MAX_HARTS; hart++) {
        stub_point();
        if (start == 0 && end == USER_END)
            stub_linger();
        sim_flush(hart, as, start, end);
    }
    ledger_flushed(as, ~0UL, start, end);
}

void aspace_flush_page(struct aspace *as, vaddr_t va)
{
    aspace_flush_range(as, va, va + PAGE_SIZE);
}

void aspace_flush_all(struct aspace *as)
{
    aspace_flush_range(as, 0, USER_END);
}

void aspace_flush_local(struct aspace *as)
{
    sim_flush(mycpu()->id, as, 0, USER_END);
}

void aspace_flush_range_local(struct aspace *as, vaddr_t start, vaddr_t end)
{
    sim_flush(mycpu()->id, as, start, end);
}

void aspace_flush_page_local(struct aspace *as, vaddr_t va)
{
    sim_flush(mycpu()->id, as, va, va + PAGE_SIZE);
}

void sim_forget(struct aspace *as)
{
    aspace_flush_all(as);
}

void page_sync_icache(struct aspace *as, struct page *page)
{
    (void)as, (void)page;
}

void asid_init(void)
{
}

void aspace_switch(struct aspace *to)
{
    (void)to;
}

/* --- the walker: what it loads it uses at once (pte_load() is a point where others go on) --- */

/* Upper entries are cached too, and outlive flushes of single addresses. */
static pte_t upper_load(struct aspace *as, vaddr_t va, unsigned level, const pte_t *slot)
{
    vaddr_t start = align_down(va, pt_span(level));
    unsigned hart = mycpu()->id;
    struct sim_entry *u =
        &uppers[hart][(start / pt_span(level) + level * 31 + sim_hash(as)) % SIM_UPPERS];

    if (u->va == start && u->level == level && is_remembered(hart, u, as))
        return u->pte;
    pte_t pte = pte_load_of_hart(slot);
    if (pte_is_valid(pte))
        *u = (struct sim_entry){as, start, level, pte, now};
    return pte;
}

/* What the hardware does: it follows valid entries, whatever software's bits say. */
static pte_t *hardware_walk(struct aspace *as, vaddr_t va)
{
    pte_t *table = as->root;

    for (unsigned level = PT_LEVELS - 1; level > 0; level--) {
        pte_t entry = upper_load(as, va, level, &table[pt_index(va, level)]);
        if (!pte_is_valid(entry))
            return NULL;
        table = pte_table(entry);
    }
    return &table[pt_index(va, 0)];
}

/* --- are all memories still true? --- */

/* The entry of a table of `level` that a walk without any memory finds. */
static pte_t true_entry(const struct aspace *as, vaddr_t va, unsigned level)
{
    const pte_t *table = as->root;

    for (unsigned at = PT_LEVELS - 1;; at--) {
        pte_t e = pte_load_of_hart(&table[pt_index(va, at)]);
        if (at == level || !pte_is_valid(e))
            return pte_is_valid(e) ? e : PTE_NONE;
        table = pte_table(e);
    }
}

static bool is_true(const struct sim_entry *e)
{
    pte_t real = true_entry(e->as, e->va, e->level);
    u64 permitted = e->level ? PTE_V : PTE_V | PTE_U | PTE_PERM_MASK;

    if (!pte_is_valid(e->pte))
        return true; /* an absence that is none any more is found out by a fault */
    return pte_pfn(real) == pte_pfn(e->pte) && !(e->pte.bits & ~real.bits & permitted);
}

static unsigned audit_entry(unsigned hart, const struct sim_entry *e, const struct aspace *as)
{
    if (likely(e->as != as) || !is_remembered(hart, e, as) || is_true(e))
        return 0;
    fprintf(stderr, "hart %u remembers %llx at %llx, level %u, which is %llx\n", hart,
            (unsigned long long)e->pte.bits, (unsigned long long)e->va, e->level,
            (unsigned long long)true_entry(e->as, e->va, e->level).bits);
    return 1;
}

unsigned sim_audit(const struct aspace *as)
{
    unsigned n_wrong = 0;

    for (unsigned hart = 0; hart < MAX_HARTS; hart++) {
        if (!has_walked[hart])
            continue;
        for (unsigned i = 0; i < SIM_SETS * SIM_WAYS; i++)
            n_wrong += audit_entry(hart, &tlb[hart][i / SIM_WAYS][i % SIM_WAYS], as);
        for (unsigned i = 0; i < SIM_UPPERS; i++)
            n_wrong += audit_entry(hart, &uppers[hart][i], as);
    }
    return n_wrong;
}

/* --- accesses --- */

bool sim_sets_ad;

/* The walker sets A and D itself, in one step with the look at what is permitted (Svadu;
 * privileged spec 4.3.1). Returns: did it? */
static bool walker_sets(struct aspace *as, vaddr_t va, u64 needed)
{
    pte_t *slot = hardware_walk(as, va);
    u64 permissions = PTE_V | (needed & PTE_PERM_MASK);

    if (!slot)
        return false;
    pte_t pte = pte_load_of_hart(slot);
    while ((pte.bits & permissions) == permissions) {
        if (!(needed & ~pte.bits))
            return true;
        if (pte_cmpxchg(slot, &pte, pte_with(pte, needed)))
            return true;
    }
    return false;
}

bool sim_walk_to_write(struct aspace *as, vaddr_t va)
{
    return walker_sets(as, va, PTE_W | PTE_D | PTE_A);
}

static int sim_access(struct aspace *as, vaddr_t va, enum vm_access access, u64 **word,
                      struct fault_info *info)
{
    vaddr_t page_va = align_down(va, PAGE_SIZE);
    u64 needed = access == VM_ACCESS_WRITE ? PTE_W | PTE_D | PTE_A : PTE_R | PTE_A;

    as->harts_active = as->harts_cached = hart_bit(MAX_HARTS) - 1; /* the ledger expects all */
    for (unsigned tries = 0; tries < MANY_FAULTS; tries++) {
        struct sim_entry *e = sim_find(mycpu()->id, as, page_va);
        pte_t *slot = e ? NULL : hardware_walk(as, page_va);
        pte_t pte = e ? e->pte : slot ? pte_load_of_hart(slot) : PTE_NONE;
        if (pte_is_valid(pte) && (pte.bits & needed) == needed) {
            sim_remember(as, page_va, pte);
            *word = (u64 *)((char *)page_to_va(pte_page(pte)) + (va - page_va));
            return 0;
        }
        if (sim_sets_ad && pte_is_valid(pte) && walker_sets(as, page_va, needed)) {
            sim_forget_page(mycpu()->id, as, page_va);
            continue;
        }
        sim_remember(as, page_va, pte); /* absence may be cached as well */
        stub_point();
        int err = vm_fault(as, va, access, info);
        if (err)
            return err;
    }
    panic("%u faults at %lx and still no access", MANY_FAULTS, va);
}

int sim_load(struct aspace *as, vaddr_t va, u64 *value, struct fault_info *info)
{
    u64 *word;
    int err = sim_access(as, va, VM_ACCESS_READ, &word, info);

    if (!err)
        *value = *word;
    return err;
}

int sim_store(struct aspace *as, vaddr_t va, u64 value, struct fault_info *info)
{
    u64 *word;
    int err = sim_access(as, va, VM_ACCESS_WRITE, &word, info);

    if (!err)
        *word = value;
    return err;
}
