/* SPDX-License-Identifier: MIT */
/*
 * Calls that change how memory is held without changing what it means (but for MADV_DONTNEED):
 * madvise, mlock, msync, mincore, populate.
 *
 * There is no swap: locking memory is accounting and faulting in. Hints that calf has no use
 * for are accepted.
 */
#include <debug/assert.h>
#include <linux/errno.h>
#include <linux/mman.h>
#include <sched/thread.h>
#include <vm/internal.h>
#include <vm/mmap.h>
#include <vm/pt.h>
#include <vm/tlb.h>

/* Page-aligned start and a length that does not wrap. */
static int check_range(vaddr_t addr, u64 length, u64 *rounded)
{
    *rounded = align_up(length, PAGE_SIZE);
    if (!is_aligned(addr, PAGE_SIZE) || *rounded < length || *rounded > USER_END ||
        addr > USER_END - *rounded)
        return -EINVAL;
    return 0;
}

/* --- madvise --- */

struct advice {
    int advice;
    u32 set, clear; /* VMA_* */
};

static const struct advice flag_advice[] = {
    {MADV_DONTFORK, VMA_DONTFORK, 0},
    {MADV_DOFORK, 0, VMA_DONTFORK},
    {MADV_WIPEONFORK, VMA_WIPEONFORK, 0},
    {MADV_KEEPONFORK, 0, VMA_WIPEONFORK},
};

static bool is_hint(int advice)
{
    switch (advice) {
    case MADV_NORMAL:
    case MADV_RANDOM:
    case MADV_SEQUENTIAL:
    case MADV_WILLNEED:
    case MADV_FREE: /* may be taken away later, or never */
    case MADV_MERGEABLE:
    case MADV_UNMERGEABLE:
    case MADV_HUGEPAGE:
    case MADV_NOHUGEPAGE:
    case MADV_DONTDUMP:
    case MADV_DODUMP:
    case MADV_COLD:
    case MADV_PAGEOUT:
        return true;
    }
    return false;
}

static int drop_pages(struct vma *vma, vaddr_t start, vaddr_t end)
{
    struct tlb_gather g;

    if (vma->flags & (VMA_LOCKED | VMA_SPECIAL))
        return -EINVAL;
    int err = pt_own_edges(vma->aspace, start, end);
    if (err)
        return err;
    pt_drop_shared(vma->aspace, start, end);
    gather_begin(&g, vma->aspace);
    g.object = vma->object;
    unmap_entries(vma->aspace, start, end, &g);
    gather_end(&g);
    return 0;
}

static int advise_area(struct vma *vma, vaddr_t start, vaddr_t end, int advice)
{
    if (advice == MADV_DONTNEED)
        return drop_pages(vma, start, end);
    for (size_t i = 0; i < ARRAY_SIZE(flag_advice); i++) {
        if (flag_advice[i].advice != advice)
            continue;
        if (advice == MADV_WIPEONFORK && (vma->object || vma_is_shared(vma)))
            return -EINVAL;
        vma_set_flags(vma, flag_advice[i].set, flag_advice[i].clear);
    }
    return 0;
}

static int advise_locked(struct aspace *as, vaddr_t start, vaddr_t end, int advice)
{
    bool has_hole = false;

    if (advice != MADV_DONTNEED && !is_hint(advice)) {
        int err = vma_isolate(as, start, end);
        if (err)
            return err;
    }
    for (vaddr_t va = start; va < end;) {
        struct vma *vma = vma_find(as, va);
        if (!vma || vma->start >= end) {
            has_hole = true;
            break;
        }
        has_hole |= vma->start > va;
        vaddr_t stop = min(vma->end, end);
        int err = advise_area(vma, max(vma->start, va), stop, advice);
        if (err)
            return err;
        va = stop;
    }
    vma_merge_range(as, start, end);
    ledger_check(as, "at the end of madvise");
    return has_hole ? -ENOMEM : 0;
}

static bool is_known(int advice)
{
    for (size_t i = 0; i < ARRAY_SIZE(flag_advice); i++) {
        if (flag_advice[i].advice == advice)
            return true;
    }
    return advice == MADV_DONTNEED || is_hint(advice);
}

int vm_madvise(struct aspace *as, vaddr_t addr, u64 length, int advice)
{
    u64 rounded;
    int err = check_range(addr, length, &rounded);

    if (err || !is_known(advice))
        return -EINVAL;
    if (rounded == 0)
        return 0;
    rw_write_lock(&as->lock);
    err = advise_locked(as, addr, addr + rounded, advice);
    rw_write_unlock(&as->lock);
    return err;
}

/* --- msync, mincore --- */

/* 0 if every page of the range is in an area. Locks: as->lock. */
static int check_mapped(struct aspace *as, vaddr_t start, vaddr_t end)
{
    for (vaddr_t va = start; va < end;) {
        struct vma *vma = vma_find(as, va);
        if (!vma || vma->start > va)
            return -ENOMEM;
        va = vma->end;
    }
    return 0;
}

int vm_msync(struct aspace *as, vaddr_t addr, u64 length, int flags)
{
    u64 rounded;

    if ((flags & ~(MS_ASYNC | MS_SYNC | MS_INVALIDATE)) ||
        ((flags & MS_ASYNC) && (flags & MS_SYNC)))
        return -EINVAL;
    if (!is_aligned(addr, PAGE_SIZE))
        return -EINVAL;
    if (check_range(addr, length, &rounded))
        return -ENOMEM;
    /* shared pages are the page cache's own: nothing has to be carried over */
    rw_read_lock(&as->lock);
    int err = check_mapped(as, addr, addr + rounded);
    rw_read_unlock(&as->lock);
    return err;
}

static bool is_resident(struct vma *vma, vaddr_t va)
{
    const pte_t *slot = walk_any(vma->aspace, va);

    if (slot && !pte_is_none(pte_load(slot)))
        return true;
    if (!vma->object)
        return false;
    struct page *page = object_find(vma->object, vma_index(vma, va));
    if (page)
        kfree(page);
    return page;
}

int vm_mincore(struct aspace *as, vaddr_t addr, u64 length, u8 *vec)
{
    u64 rounded;

    if (!is_aligned(addr, PAGE_SIZE))
        return -EINVAL;
    if (check_range(addr, length, &rounded))
        return -ENOMEM;
    rw_write_lock(&as->lock);
    int err = check_mapped(as, addr, addr + rounded);
    for (u64 i = 0; !err && i < rounded >> PAGE_SHIFT; i++) {
        vaddr_t va = addr + i * PAGE_SIZE;
        vec[i] = is_resident(vma_find(as, va), va);
    }
    rw_write_unlock(&as->lock);
    return err;
}

/* --- mlock, populate --- */

static u64 pages_not_locked(struct aspace *as, vaddr_t start, vaddr_t end)
{
    u64 pages = 0;

    for (struct vma *vma = vma_find(as, start); vma && vma->start < end; vma = vma_next(vma)) {
        if (!(vma->flags & VMA_LOCKED))
            pages += (min(vma->end, end) - max(vma->start, start)) >> PAGE_SHIFT;
    }
    return pages;
}

static int lock_locked(struct aspace *as, vaddr_t start, vaddr_t end, bool lock)
{
    if (lock &&
        as->locked_pages + pages_not_locked(as, start, end) > as->limit_memlock >> PAGE_SHIFT)
        return -ENOMEM;
    int err = vma_isolate(as, start, end);
    if (err)
        return err;
    err = check_mapped(as, start, end);
    for (struct vma *vma = vma_find(as, start); vma && vma->start < end; vma = vma_next(vma))
        vma_set_flags(vma, lock ? VMA_LOCKED : 0, lock ? 0 : VMA_LOCKED);
    vma_merge_range(as, start, end);
    return err;
}

int vm_mlock(struct aspace *as, vaddr_t addr, u64 length, bool lock)
{
    /* as Linux: the range is widened to whole pages */
    u64 offset = addr & ~PAGE_MASK, rounded;

    if (length + offset < length)
        return -EINVAL;
    int err = check_range(addr - offset, length + offset, &rounded);
    if (err)
        return length > USER_END ? -ENOMEM : err;
    rw_write_lock(&as->lock);
    err = lock_locked(as, addr - offset, addr - offset + rounded, lock);
    rw_write_unlock(&as->lock);
    if (!err && lock)
        vm_populate(as, addr - offset, rounded);
    return err;
}

/* What a page of this area is to be faulted in for; false: nothing to fault in. */
static bool populate_access(struct aspace *as, vaddr_t va, enum vm_access *access)
{
    rw_read_lock(&as->lock);
    struct vma *vma = vma_find(as, va);
    u32 prot = vma && vma->start <= va ? vma->prot : 0;
    *access = prot & PROT_WRITE  ? VM_ACCESS_WRITE
              : prot & PROT_READ ? VM_ACCESS_READ
                                 : VM_ACCESS_EXEC;
    rw_read_unlock(&as->lock);
    return prot & (PROT_READ | PROT_WRITE | PROT_EXEC);
}

void vm_populate(struct aspace *as, vaddr_t addr, u64 length)
{
    struct fault_info info;
    enum vm_access access;
    vaddr_t end = addr + align_up(length, PAGE_SIZE);

    for (vaddr_t va = addr; va < end; va += PAGE_SIZE) {
        if (!populate_access(as, va, &access) || vm_fault(as, va, access, &info))
            return;
        sched_point();
    }
}
