/* SPDX-License-Identifier: MIT */
/*
 * Translations that harts may still cache: ASIDs, flushes of an address space, and the gather
 * that frees frames only after every hart has forgotten them.
 *
 * Which harts: as->harts_active has the harts that have the address space loaded right now,
 * as->harts_cached those whose cached entries are up to date though perhaps not loaded. A flush
 * interrupts the active ones through SBI (the firmware answers in M-mode, whatever lock the
 * hart holds or spins on) and strikes the others off harts_cached: such a hart flushes by
 * itself before it loads the address space again.
 *
 * Privileged spec 4.2.1 (SFENCE.VMA), SBI spec chapter 8 (RFENCE).
 */
#pragma once

#include <vm/aspace.h>

struct page;

/* Before the frames of revoked translations are freed or used otherwise. Any context but
 * interrupts. */
void aspace_flush_page(struct aspace *as, vaddr_t va);
void aspace_flush_range(struct aspace *as, vaddr_t start, vaddr_t end);
void aspace_flush_all(struct aspace *as); /* entries of upper tables included */
/* On this hart only: after a change that other harts may notice late (more permission, same
 * frame). */
void aspace_flush_page_local(struct aspace *as, vaddr_t va);
void aspace_flush_range_local(struct aspace *as, vaddr_t start, vaddr_t end);
void aspace_flush_local(struct aspace *as);

/* Before a frame is mapped executable in `as`: instruction fetches of the harts that run it see what was
 * stored to the frame; other harts see to that themselves when they load an address space. */
void page_sync_icache(struct aspace *as, struct page *page);

#define GATHER_MAX 24

/*
 * Frames on their way out of an address space. Usage: gather_begin, any number of gather_pte
 * under page-table locks, gather_end. Order is the point: entries are cleared, then all harts
 * flushed, then references dropped (COW-5).
 */
struct tlb_gather {
    struct aspace *as;
    vaddr_t start, end; /* of what must be flushed; empty: start > end */
    bool has_tables;
    unsigned n_pages;
    const struct vm_object *object; /* of the area that entries come from; the caller sets it */
    s64 rss[RSS_N_KINDS];           /* to subtract */
    struct page *pages[GATHER_MAX];
};

void gather_begin(struct tlb_gather *g, struct aspace *as);
/* Takes over the reference of an entry that was just emptied. */
void gather_pte(struct tlb_gather *g, vaddr_t va, pte_t old);
/* An empty table; a shared one, whose contents count as unmapped here. Takes over the
 * reference. */
void gather_table(struct tlb_gather *g, struct page *table);
void gather_shared(struct tlb_gather *g, struct page *table);
void gather_end(struct tlb_gather *g);

#ifdef DEBUG
/*
 * The ledger: which revoked translations some hart may still cache. QEMU forgets a hart's whole
 * TLB at every opportunity, so a missing flush rarely shows; the ledger shows it always.
 */
void ledger_revoke(struct aspace *as, vaddr_t start,
                   vaddr_t end); /* translations were taken away or restricted */
void ledger_check(struct aspace *as,
                  const char *where); /* panics if the caller has left any unflushed */
#else
static inline void ledger_revoke(struct aspace *as, vaddr_t start, vaddr_t end)
{
    (void)as, (void)start, (void)end;
}
static inline void ledger_check(struct aspace *as, const char *where)
{
    (void)as, (void)where;
}
#endif
