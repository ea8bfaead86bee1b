/* SPDX-License-Identifier: MIT */
/*
 * mprotect: changing what an area permits.
 *
 * Entries that exist are rewritten at once. Taking a permission away needs a flush on all harts
 * before the call returns. Giving write permission to private pages only makes them cow: the
 * next write finds out whether the frame has other owners. With PROT_NONE the entries are
 * hidden: no longer valid, their frames kept.
 *
 * Locks: as->lock for writing; each leaf table's while its entries change.
 */
#include <debug/assert.h>
#include <linux/errno.h>
#include <vm/internal.h>
#include <vm/mmap.h>
#include <vm/pt.h>
#include <vm/tlb.h>

/* The entry for the same frame in an area with these permissions. */
static pte_t protected_entry(const struct vma *vma, pte_t old)
{
    u64 bits = vma_pte_bits(vma);

    if (!(vma->prot & (PROT_READ | PROT_WRITE | PROT_EXEC)))
        return pte_make(pte_pfn(old), PTE_U | PTE_A);
    if (vma_is_cow(vma)) {
        bool stays_writable = pte_is_valid(old) && pte_is_writable(old);
        return pte_make(pte_pfn(old),
                        stays_writable ? bits : (bits & ~(PTE_W | PTE_D)) | PTE_COW);
    }
    /* clean pages of a shared mapping still want to be noticed at the first write */
    if (vma_is_shared(vma) && vma->object->ops->page_dirtied && !pte_is_writable(old))
        bits &= ~(PTE_W | PTE_D);
    return pte_make(pte_pfn(old), bits);
}

static void protect_run(const struct vma *vma, struct pt_run *run)
{
    pt_lock(run->slots);
    for (unsigned i = 0; i < run->n; i++) {
        pte_t old = pte_load(&run->slots[i]);
        if (pte_is_none(old))
            continue;
        pte_t new = protected_entry(vma, old);
        if (pte_is_executable(new) && !pte_is_executable(old))
            page_sync_icache(vma->aspace, pte_page(new));
        pt_replace(&run->slots[i], new);
        ledger_revoke(vma->aspace, run->va + i * PAGE_SIZE, run->va + (i + 1) * PAGE_SIZE);
    }
    pt_unlock(run->slots);
}

static void protect_area(struct vma *vma, u32 prot)
{
    struct pt_run run;

    if (vma->prot == prot)
        return;
    vma_set_prot(vma, prot);
    for (vaddr_t va = vma->start; pt_next_run(vma->aspace, va, vma->end, &run);
         va = pt_run_end(&run))
        protect_run(vma, &run);
}

/* The part of [start, end) that may be protected so: up to the first hole or the first area
 * that forbids it, as Linux does. Returns why it ends early. */
static int permitted_part(struct aspace *as, vaddr_t start, vaddr_t *end, u32 prot)
{
    for (vaddr_t va = start; va < *end;) {
        struct vma *vma = vma_find(as, va);
        int err = 0;
        if (!vma || vma->start > va)
            err = -ENOMEM;
        else if ((prot & ~vma->max_prot) || (vma->flags & VMA_SPECIAL))
            err = -EACCES;
        if (err) {
            *end = va;
            return err;
        }
        va = vma->end;
    }
    return 0;
}

static int protect_locked(struct aspace *as, vaddr_t start, vaddr_t end, u32 prot)
{
    int result = permitted_part(as, start, &end, prot);
    if (start == end)
        return result;
    int err = vma_isolate(as, start, end);
    if (!err)
        err = pt_own_range(as, start, end);
    if (err)
        return err;

    /* commit */
    struct vma *vma = vma_find(as, start);
    for (; vma && vma->start < end; vma = vma_next(vma))
        protect_area(vma, prot);
    aspace_flush_range(as, start, end);
    ledger_check(as, "at the end of mprotect");
    vma_merge_range(as, start, end);
    return result;
}

int vm_mprotect(struct aspace *as, vaddr_t addr, u64 length, u32 prot)
{
    u64 rounded = align_up(length, PAGE_SIZE);

    if (!is_aligned(addr, PAGE_SIZE))
        return -EINVAL;
    if (prot & ~(PROT_READ | PROT_WRITE | PROT_EXEC | PROT_SEM | PROT_GROWSDOWN | PROT_GROWSUP))
        return -EINVAL;
    if (length == 0)
        return 0;
    if (rounded < length || rounded > USER_END || addr > USER_END - rounded)
        return -ENOMEM;
    rw_write_lock(&as->lock);
    int err =
        protect_locked(as, addr, addr + rounded, prot & (PROT_READ | PROT_WRITE | PROT_EXEC));
    rw_write_unlock(&as->lock);
    return err;
}
