/* SPDX-License-Identifier: MIT */
/*
 * Page tables with several references, for a fault: sealing, linking, owning.
 *
 * Fork gives a child the parent's tables whole. RISC-V cannot write-protect a subtree from
 * above (a non-leaf entry has no permissions of its own), so the entry that leads to a shared
 * table is *parked*: not valid, the table's frame kept in it. Whoever needs something below
 * faults on it, and pays then:
 *
 *   private --fork--> parked --last reference--> private            nothing was copied at all
 *                       |----read--> linked --last reference--> private
 *                       |----write--> private (a copy of the table)
 *                                 linked --write--> private (a copy)
 *
 * A table is *sealed* before its first user is linked to it or copies it: every writable entry
 * in it becomes cow, every private table below becomes parked. From then on it is read-only for
 * all but linking what is parked in it.
 *
 * COW-4  A table with more than one reference has no writable private leaf once anybody can
 * walk it, and is never edited but to seal it or to link a parked entry in it: own it first.
 * PT-1   A parked table is reachable by no hart's TLB or page walk through this address space:
 *        fork flushes before it returns.
 * PT-2   Sealing needs no flush (by PT-1 nobody can have cached what changes). Replacing a
 * linked table needs one of upper entries too, before anything differs in the copy: the entry
 * is parked, flushed, and only then leads to the copy.
 *
 * A count of one is stable, as for frames (COW-8): only this address space could share the
 * table again, and fork holds as->lock for writing.
 *
 * Locks: as->lock at least for reading. Below it, tables from the root downwards: the lock of
 * the table that holds an entry guards the entry; a shared table's own lock guards sealing,
 * linking and copying.
 */
#include <debug/assert.h>
#include <debug/delay.h>
#include <debug/trace.h>
#include <linux/errno.h>
#include <vm/internal.h>
#include <vm/pt.h>
#include <vm/tlb.h>

static bool link_path(struct aspace *as, vaddr_t va, enum vm_access access, unsigned *n_linked);
static int own_path(struct aspace *as, vaddr_t va, pte_t **slot);

int walk_slowly(struct aspace *as, vaddr_t va, enum vm_access access, pte_t **slot)
{
    unsigned n_linked = 0;

    if (access == VM_ACCESS_WRITE || !link_path(as, va, access, &n_linked))
        return own_path(as, va, slot);
    if (n_linked) {
        vm_count(as, VM_TABLE_LINKED, n_linked);
    } else {
        /* PT-3: another thread was faster, or this hart had cached that the way was parked */
        vm_count(as, VM_SPURIOUS, 1);
        aspace_flush_local(as);
    }
    return WALK_LINKED;
}

/* --- sealing --- */

static inline pte_t sealed_leaf(pte_t e)
{
    u64 known = e.bits & (PTE_V | PTE_W | PTE_A);

    if (likely(known == (PTE_V | PTE_W | PTE_A)))
        return pte_xor(e, PTE_W | PTE_COW);
    if (!(known & PTE_V))
        return e;
    /* with A set: nobody may come back later to set it in a table that is not to be edited */
    return pte_with(known & PTE_W ? pte_xor(e, PTE_W | PTE_COW) : e, PTE_A);
}

static inline pte_t sealed_entry(pte_t e, unsigned level)
{
    if (level == 0)
        return sealed_leaf(e);
    return pte_is_private(e) ? pte_make_parked(pte_pfn(e)) : e;
}

static void note_sealed(struct aspace *as, struct page *table)
{
    table->pt.sealed = true;
    vm_count(as, VM_TABLE_SEALED, 1);
}

static void seal_locked(struct aspace *as, struct page *table)
{
    unsigned level = table->pt.level;

    assert(spin_is_held(&table->pt.lock));
    if (table->pt.sealed)
        return;
    /* no hart walks here: plain stores do */
    pt_for_each_used (slot, table, 0, PT_ENTRIES)
        *slot = sealed_entry(*slot, level);
    note_sealed(as, table);
}

/* --- reading: link --- */

/*
 * The last reference makes the table private again, whatever it was. Inside a shared table
 * there are no last references: two address spaces lead there.
 */
static bool reclaim(struct aspace *as, pte_t *slot, struct page *table)
{
    if (!pt_is_last_reference(table))
        return false;
    table->pt.sealed = false;
    pte_store(slot, pte_make_table(page_to_pfn(table)));
    vm_count(as, VM_TABLE_RECLAIMED, 1);
    return true;
}

static unsigned link_slot(struct aspace *as, pte_t *slot, struct page *table)
{
    if (!pte_is_parked(pte_load(slot)))
        return 0;
    delay_point(DELAY_TABLE);
    spin_lock(&table->pt.lock);
    seal_locked(as, table);
    spin_unlock(&table->pt.lock);
    /* the release in pte_store() shows the sealed entries to whoever sees the link */
    pte_store(slot, pte_make_linked(page_to_pfn(table)));
    return 1;
}

/*
 * Makes the way to va walkable as far as shared tables lead there. True if the leaf entry then
 * permits the access: the faulting instruction just runs again.
 */
static bool link_path(struct aspace *as, vaddr_t va, enum vm_access access, unsigned *n_linked)
{
    pte_t *table = as->root, *locked[PT_LEVELS - 1];
    unsigned n_locked = 0;
    bool inside_shared = false, permits = false;

    for (unsigned level = PT_LEVELS - 1; level > 0; level--) {
        pte_t *slot = &table[pt_index(va, level)];
        pt_lock(slot);
        locked[n_locked++] = slot;
        pte_t e = pte_load(slot);
        if (pte_is_none(e))
            goto unlock;
        if (pte_is_shared(e) && (inside_shared || !reclaim(as, slot, pte_page(e)))) {
            *n_linked += link_slot(as, slot, pte_page(e));
            inside_shared = true;
        }
        table = pte_table(e);
    }
    pte_t leaf = pte_load(&table[pt_index(va, 0)]);
    permits = inside_shared && pte_is_valid(leaf) && (leaf.bits & ((u64)access << 1));

unlock:
    while (n_locked)
        pt_unlock(locked[--n_locked]);
    return permits;
}

/* --- writing: own --- */

/* The body of copy_entries(), once for each kind of table. */
static always_inline int copy_each(struct page *copy, struct page *table, unsigned level,
                                   bool seals)
{
    struct page *const pages = pfn_to_page(0), *const zero = zero_page;
    ptrdiff_t distance = (char *)page_to_va(copy) - (char *)page_to_va(table);

    pt_for_each_used (slot, table, 0, PT_ENTRIES) {
        pte_t e = *slot;
        struct page *page = pages + pte_pfn(e);
        int err = likely(page != zero) ? inc_ref(page) : 0;
        if (unlikely(err))
            return err;
        if (seals)
            *slot = e = sealed_entry(e, level);
        *(pte_t *)((char *)slot + distance) = e;
    }
    return 0;
}

/*
 * Fills an empty table with another's entries, one more reference each, and seals that one on
 * the way if nobody has yet: some 20 instructions for a page. Locks: the other table's. Returns
 * 0, -EOVERFLOW: the copy has some of the entries, and who drops it drops those.
 */
static int copy_entries(struct aspace *as, struct page *copy, struct page *table)
{
    int err;

    copy->pt.groups = table->pt.groups;
    copy->pt.n_used = table->pt.n_used;
    if (table->pt.sealed)
        return copy_each(copy, table, 0, false);
    if (table->pt.level == 0)
        err = copy_each(copy, table, 0, true);
    else
        err = copy_each(copy, table, 1, true);
    if (!err)
        note_sealed(as, table);
    return err;
}

/* The slot leads to a copy from now on. The caller drops the reference to the original. */
static int replace_by_copy(struct aspace *as, pte_t *slot, struct page *table,
                           struct page *copy)
{
    spin_lock(&table->pt.lock);
    int err = copy_entries(as, copy, table);
    spin_unlock(&table->pt.lock);
    if (err)
        return err;

    delay_point(DELAY_TABLE);
    if (!pte_is_parked(pte_load(slot))) {
        /* PT-2: no hart may go through the original once the copy can change */
        pte_store(slot, pte_make_parked(page_to_pfn(table)));
        ledger_revoke(as, 0, USER_END);
        aspace_flush_all(as);
        ledger_check(as, "before a table's copy is used");
    }
    pte_store(slot, pte_make_table(page_to_pfn(copy)));
    vm_count(as, VM_TABLE_COPIED, 1);
    return 0;
}

/* Does making this slot private take a frame? */
static bool wants_frame(pte_t e)
{
    return pte_is_none(e) || (pte_is_shared(e) && !pt_is_last_reference(pte_page(e)));
}

/* With the slot's table locked and a frame in hand if one is wanted. */
static int own_locked(struct aspace *as, pte_t *slot, struct page **spare,
                      struct page **dropped)
{
    pte_t e = pte_load(slot);

    if (pte_is_private(e))
        return 0;
    if (pte_is_shared(e) && reclaim(as, slot, pte_page(e)))
        return 0;
    if (!*spare)
        return -EAGAIN;
    if (pte_is_none(e)) {
        pt_enter(slot, pte_make_table(page_to_pfn(*spare)));
        vm_count(as, VM_TABLE_ALLOC, 1);
    } else {
        int err = replace_by_copy(as, slot, pte_page(e), *spare);
        if (err)
            return err;
        *dropped = pte_page(e);
    }
    *spare = NULL;
    return 0;
}

int pt_own(struct aspace *as, pte_t *slot, unsigned level)
{
    struct page *spare = NULL, *dropped = NULL;
    int err;

    do {
        if (!spare && wants_frame(pte_load(slot))) {
            spare = pt_create(level - 1);
            if (!spare)
                return -ENOMEM;
        }
        pt_lock(slot);
        err = own_locked(as, slot, &spare, &dropped);
        pt_unlock(slot);
    } while (err == -EAGAIN);
    if (spare)
        pt_put(spare);
    if (dropped)
        pt_put(dropped);
    return err;
}

static int own_path(struct aspace *as, vaddr_t va, pte_t **slot)
{
    pte_t *table = as->root;

    for (unsigned level = PT_LEVELS - 1; level > 0; level--) {
        pte_t *upper = &table[pt_index(va, level)];
        if (!pte_is_private(pte_load(upper))) {
            int err = pt_own(as, upper, level);
            if (err)
                return err;
        }
        table = pte_table(pte_load(upper));
    }
    *slot = &table[pt_index(va, 0)];
    return 0;
}
