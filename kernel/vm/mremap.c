/* SPDX-License-Identifier: MIT */
/*
 * mremap: growing, shrinking and moving an area; its pages move with it, uncopied.
 *
 * Moving: the new area is made first; then each entry is taken out of the old place and put
 * into the new one under both tables' locks, so that truncation sees the page in exactly one of
 * them. The tables at the new place are made before anything is moved: after that nothing can
 * fail.
 */
#include <debug/assert.h>
#include <linux/errno.h>
#include <linux/mman.h>
#include <vm/internal.h>
#include <vm/mmap.h>
#include <vm/pt.h>
#include <vm/tlb.h>

struct remap {
    struct aspace *as;
    vaddr_t old;
    u64 old_len, new_len; /* bytes, whole pages */
    u32 flags;
    vaddr_t fixed; /* MREMAP_FIXED */
};

/* The one area that holds all of the old range. */
static int remap_area(const struct remap *r, struct vma **out)
{
    struct vma *vma = vma_find(r->as, r->old);

    if (!vma || vma->start > r->old || r->old + max(r->old_len, PAGE_SIZE) > vma->end)
        return -EFAULT;
    if (vma->flags & VMA_SPECIAL)
        return -EFAULT;
    *out = vma;
    return 0;
}

static int shrink(const struct remap *r)
{
    vaddr_t start = r->old + r->new_len, end = r->old + r->old_len;
    int err = unmap_prepare(r->as, start, end);

    if (!err)
        unmap_areas(r->as, start, end);
    return err;
}

static bool grow_in_place(const struct remap *r, struct vma *vma)
{
    vaddr_t end = r->old + r->new_len;
    struct vma *next = vma_next(vma);

    if (vma->end != r->old + r->old_len || end > USER_END || (next && next->start < end))
        return false;
    vma_set_end(vma, end);
    vma_merge(vma);
    return true;
}

static int prepare_tables(const struct remap *r, vaddr_t to)
{
    struct pt_run run;
    pte_t *slot;

    for (vaddr_t va = r->old; pt_next_run(r->as, va, r->old + r->old_len, &run);
         va = pt_run_end(&run)) {
        /* one run's target may lie in two tables */
        vaddr_t first = to + (run.va - r->old), last = first + (run.n - 1) * PAGE_SIZE;
        int err = walk_alloc(r->as, first, &slot);
        if (!err)
            err = walk_alloc(r->as, last, &slot);
        if (err)
            return err;
    }
    return 0;
}

/* Those that have nothing in them: there may be no area that would take them along. */
static void drop_tables(const struct remap *r, vaddr_t to)
{
    struct tlb_gather g;

    gather_begin(&g, r->as);
    pt_prune(r->as, to, to + r->new_len, &g);
    gather_end(&g);
}

static void move_entry(struct aspace *as, pte_t *from, vaddr_t old_va, vaddr_t new_va)
{
    pte_t *to = walk(as, new_va);
    struct spinlock *a = &pt_table(from)->pt.lock, *b = &pt_table(to)->pt.lock;

    if (a == b)
        spin_lock(a);
    else
        spin_lock_pair(a, b);
    if (!pte_is_none(pte_load(from))) {
        pt_fill(to, pt_empty(from));
        ledger_revoke(as, old_va, old_va + PAGE_SIZE);
    }
    if (a != b)
        spin_unlock(b);
    spin_unlock(a);
}

static void move_entries(const struct remap *r, vaddr_t to)
{
    struct pt_run run;

    for (vaddr_t va = r->old; pt_next_run(r->as, va, r->old + r->old_len, &run);
         va = pt_run_end(&run)) {
        for (unsigned i = 0; i < run.n; i++) {
            vaddr_t at = run.va + i * PAGE_SIZE;
            if (!pte_is_none(pte_load(&run.slots[i])))
                move_entry(r->as, &run.slots[i], at, to + (at - r->old));
        }
    }
    aspace_flush_range(r->as, r->old, r->old + r->old_len);
    ledger_check(r->as, "at the end of mremap");
}

/* The old range becomes an area of its own, then its twin appears at `to` and gets its pages.
 */
static int move(const struct remap *r, vaddr_t to)
{
    int err = vma_isolate(r->as, r->old, r->old + r->old_len);
    if (!err)
        err = pt_own_range(r->as, r->old, r->old + r->old_len);
    if (!err)
        err = unmap_prepare(r->as, to, to + r->new_len);
    if (err)
        return err;
    struct vma *from = vma_find(r->as, r->old);
    struct vma *vma = vma_dup(from, r->as);
    if (!vma)
        return -ENOMEM;
    err = prepare_tables(r, to);
    if (err) {
        drop_tables(r, to);
        vma_destroy(vma);
        return err;
    }

    /* commit */
    if (r->flags & MREMAP_FIXED)
        unmap_areas_keep_tables(r->as, to, to + r->new_len);
    vma->start = to;
    vma->end = to + r->new_len;
    vma_link_copy(vma, from);
    move_entries(r, to);
    if (r->flags & MREMAP_DONTUNMAP)
        vma_set_flags(from, 0, VMA_LOCKED);
    else
        unmap_areas(r->as, r->old, r->old + r->old_len);
    vma_merge(vma);
    return 0;
}

static int remap_locked(const struct remap *r, vaddr_t *out)
{
    struct vma *vma;

    if (!(r->flags & MREMAP_FIXED) && r->new_len < r->old_len &&
        !(r->flags & MREMAP_DONTUNMAP)) {
        *out = r->old;
        return shrink(r);
    }
    int err = remap_area(r, &vma);
    if (err)
        return err;
    if (r->old_len == 0 && !vma_is_shared(vma))
        return -EINVAL;
    if (r->new_len > r->old_len) {
        u64 more = r->new_len - r->old_len;
        err = limits_check(r->as, more >> PAGE_SHIFT, vma_is_cow(vma));
        if (!err && (vma->flags & VMA_LOCKED) &&
            (r->as->locked_pages << PAGE_SHIFT) + more > r->as->limit_memlock)
            err = -EAGAIN;
        if (err)
            return err;
    }
    *out = r->old;
    if (!(r->flags & (MREMAP_FIXED | MREMAP_DONTUNMAP))) {
        if (r->new_len == r->old_len || (r->old_len && grow_in_place(r, vma)))
            return 0;
        if (!(r->flags & MREMAP_MAYMOVE))
            return -ENOMEM;
    }
    if (r->flags & MREMAP_FIXED) {
        *out = r->fixed;
    } else {
        err = find_gap(r->as, r->new_len, out);
        if (err)
            return err;
    }
    return move(r, *out);
}

static int check_arguments(const struct remap *r)
{
    u32 known = MREMAP_MAYMOVE | MREMAP_FIXED | MREMAP_DONTUNMAP;

    if ((r->flags & ~known) || !is_aligned(r->old, PAGE_SIZE) || r->new_len == 0)
        return -EINVAL;
    if ((r->flags & (MREMAP_FIXED | MREMAP_DONTUNMAP)) && !(r->flags & MREMAP_MAYMOVE))
        return -EINVAL;
    if ((r->flags & MREMAP_DONTUNMAP) && r->old_len != r->new_len)
        return -EINVAL;
    if (r->old > USER_END || r->old_len > USER_END - r->old)
        return -EINVAL;
    if (r->new_len > USER_END)
        return -ENOMEM;
    if (!(r->flags & MREMAP_FIXED))
        return 0;
    if (!is_aligned(r->fixed, PAGE_SIZE) || r->fixed < USER_MIN ||
        r->fixed > USER_END - r->new_len)
        return -EINVAL;
    if (r->fixed < r->old + r->old_len && r->old < r->fixed + r->new_len)
        return -EINVAL;
    return 0;
}

int vm_mremap(struct aspace *as, vaddr_t old, u64 old_len, u64 new_len, u32 flags,
              vaddr_t new_addr, vaddr_t *out)
{
    struct remap r = {
        .as = as,
        .old = old,
        .old_len = align_up(old_len, PAGE_SIZE),
        .new_len = align_up(new_len, PAGE_SIZE),
        .flags = flags,
        .fixed = new_addr,
    };

    int err = check_arguments(&r);
    if (err)
        return err;
    rw_write_lock(&as->lock);
    if ((flags & MREMAP_FIXED) && r.new_len < r.old_len) {
        /* the tail goes first, then the rest moves */
        err = shrink(&r);
        r.old_len = r.new_len;
    }
    if (!err)
        err = remap_locked(&r, out);
    struct vma *vma = err ? NULL : vma_find(as, *out);
    bool populate = vma && (vma->flags & VMA_LOCKED);
    rw_write_unlock(&as->lock);
    if (populate)
        vm_populate(as, *out, r.new_len);
    return err;
}
