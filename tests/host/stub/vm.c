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

/* --- the TLB --- */

#define SIM_ENTRIES 512
#define MANY_FAULTS 100

struct sim_entry {
    struct aspace *as; /* NULL: free */
    vaddr_t va;
    pte_t pte;
};

static struct sim_entry tlb[MAX_HARTS][SIM_ENTRIES];
u64 sim_n_flushes;

static struct sim_entry *sim_find(struct aspace *as, vaddr_t va)
{
    struct sim_entry *entries = tlb[mycpu()->id];

    for (unsigned i = 0; i < SIM_ENTRIES; i++) {
        if (entries[i].as == as && entries[i].va == va)
            return &entries[i];
    }
    return NULL;
}

static void sim_remember(struct aspace *as, vaddr_t va, pte_t pte)
{
    static unsigned next;
    struct sim_entry *e = sim_find(as, va);

    if (!e)
        e = &tlb[mycpu()->id][next++ % SIM_ENTRIES];
    *e = (struct sim_entry){as, va, pte};
}

static void uppers_flush(unsigned hart, struct aspace *as);

static void sim_flush(unsigned hart, struct aspace *as, vaddr_t start, vaddr_t end)
{
    sim_n_flushes++;
    for (unsigned i = 0; i < SIM_ENTRIES; i++) {
        struct sim_entry *e = &tlb[hart][i];
        if (e->as == as && e->va >= start && e->va < end)
            e->as = NULL;
    }
    if (start == 0 && end == USER_END)
        uppers_flush(hart, as);
}

void aspace_flush_range(struct aspace *as, vaddr_t start, vaddr_t end)
{
    for (unsigned hart = 0; hart < MAX_HARTS; hart++) {
        stub_point();
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
    (void)page;
}

void asid_init(void)
{
}

void aspace_switch(struct aspace *to)
{
    (void)to;
}

/* Upper entries are cached too, and outlive flushes of single addresses (privileged spec 4.2.1). */
#define SIM_UPPERS 64
static struct sim_upper {
    struct aspace *as; /* NULL: free */
    vaddr_t start;
    unsigned level;
    pte_t pte;
} uppers[MAX_HARTS][SIM_UPPERS];

static struct sim_upper *upper_find(struct aspace *as, vaddr_t va, unsigned level)
{
    for (unsigned i = 0; i < SIM_UPPERS; i++) {
        struct sim_upper *u = &uppers[mycpu()->id][i];
        if (u->as == as && u->level == level && u->start == align_down(va, pt_span(level)))
            return u;
    }
    return NULL;
}

static pte_t upper_load(struct aspace *as, vaddr_t va, unsigned level, const pte_t *slot)
{
    static unsigned next;
    struct sim_upper *u = upper_find(as, va, level);
    pte_t pte = u ? u->pte : pte_load(slot);

    if (!u && pte_is_valid(pte))
        uppers[mycpu()->id][next++ % SIM_UPPERS] =
            (struct sim_upper){as, align_down(va, pt_span(level)), level, pte};
    return pte;
}

static void uppers_flush(unsigned hart, struct aspace *as)
{
    for (unsigned i = 0; i < SIM_UPPERS; i++) {
        if (uppers[hart][i].as == as)
            uppers[hart][i].as = NULL;
    }
}

/* What the hardware does: it follows valid entries, whatever software's bits say. */
static pte_t hardware_walk(struct aspace *as, vaddr_t va)
{
    const pte_t *table = as->root;

    for (unsigned level = PT_LEVELS - 1; level > 0; level--) {
        pte_t entry = upper_load(as, va, level, &table[pt_index(va, level)]);
        if (!pte_is_valid(entry))
            return PTE_NONE;
        table = pte_table(entry);
    }
    return pte_load(&table[pt_index(va, 0)]);
}

static int sim_access(struct aspace *as, vaddr_t va, enum vm_access access, u64 **word,
                      struct fault_info *info)
{
    vaddr_t page_va = align_down(va, PAGE_SIZE);
    u64 needed = access == VM_ACCESS_WRITE ? PTE_W | PTE_D | PTE_A : PTE_R | PTE_A;

    as->harts_active = as->harts_cached = hart_bit(MAX_HARTS) - 1; /* the ledger expects all */
    for (unsigned tries = 0; tries < MANY_FAULTS; tries++) {
        struct sim_entry *e = sim_find(as, page_va);
        pte_t pte = e ? e->pte : hardware_walk(as, page_va);
        if (pte_is_valid(pte) && (pte.bits & needed) == needed) {
            sim_remember(as, page_va, pte);
            *word = (u64 *)((char *)page_to_va(pte_page(pte)) + (va - page_va));
            return 0;
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
