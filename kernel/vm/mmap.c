/* SPDX-License-Identifier: MIT */
/*
 * mmap, munmap, brk and growing stacks: areas come and go; page tables follow lazily (coming)
 * or at once (going).
 *
 * Every call checks and allocates first and then changes things in a step that cannot fail.
 * Locks: as->lock for writing.
 */
#include <debug/assert.h>
#include <debug/delay.h>
#include <linux/errno.h>
#include <linux/mman.h>
#include <vm/internal.h>
#include <vm/mmap.h>
#include <vm/pt.h>
#include <vm/tlb.h>

#define STACK_GUARD_PAGES 256UL /* between a growing stack and what lies below, as Linux */

/* Rounded up to pages; 0 when it overflows. */
static u64 round_length(u64 length)
{
    u64 rounded = align_up(length, PAGE_SIZE);

    return rounded >= length && rounded <= USER_END ? rounded : 0;
}

int limits_check(struct aspace *as, u64 pages, bool is_data)
{
    if (as->total_pages + pages > as->limit_as >> PAGE_SHIFT)
        return -ENOMEM;
    return is_data && as->data_pages + pages > as->limit_data >> PAGE_SHIFT ? -ENOMEM : 0;
}

/* Memory is promised freely, but for the obviously impossible; MAP_NORESERVE asks for that too.
 */
static int promise_check(const struct vm_map_request *req, u64 pages, bool is_data)
{
    struct mem_stats stats;

    if (pages < 1024 || !is_data || (req->flags & MAP_NORESERVE))
        return 0;
    mem_stats_read(&stats);
    return pages > stats.total_pages ? -ENOMEM : 0;
}

/* The lowest address that `vma` keeps others from: a stack wants room below it. */
static vaddr_t claimed_start(const struct vma *vma)
{
    u64 guard = vma->flags & VMA_GROWSDOWN ? STACK_GUARD_PAGES * PAGE_SIZE : 0;

    return vma->start - min(guard, vma->start);
}

/* The highest gap below `top` that holds `length` bytes. */
static int gap_below(struct aspace *as, vaddr_t top, u64 length, vaddr_t *out)
{
    struct vma *above = vma_find(as, top);
    struct vma *below;

    if (above && claimed_start(above) < top)
        top = claimed_start(above);
    below = above ? vma_prev(above) : rb_entry_or_null(rb_last(&as->areas), struct vma, node);
    for (;; below = vma_prev(below)) {
        vaddr_t bottom = below ? below->end : USER_MIN;
        if (top >= bottom && top - bottom >= length) {
            *out = top - length;
            return 0;
        }
        if (!below)
            return -ENOMEM;
        top = min(top, claimed_start(below));
    }
}

int find_gap(struct aspace *as, u64 length, vaddr_t *out)
{
    if (length == 0 || length > USER_END)
        return -ENOMEM;
    int err = gap_below(as, as->mmap_top, length, out);
    return err ? gap_below(as, USER_END, length, out) : 0;
}

/* --- mmap --- */

static bool range_is_free(struct aspace *as, vaddr_t start, vaddr_t end)
{
    return !vma_find_overlap(as, start, end);
}

/* A hint is taken if it fits; MAP_FIXED must be obeyed. */
static int choose_address(struct aspace *as, const struct vm_map_request *req, u64 length,
                          vaddr_t *out)
{
    vaddr_t addr = align_down(req->addr, PAGE_SIZE);

    if (req->flags & (MAP_FIXED | MAP_FIXED_NOREPLACE)) {
        if (!is_aligned(req->addr, PAGE_SIZE))
            return -EINVAL;
        if (length > USER_END || addr > USER_END - length)
            return -ENOMEM;
        if (addr < USER_MIN)
            return -EPERM;
        if ((req->flags & MAP_FIXED_NOREPLACE) && !range_is_free(as, addr, addr + length))
            return -EEXIST;
        *out = addr;
        return 0;
    }
    if (addr >= USER_MIN && length <= USER_END && addr <= USER_END - length &&
        range_is_free(as, addr, addr + length)) {
        *out = addr;
        return 0;
    }
    return find_gap(as, length, out);
}

static u32 vma_flags_of(const struct vm_map_request *req)
{
    u32 flags = req->vma_flags;

    if ((req->flags & MAP_TYPE) != MAP_PRIVATE)
        flags |= VMA_SHARED;
    if (req->flags & MAP_GROWSDOWN)
        flags |= VMA_GROWSDOWN;
    if (req->flags & MAP_LOCKED)
        flags |= VMA_LOCKED;
    if (req->flags & MAP_NORESERVE)
        flags |= VMA_NORESERVE;
    return flags;
}

/* The area as asked for, not yet in place, with references of its own. */
static int make_area(struct aspace *as, const struct vm_map_request *req, vaddr_t addr,
                     u64 length, struct vma **out)
{
    struct vma *vma = vma_create(as, addr, addr + length);

    if (!vma)
        return -ENOMEM;
    vma->prot = req->prot & (PROT_READ | PROT_WRITE | PROT_EXEC);
    vma->max_prot = req->object ? req->max_prot : PROT_READ | PROT_WRITE | PROT_EXEC;
    vma->flags = vma_flags_of(req);
    if (req->object) {
        object_get(req->object);
        vma->object = req->object;
        vma->pgoff = req->offset >> PAGE_SHIFT;
    } else if (vma_is_shared(vma)) {
        int err = object_create_anon(length, &vma->object);
        if (err) {
            vma_destroy(vma);
            return err;
        }
    }
    if (req->file) {
        vm_file_ops.get(req->file);
        vma->file = req->file;
    }
    *out = vma;
    return 0;
}

static int map_locked(struct aspace *as, const struct vm_map_request *req, u64 length,
                      vaddr_t *out)
{
    struct vma *vma;
    bool is_data = !(vma_flags_of(req) & VMA_SHARED) && (req->prot & PROT_WRITE);
    vaddr_t addr;

    int err = choose_address(as, req, length, &addr);
    if (!err)
        err = limits_check(as, length >> PAGE_SHIFT, is_data);
    if (!err)
        err = promise_check(req, length >> PAGE_SHIFT, is_data);
    if (!err && as->n_areas >= MAX_AREAS)
        err = -ENOMEM;
    if (!err && (req->flags & MAP_LOCKED) &&
        (as->locked_pages << PAGE_SHIFT) + length > as->limit_memlock)
        err = -EAGAIN;
    if (!err)
        err = make_area(as, req, addr, length, &vma);
    if (err)
        return err;
    err = unmap_prepare(as, addr, addr + length);
    if (err) {
        vma_destroy(vma);
        return err;
    }

    /* commit */
    unmap_areas(as, addr, addr + length);
    vma_link(vma);
    vma_merge(vma);
    *out = addr;
    return 0;
}

int vm_mmap(struct aspace *as, const struct vm_map_request *req, vaddr_t *out)
{
    u64 length = round_length(req->length);

    if (req->length == 0)
        return -EINVAL;
    if (length == 0)
        return -ENOMEM;
    if (!is_aligned(req->offset, PAGE_SIZE))
        return -EINVAL;
    if (req->offset + length < req->offset)
        return -EOVERFLOW;
    if (req->object && (req->prot & ~req->max_prot & (PROT_READ | PROT_WRITE | PROT_EXEC)))
        return -EACCES;

    rw_write_lock(&as->lock);
    int err = map_locked(as, req, length, out);
    rw_write_unlock(&as->lock);
    if (!err && (req->flags & (MAP_POPULATE | MAP_LOCKED)) && !(req->flags & MAP_NONBLOCK))
        vm_populate(as, *out, length);
    return err;
}

/* --- munmap --- */

void unmap_entries(struct aspace *as, vaddr_t start, vaddr_t end, struct tlb_gather *g)
{
    struct pt_run run;

    for (vaddr_t va = start; pt_next_run(as, va, end, &run); va = pt_run_end(&run)) {
        struct page *table = pt_table(run.slots);
        if (!table->pt.n_used)
            continue;
        unsigned first = pt_index(run.va, 0);
        spin_lock(&table->pt.lock);
        pt_for_each_used (slot, table, first, first + run.n)
            gather_pte(g, run.va + (slot - run.slots) * PAGE_SIZE, pt_empty(slot));
        spin_unlock(&table->pt.lock);
    }
}

int unmap_prepare(struct aspace *as, vaddr_t start, vaddr_t end)
{
    int err = vma_isolate(as, start, end);

    return err ? err : pt_own_edges(as, start, end);
}

void unmap_areas_keep_tables(struct aspace *as, vaddr_t start, vaddr_t end)
{
    struct tlb_gather g;
    struct vma *vma;

    pt_drop_shared(as, start, end);
    gather_begin(&g, as);
    while ((vma = vma_find_overlap(as, start, end))) {
        assert(vma->start >= start && vma->end <= end);
        vma_unlink(vma);
        delay_point(DELAY_UNMAP);
        g.object = vma->object;
        unmap_entries(as, vma->start, vma->end, &g);
        vma_destroy(vma);
    }
    gather_end(&g);
}

void unmap_areas(struct aspace *as, vaddr_t start, vaddr_t end)
{
    struct tlb_gather g;

    if (!vma_find_overlap(as, start, end))
        return;
    unmap_areas_keep_tables(as, start, end);
    gather_begin(&g, as);
    pt_prune(as, start, end, &g);
    gather_end(&g);
}

int vm_munmap(struct aspace *as, vaddr_t addr, u64 length)
{
    u64 rounded = round_length(length);

    if (!is_aligned(addr, PAGE_SIZE) || rounded == 0 || rounded > USER_END ||
        addr > USER_END - rounded)
        return -EINVAL;
    rw_write_lock(&as->lock);
    int err = unmap_prepare(as, addr, addr + rounded);
    if (!err)
        unmap_areas(as, addr, addr + rounded);
    ledger_check(as, "at the end of munmap");
    rw_write_unlock(&as->lock);
    return err;
}

/* --- brk --- */

static int heap_grow(struct aspace *as, vaddr_t from, vaddr_t to)
{
    struct vm_map_request req = {
        .addr = from,
        .prot = PROT_READ | PROT_WRITE,
        .flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE,
        .vma_flags = VMA_HEAP,
    };
    vaddr_t at;

    if (to > USER_END || to - as->brk_start > as->limit_data)
        return -ENOMEM;
    struct vma *above = vma_find(as, from);
    if (above && claimed_start(above) < to)
        return -ENOMEM;
    return map_locked(as, &req, to - from, &at);
}

static int heap_shrink(struct aspace *as, vaddr_t from, vaddr_t to)
{
    int err = unmap_prepare(as, to, from);

    if (!err)
        unmap_areas(as, to, from);
    return err;
}

vaddr_t vm_brk(struct aspace *as, vaddr_t brk)
{
    int err = 0;

    rw_write_lock(&as->lock);
    vaddr_t old_end = align_up(as->brk, PAGE_SIZE), new_end = align_up(brk, PAGE_SIZE);
    if (brk < as->brk_start || new_end < brk)
        err = -EINVAL;
    else if (new_end > old_end)
        err = heap_grow(as, old_end, new_end);
    else if (new_end < old_end)
        err = heap_shrink(as, old_end, new_end);
    if (!err)
        as->brk = brk;
    vaddr_t result = as->brk;
    rw_write_unlock(&as->lock);
    return result;
}

/* --- stacks --- */

static int grow_locked(struct aspace *as, vaddr_t va)
{
    struct vma *vma = vma_find(as, va);

    if (!vma || !(vma->flags & VMA_GROWSDOWN))
        return -EFAULT;
    if (vma->start <= va)
        return 0; /* another thread's fault grew it */
    if (va < USER_MIN || vma->end - va > as->limit_stack)
        return -EFAULT;
    struct vma *below = vma_prev(vma);
    if (below && (below->prot & (PROT_READ | PROT_WRITE | PROT_EXEC)) &&
        va - below->end < STACK_GUARD_PAGES * PAGE_SIZE)
        return -EFAULT;
    if (below && below->end > va)
        return -EFAULT;
    if (limits_check(as, (vma->start - va) >> PAGE_SHIFT, false) != 0)
        return -EFAULT;
    vma_set_start(vma, va);
    return 0;
}

int stack_grow(struct aspace *as, vaddr_t va)
{
    rw_write_lock(&as->lock);
    int err = grow_locked(as, va);
    rw_write_unlock(&as->lock);
    return err;
}
