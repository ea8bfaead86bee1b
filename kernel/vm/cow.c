/* SPDX-License-Identifier: MIT */
/*
 * Copy-on-write: sharing frames at fork, and ending the sharing at the first write.
 *
 *   fork                 both entries: cow, the frame's count one higher
 *   write, count > 1     a copy for the writer; the others keep the frame
 *   write, count == 1    nobody else is left: the frame becomes writable where it is, and so
 *                        do those behind it when somebody writes page after page
 *
 * COW-1  A private frame with more than one reference has no writable entry.
 * COW-2  A cow entry is never writable, and lies in a private area that permits writing.
 * COW-3  A frame's count is the number of leaf tables that point to it plus the kernel's
 *        holders.
 * COW-5  Break order: new frame, copy, clear and flush, set, and only then drop the old frame.
 * COW-8  A count of one is stable while the table's lock is held, because only this entry could
 *        add another reference. A larger count may fall at any time: it is a hint, and acting
 *        on it costs at worst a copy that was not needed.
 *
 * The lock is the leaf table's, held from the look at the entry to its replacement, the copy
 * included: so the entry cannot change and the frame copied from stays referenced by it until
 * the copy is complete.
 */
#include <arch/riscv/uaccess.h>
#include <debug/assert.h>
#include <debug/delay.h>
#include <debug/trace.h>
#include <linux/errno.h>
#include <vm/internal.h>
#include <vm/pt.h>
#include <vm/tlb.h>

#define REUSE_AHEAD 31 /* pages behind the one that was written to */

static int cow_reuse(struct fault *f, pte_t *slot, pte_t pte);
static int reuse_ahead(struct fault *f, pte_t *slot);
static int cow_copy(struct fault *f, pte_t *slot, pte_t pte);

int cow_break(struct fault *f, pte_t *slot, pte_t pte)
{
    assert(vma_is_cow(f->vma) && !pte_is_writable(pte)); /* COW-2 */
    if (page_has_sole_owner(pte_page(pte)))
        return cow_reuse(f, slot, pte);
    return f->spare ? cow_copy(f, slot, pte) : -EAGAIN;
}

/* The same frame with more permission: other harts may learn of it by a spurious fault. */
static no_inline int cow_reuse(struct fault *f, pte_t *slot, pte_t pte)
{
    pt_replace(slot, pte_make(pte_pfn(pte), vma_pte_bits(f->vma)));
    trace(TRACE_REUSE, f->va, pte_pfn(pte), pte_pfn(pte), 1);
    if (pt_index(f->va, 0) > 0 && pte_is_writable(pte_load(slot - 1)))
        return reuse_ahead(f, slot);
    aspace_flush_page_local(f->as, f->va);
    vm_count(f->as, VM_REUSED, 1);
    return 0;
}

/*
 * The page before is writable already: somebody may be writing page after page, and each would
 * cost a trap. The pages behind are taken over too, up to the first that has another owner; for
 * each the table's lock makes a count of one stable (COW-8). That takes no memory, and who
 * writes here and there does not get here.
 */
static no_inline int reuse_ahead(struct fault *f, pte_t *slot)
{
    vaddr_t end = min(f->vma->end, align_down(f->va, pt_span(1)) + pt_span(1));
    u64 bits = vma_pte_bits(f->vma);
    vaddr_t va = f->va + PAGE_SIZE;

    for (end = min(end, va + REUSE_AHEAD * PAGE_SIZE); va < end; va += PAGE_SIZE) {
        pte_t pte = pte_load(++slot);
        if (!pte_is_cow(pte) || !page_has_sole_owner(pte_page(pte)))
            break;
        pt_replace(slot, pte_make(pte_pfn(pte), bits));
        trace(TRACE_REUSE, va, pte_pfn(pte), pte_pfn(pte), 1);
    }
    u64 n = (va - f->va) >> PAGE_SHIFT;
    aspace_flush_range_local(f->as, f->va, va);
    vm_count(f->as, VM_REUSED, n);
    vm_count(f->as, VM_AHEAD, n - 1);
    return 0;
}

static void fill_copy(struct page *to, bool is_zeroed, const struct page *from)
{
    if (from != zero_page)
        copy_page(page_to_va(to), page_to_va(from));
    else if (!is_zeroed)
        clear_page(page_to_va(to));
}

static void count_copy(struct fault *f, const struct page *from)
{
    struct aspace *as = f->as;

    if (from == zero_page) {
        rss_add(as, RSS_ANON, 1);
        vm_count(as, VM_ZERO_FILLED, 1);
        return;
    }
    if (from->type == PAGE_FILE) {
        rss_add(as, rss_kind_of(from, f->vma->object), -1);
        fault_note_copy(f);
    }
    vm_count(as, VM_COPIED, 1);
}

/* COW-5, in this order. */
static no_inline int cow_copy(struct fault *f, pte_t *slot, pte_t pte)
{
    struct page *old = pte_page(pte), *new = f->spare;
    u64 bits = vma_pte_bits(f->vma);

    f->spare = NULL;
    fill_copy(new, f->spare_is_zeroed, old);
    if (bits & PTE_X)
        page_sync_icache(f->as, new);
    delay_point(DELAY_COW_BREAK);

    /* break before make: while one hart can still read the old frame, none may write the new
     * one */
    pt_break(slot);
    ledger_revoke(f->as, f->va, f->va + PAGE_SIZE);
    aspace_flush_page(f->as, f->va);
    ledger_check(f->as, "before the new frame is visible");
    pt_mend(slot, pte_make(page_to_pfn(new), bits));

    count_copy(f, old);
    trace(TRACE_COPY, f->va, page_to_pfn(old), page_to_pfn(new), page_count(old));
    if (old != zero_page)
        f->dropped = old; /* its reference is dropped when no lock is held any more */
    return 0;
}

/*
 * The hot loop of fork: about a dozen instructions for a page that is shared already, a few
 * more to make it cow. A writable private page is always anonymous memory, and anonymous memory
 * is always private. What is mapped in areas without an object the caller counts as a whole.
 */
int cow_share_run(const struct vma *vma, const struct pt_run *parent, pte_t *child,
                  struct aspace *child_as)
{
    struct page *from = pt_table(parent->slots), *to = pt_table(child), *backing = NULL;
    const struct page *zero = zero_page;
    ptrdiff_t distance = (char *)child - (char *)parent->slots;
    unsigned first = pt_index(parent->va, 0), n_zero = 0, n_anon = 0, n_backing = 0;
    int err = 0;

    to->pt.groups |= from->pt.groups;
    pt_for_each_used (slot, from, first, first + parent->n) {
        pte_t pte = pte_load(slot);
        struct page *page = pte_page(pte);
        err = likely(page != zero) ? inc_ref(page) : 0;
        if (unlikely(err))
            goto out;
        if (page->type == PAGE_ANON) {
            n_anon++;
            if (pte_is_writable(pte)) {
                vaddr_t va = parent->va + (slot - parent->slots) * PAGE_SIZE;
                pt_make_cow(slot);
                ledger_revoke(vma->aspace, va, va + PAGE_SIZE);
                pte.bits ^= PTE_W | PTE_COW;
            }
        } else if (page == zero) {
            n_zero++;
        } else {
            n_backing++;
            backing = page;
        }
        *(pte_t *)((char *)slot + distance) = pte; /* the child does not run yet */
    }
out:
    to->pt.n_used += n_zero + n_anon + n_backing;
    vm_count(child_as, VM_SHARED, n_zero + n_anon + n_backing);
    if (vma->object && n_anon)
        rss_add(child_as, RSS_COPIED, n_anon);
    if (backing)
        rss_add(child_as, rss_kind_of(backing, vma->object), n_backing);
    return err;
}

/* A private frame of the parent's own: is it to be copied by an eager fork? */
static bool wants_copy(pte_t pte)
{
    return pte_page(pte)->type == PAGE_ANON;
}

static int copy_entry(const struct vma *vma, pte_t pte, pte_t *child, struct aspace *child_as)
{
    struct page *from = pte_page(pte);

    if (from == zero_page || !wants_copy(pte)) {
        int err = from == zero_page ? 0 : inc_ref(from);
        if (!err)
            pt_fill(child, pte);
        if (!err && vma->object)
            rss_add(child_as, rss_kind_of(from, vma->object), 1);
        return err;
    }
    struct page *to = kalloc(PAGE_ANON, 0);
    if (!to)
        return -ENOMEM;
    copy_page(page_to_va(to), page_to_va(from));
    if (pte_is_executable(pte))
        page_sync_icache(child_as, to);
    pt_fill(child, pte_make(page_to_pfn(to), pte_flags(pte)));
    if (vma->object)
        rss_add(child_as, RSS_COPIED, 1);
    return 0;
}

int cow_copy_run(const struct vma *vma, const struct pt_run *parent, pte_t *child,
                 struct aspace *child_as)
{
    int err = 0;

    for (unsigned i = 0; i < parent->n && !err; i++) {
        pte_t pte = pte_load(&parent->slots[i]);
        if (!pte_is_none(pte))
            err = copy_entry(vma, pte, &child[i], child_as);
    }
    return err;
}
