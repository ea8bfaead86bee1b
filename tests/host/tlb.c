/* SPDX-License-Identifier: MIT */
// with: tests/host/stub/kernel.c tests/host/stub/fibers.c
/*
 * Who may cache translations, and making them forget: vm/tlb.c with every interleaving of its
 * atomic steps that a seed chooses, over simulated harts that tag entries with the number of
 * the address space, fill them at any moment, and forget nothing by themselves. (QEMU does the
 * opposite in all three.)
 *
 * After a flush no hart uses what was there before it; and no hart ever uses an entry of
 * another address space, though numbers are few and given again and again.
 */
#include "stub/fibers.h"
#include "stub/kernel.h"
#include "t.h"

#include <arch/riscv/csr.h>
#include <arch/riscv/tlb.h>
#include <mem/kmap.h>
#include <string.h>
#include <vm/aspace.h>
#include <vm/internal.h>

enum { HARTS = 4, SPACES = 3, PAGES = 4, STEPS = 400, ENTRIES = 64 };

struct space {
    struct aspace as;
    unsigned n_users; /* harts that have it loaded or are about to, or change it */
    struct {
        u64 now;     /* what the page table says */
        u64 flushed; /* nothing older may be used any more */
        bool changing;
    } page[PAGES];
};

struct entry {
    bool valid;
    u64 asid;
    unsigned page;
    struct space *space;
    u64 version;
};

static struct space spaces[SPACES];
static struct entry tlb[HARTS][ENTRIES];
static u64 satps[HARTS];
static unsigned asid_bits;
static u64 n_versions;

u64 vm_events[MAX_HARTS][VM_N_EVENTS];
paddr_t kernel_root_pa = 999 * PAGE_SIZE;
paddr_t phys_base;

/* --- simulated harts --- */

static struct entry *entry_find(unsigned hart, u64 asid, unsigned page)
{
    for (unsigned i = 0; i < ENTRIES; i++) {
        struct entry *e = &tlb[hart][i];
        if (e->valid && e->asid == asid && e->page == page)
            return e;
    }
    return NULL;
}

static struct space *space_of(u64 satp)
{
    u64 root = satp & SATP_PPN_MASK;

    return root >= 1 && root <= SPACES ? &spaces[root - 1] : NULL;
}

/* The entry of a page for the address space loaded on a hart, walked for if there is none. */
static struct entry *lookup(unsigned hart, unsigned page)
{
    u64 asid = (satps[hart] >> SATP_ASID_SHIFT) & SATP_ASID_MASK;
    struct space *space = space_of(satps[hart]);
    static unsigned next;

    if (!space)
        return NULL;
    struct entry *e = entry_find(hart, asid, page);
    if (!e) {
        e = &tlb[hart][next++ % ENTRIES];
        *e = (struct entry){true, asid, page, space, space->page[page].now};
    }
    return e;
}

/* Others go on here, and walkers run ahead of them. */
static void point(void)
{
    lookup(t_below(HARTS), t_below(PAGES));
    stub_point();
}

static void forget(unsigned hart, u64 asid, vaddr_t start, vaddr_t end)
{
    for (unsigned i = 0; i < ENTRIES; i++) {
        struct entry *e = &tlb[hart][i];
        vaddr_t va = e->page * PAGE_SIZE;
        if ((asid == ~0UL || e->asid == asid) && va >= start && va < end)
            e->valid = false;
    }
}

static void forget_here(u64 asid, vaddr_t start, vaddr_t end)
{
    point();
    forget(mycpu()->id, asid, start, end);
    point();
}

static void forget_there(u64 harts_mask, u64 asid, vaddr_t start, vaddr_t end)
{
    for (unsigned hart = 0; hart < HARTS; hart++) {
        point();
        if (harts_mask & hart_bit(hart))
            forget(hart, asid, start, end);
    }
}

static u64 satp_read(void)
{
    return satps[mycpu()->id];
}

static void satp_write(u64 satp)
{
    u64 no_asid_bits = ~((1UL << asid_bits) - 1) & SATP_ASID_MASK;

    point();
    satps[mycpu()->id] = satp & ~(no_asid_bits << SATP_ASID_SHIFT);
    point();
}

void ledger_flushed(struct aspace *as, u64 harts_mask, vaddr_t start, vaddr_t end)
{
    (void)as, (void)harts_mask, (void)start, (void)end;
    point();
}

/* vm/tlb.c on these harts: each atomic step is a point. */
#undef csr_read
#undef csr_write
#define csr_read(csr)                              csr##_read()
#define csr_write(csr, value)                      csr##_write(value)
#define tlb_flush_page_local(va, asid)             forget_here(asid, va, (va) + PAGE_SIZE)
#define tlb_flush_asid_local(asid)                 forget_here(asid, 0, USER_END)
#define tlb_flush_all_local()                      forget_here(~0UL, 0, USER_END)
#define tlb_flush_range_remote(harts, va, n, asid) forget_there(harts, asid, va, (va) + (n))
#define tlb_flush_asid_remote(harts, asid)         forget_there(harts, asid, 0, USER_END)
#define tlb_flush_all_remote(harts)                forget_there(harts, ~0UL, 0, USER_END)
#define icache_flush_local()                       point()
#define icache_flush_remote(harts)                 point()
#define __atomic_load_n(p, order)                  (point(), __atomic_load_n(p, order))
#define __atomic_store_n(p, v, order)              (point(), __atomic_store_n(p, v, order))
#define __atomic_fetch_or(p, v, order)             (point(), __atomic_fetch_or(p, v, order))
#define __atomic_fetch_and(p, v, order)            (point(), __atomic_fetch_and(p, v, order))
#include "../../kernel/vm/tlb.c"
#undef __atomic_load_n
#undef __atomic_store_n
#undef __atomic_fetch_or
#undef __atomic_fetch_and

/* --- what a hart does --- */

/* A load of user mode, on the hart that runs. */
static void use(struct space *space)
{
    unsigned page = t_below(PAGES);
    struct entry *e = lookup(mycpu()->id, page);

    CHECK(e && e->space == space);
    CHECK(e && e->version >= space->page[page].flushed);
}

static void change(struct space *space)
{
    unsigned page = t_below(PAGES);
    vaddr_t va = page * PAGE_SIZE;

    if (space->page[page].changing)
        return;
    space->page[page].changing = true;
    u64 version = space->page[page].now = ++n_versions;
    switch (t_below(4)) {
    case 0:
        aspace_flush_page(&space->as, va);
        break;
    case 1:
        aspace_flush_range(&space->as, va, va + 2 * PAGE_SIZE);
        break;
    case 2:
        aspace_flush_range(&space->as, 0, 1000 * PAGE_SIZE);
        break;
    default:
        aspace_flush_all(&space->as);
        break;
    }
    space->page[page].flushed = version;
    space->page[page].changing = false;
}

/* The address space ends, and another one begins in its place. */
static void renew(struct space *space)
{
    if (space->n_users)
        return;
    CHECK_EQ(space->as.harts_active, 0);
    u64 root_pa = space->as.root_pa;
    memset(&space->as, 0, sizeof(space->as));
    space->as.root_pa = root_pa;
    for (unsigned i = 0; i < PAGES; i++)
        space->page[i].now = space->page[i].flushed = ++n_versions;
}

static void hart(unsigned me)
{
    struct space *mine = NULL;

    for (unsigned i = 0; i < STEPS && !t_n_failed; i++) {
        struct space *space = &spaces[t_below(SPACES)];
        switch (t_below(8)) {
        case 0:
        case 1:
            space->n_users++;
            aspace_switch(&space->as);
            if (mine)
                mine->n_users--;
            mine = space;
            break;
        case 2:
            aspace_switch(NULL);
            if (mine)
                mine->n_users--;
            mine = NULL;
            break;
        case 3:
            space->n_users++;
            change(space);
            space->n_users--;
            break;
        case 4:
            if (mine)
                change(mine);
            break;
        case 5:
            renew(space);
            break;
        default:
            if (mine)
                use(mine);
        }
        point();
    }
    aspace_switch(NULL);
    if (mine)
        mine->n_users--;
}

static void run(unsigned bits, unsigned rounds)
{
    asid_bits = bits;
    memset(tlb, 0, sizeof(tlb));
    asid_init();
    CHECK_EQ(asid_limit, 1UL << bits);
    for (unsigned i = 0; i < SPACES; i++) {
        memset(&spaces[i], 0, sizeof(spaces[i]));
        spaces[i].as.root_pa = (i + 1) * PAGE_SIZE;
    }
    for (unsigned i = 0; i < rounds && !t_n_failed; i++)
        fibers_run(HARTS, hart, t_random(), 2 + i % 9);
}

static void few_numbers(void)
{
    run(2, 120);
}

static void many_numbers(void)
{
    run(16, 60);
}

static void no_numbers(void)
{
    run(0, 60);
}

int main(int argc, char **argv)
{
    t_begin(argc, argv);
    RUN(few_numbers);
    RUN(many_numbers);
    RUN(no_numbers);
    return t_done();
}
