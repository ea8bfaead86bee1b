/* SPDX-License-Identifier: MIT */
/*
 * What happens when a user address is touched and the hardware says no.
 *
 * Accesses from user mode and from copyin/copyout take the same path (COW-7). The page-table
 * entry is looked at again under its table's lock before it is changed: whatever was decided
 * before may have become wrong meanwhile, and then the steps are simply repeated (-EAGAIN).
 *
 * Nothing sleeps or fails once a page-table lock is held: frames and pages of objects are
 * fetched before. Whether a frame will be needed is guessed from the entry without a lock; a
 * sole owner's write needs none and so succeeds when memory is exhausted.
 *
 * A fresh entry is not flushed for: if a hart did cache the absence, it faults once more
 * and finds nothing to do (PT-3).
 *
 * Locks: as->lock for reading throughout, dropped only to grow a stack; then the leaf table's.
 */
#include <arch/riscv/uaccess.h>
#include <debug/assert.h>
#include <debug/delay.h>
#include <debug/trace.h>
#include <linux/errno.h>
#include <asm/siginfo.h>
#include <asm/signal.h>
#include <vm/internal.h>
#include <vm/pt.h>
#include <vm/tlb.h>

#ifdef DEBUG
bool vm_lazy_ad;
#endif

static int fault_find_area(struct fault *f);
static int fault_check_access(struct fault *f);
static int fault_walk(struct fault *f, pte_t **slot);
static int fault_reserve(struct fault *f, const pte_t *slot);
static int fault_resolve(struct fault *f, pte_t *slot);
static int fault_fill(struct fault *f, pte_t *slot);
static int fault_upgrade(struct fault *f, pte_t *slot, pte_t pte);
static int dirty_shared(struct fault *f, pte_t *slot, pte_t pte);
static void fault_finish(struct fault *f);

int vm_fault(struct aspace *as, vaddr_t va, enum vm_access access, struct fault_info *info)
{
    struct fault f;
    pte_t *slot;
    int err;

    f.as = as;
    f.va = align_down(va, PAGE_SIZE);
    f.access = access;
    f.spare = f.backing = f.dropped = NULL;
    f.n_ahead = 0;

    assert_may_sleep();
    rw_read_lock(&as->lock);
    do {
        err = fault_find_area(&f);
        if (!err)
            err = fault_check_access(&f);
        if (!err)
            err = fault_walk(&f, &slot);
        if (!err)
            err = fault_reserve(&f, slot);
        if (!err)
            err = fault_resolve(&f, slot);
    } while (unlikely(err == -EAGAIN));
    rw_read_unlock(&as->lock);
    fault_finish(&f);

    if (unlikely(err)) {
        if (err == WALK_LINKED)
            return 0;
        if (err == -ENOMEM)
            vm_count(as, VM_OOM, 1);
        if (err != -EFAULT)
            f.signo = f.code = 0;
        *info = (struct fault_info){.signo = f.signo, .code = f.code, .addr = va};
    }
    return err;
}

static no_inline int fault_fails(struct fault *f, int signo, int code)
{
    f->signo = signo;
    f->code = code;
    return -EFAULT;
}

/* The area that ends above va is a stack: it may grow, but under the lock for writing. */
static no_inline int grow_stack(struct fault *f)
{
    struct aspace *as = f->as;

    rw_read_unlock(&as->lock);
    int err = stack_grow(as, f->va);
    rw_read_lock(&as->lock);
    if (err == -EFAULT)
        return fault_fails(f, SIGSEGV, SEGV_MAPERR);
    return err ? err : -EAGAIN;
}

/* The area that va belongs to. */
static int fault_find_area(struct fault *f)
{
    struct aspace *as = f->as;

    f->vma = vma_find(as, f->va);
    if (likely(f->vma && f->vma->start <= f->va))
        return 0;
    if (!f->vma || !(f->vma->flags & VMA_GROWSDOWN))
        return fault_fails(f, SIGSEGV, SEGV_MAPERR);

    return grow_stack(f);
}

static int fault_check_access(struct fault *f)
{
    if (likely(f->vma->prot & f->access))
        return 0;
    return fault_fails(f, SIGSEGV, SEGV_ACCERR);
}

static int fault_walk(struct fault *f, pte_t **slot)
{
    *slot = walk_down(f->as, f->va);
    return likely(*slot) ? 0 : walk_slowly(f->as, f->va, f->access, slot);
}

static int reserve_frame(struct fault *f, bool zeroed)
{
    if (f->spare)
        return 0;
    f->spare = kalloc(PAGE_ANON, 0);
    if (unlikely(!f->spare))
        return -ENOMEM;
    f->spare_is_zeroed = zeroed;
    if (zeroed)
        clear_page(page_to_va(f->spare));
    return 0;
}

/* For a first write. */
static int reserve_fill(struct fault *f, const pte_t *slot)
{
    if (f->spare)
        return 0;
    if (pt_index(f->va, 0) >= FILL_RUN && pte_is_writable(pte_load(slot - 1)) &&
        pte_is_writable(pte_load(slot - FILL_RUN)))
        ahead_reserve(f, slot);
    return reserve_frame(f, true);
}

static no_inline int reserve_backing(struct fault *f)
{
    struct vm_object *object = f->vma->object;

    if (f->backing)
        return 0;
    int err = object->ops->get_page(object, vma_index(f->vma, f->va), &f->backing);
    if (err == -ERANGE || err == -EIO || err == -ENOSPC)
        return fault_fails(f, SIGBUS, BUS_ADRERR);
    return err;
}

/* Everything that may sleep or fail, for what the entry looks like without a lock. */
static int fault_reserve(struct fault *f, const pte_t *slot)
{
    pte_t seen = pte_load(slot);
    bool private_write = fault_is_write(f) && !vma_is_shared(f->vma);

    if (pte_is_none(seen)) {
        if (!f->vma->object)
            return private_write ? reserve_fill(f, slot) : 0;
        int err = reserve_backing(f);
        return !err && private_write ? reserve_frame(f, false) : err;
    }
    if (private_write && pte_is_cow(seen) && !page_has_sole_owner(pte_page(seen)))
        return reserve_frame(f, false);
    return 0;
}

/* Does the entry permit the access, A and D aside? */
static bool entry_permits(pte_t pte, enum vm_access access)
{
    _Static_assert(PTE_R == PROT_READ << 1 && PTE_W == PROT_WRITE << 1 &&
                       PTE_X == PROT_EXEC << 1,
                   "access and entry bits correspond");
    return pte_is_valid(pte) && (pte.bits & ((u64)access << 1));
}

/* PT-3: another thread was faster, or a hart had cached that there was nothing; or A or D is
 * clear and the hardware leaves setting it to us (Svade). */
static no_inline int fault_nothing(struct fault *f, pte_t *slot, pte_t pte)
{
    u64 missing = (PTE_A | (fault_is_write(f) ? PTE_D : 0)) & ~pte.bits;

    if (missing) {
        pt_replace(slot, pte_with(pte, missing));
        aspace_flush_page_local(f->as, f->va);
    } else {
        vm_count(f->as, VM_SPURIOUS, 1);
        aspace_flush_local(f->as); /* the entry, or one above it */
    }
    return 0;
}

/* With the leaf table locked the entry tells what to do. */
static int fault_resolve(struct fault *f, pte_t *slot)
{
    struct spinlock *lock = &pt_table(slot)->pt.lock;
    int err;

    delay_point(DELAY_FAULT);
    spin_lock(lock);
    pte_t pte = pte_load(slot);
    if (pte_is_none(pte)) {
        err = fault_fill(f, slot);
    } else if (unlikely(entry_permits(pte, f->access))) {
        err = fault_nothing(f, slot, pte);
    } else {
        err = fault_upgrade(f, slot, pte);
    }
    spin_unlock(lock);
    return err;
}

static int fill_anon(struct fault *f, pte_t *slot, u64 bits)
{
    if (!fault_is_write(f)) {
        u64 cow = vma_is_cow(f->vma) ? PTE_COW : 0;
        pt_fill(slot, fresh_entry(zero_page, (bits & ~(PTE_W | PTE_D)) | cow));
        vm_count(f->as, VM_ZERO_MAPPED, 1);
        return 0;
    }
    if (!f->spare)
        return -EAGAIN;
    if (!f->spare_is_zeroed)
        clear_page(page_to_va(f->spare));
    pt_fill(slot, fresh_entry(f->spare, bits));
    f->spare = NULL;
    rss_add(f->as, RSS_ANON, 1);
    vm_count(f->as, VM_ZERO_FILLED, 1);
    if (unlikely(f->n_ahead))
        ahead_fill(f, slot, bits);
    return 0;
}

static void count_object_pages(struct fault *f, unsigned n)
{
    rss_add(f->as, rss_kind_of(f->backing, f->vma->object), n);
    vm_count(f->as, VM_FILE_MAPPED, n);
    vm_count(f->as, VM_AHEAD, n - 1);
}

/* A private write to a page of an object that was never mapped here: copy it at once. */
static int fill_private_copy(struct fault *f, pte_t *slot, u64 bits)
{
    if (!f->spare)
        return -EAGAIN;
    copy_page(page_to_va(f->spare), page_to_va(f->backing));
    if (bits & PTE_X)
        page_sync_icache(f->as, f->spare);
    pt_fill(slot, fresh_entry(f->spare, bits));
    f->spare = NULL;
    fault_note_copy(f);
    vm_count(f->as, VM_COPIED, 1);
    return 0;
}

/* The page asked for and, for a reader, pages around it. */
static void map_object_page(struct fault *f, pte_t *slot, u64 bits)
{
    struct around around;

    around.n = 0;
    if (!fault_is_write(f))
        around_find(f, slot, &around);
    if (!(f->backing->flags & PG_USED))
        page_flags_set(f->backing, PG_USED);
    if (bits & PTE_X)
        page_sync_icache(f->as, f->backing); /* and whatever became clean before */
    pt_fill(slot, fresh_entry(f->backing, bits));
    around_fill(&around, bits);
    count_object_pages(f, 1 + around.n);
    f->backing = NULL;
}

static no_inline int fill_object(struct fault *f, pte_t *slot, u64 bits)
{
    struct vm_object *object = f->vma->object;

    if (!f->backing)
        return -EAGAIN;
    if (!object_owns(object, f->backing, vma_index(f->vma, f->va))) {
        /* truncated between the look-up and now */
        kfree(f->backing);
        f->backing = NULL;
        return -EAGAIN;
    }
    if (!vma_is_shared(f->vma)) {
        if (fault_is_write(f))
            return fill_private_copy(f, slot, bits);
        bits = (bits & ~(PTE_W | PTE_D)) | (vma_is_cow(f->vma) ? PTE_COW : 0);
    } else if (object->ops->page_dirtied) {
        if (fault_is_write(f))
            object->ops->page_dirtied(object, f->backing);
        else
            bits &= ~(PTE_W | PTE_D); /* the first write faults again and is noticed */
    }
    map_object_page(f, slot, bits);
    return 0;
}

/* COW-9: an entry gets the area's permissions, less what must still fault. */
static no_inline int fault_fill(struct fault *f, pte_t *slot)
{
    u64 bits = vma_pte_bits(f->vma);

    return unlikely(f->vma->object) ? fill_object(f, slot, bits) : fill_anon(f, slot, bits);
}

/* The entry maps a frame, but not for this access. */
static int fault_upgrade(struct fault *f, pte_t *slot, pte_t pte)
{
    assert_msg(pte_is_valid(pte) && fault_is_write(f), "entry %lx, access %d at %lx", pte.bits,
               f->access, f->va);
    if (likely(pte_is_cow(pte)))
        return cow_break(f, slot, pte);
    return dirty_shared(f, slot, pte);
}

static no_inline int dirty_shared(struct fault *f, pte_t *slot, pte_t pte)
{
    /* a clean page of a shared mapping: same frame, more permission, so no other hart need
     * know at once */
    assert(vma_is_shared(f->vma));
    if (f->vma->object->ops->page_dirtied)
        f->vma->object->ops->page_dirtied(f->vma->object, pte_page(pte));
    pt_replace(slot, pte_make(pte_pfn(pte), vma_pte_bits(f->vma)));
    aspace_flush_page_local(f->as, f->va);
    return 0;
}

/* Gives back what was reserved and not used, and the frame that a break replaced. */
static void fault_finish(struct fault *f)
{
    if (f->spare)
        kfree(f->spare);
    if (f->backing)
        kfree(f->backing);
    if (f->dropped)
        kfree(f->dropped);
    if (unlikely(f->n_ahead))
        ahead_drop(f);
}
