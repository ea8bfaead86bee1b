/* SPDX-License-Identifier: MIT */
/*
 * Fork of an address space: uvmcopy() and its engines.
 *
 *   eager   every private page is copied at once (what Unix did before copy-on-write)
 *   cow     pages are shared until somebody writes
 *   share   whole page tables are shared until somebody goes there (the default)
 *
 * All obey the same rules and are told apart in one place, struct fork_engine.
 *
 * COW-6: before uvmcopy() returns, and so before the child can run, no hart can still write
 * through a translation of the parent that has become cow, or go through a table that was
 * parked.
 *
 * Which tables may be shared: those in whose span the parent has nothing but private anonymous
 * areas that the child inherits. So a page of an object is never mapped through a shared table,
 * and truncation, which reaches mappings from the object's side, never meets one. Tables with
 * few entries are copied: that is cheaper than the faults that sharing them would cost.
 *
 * Locks: the parent's lock for writing, so that no thread of it faults or maps meanwhile. The
 * child is not running yet, but its areas of objects are already known to truncation: its
 * tables are locked like any other.
 */
#include <debug/assert.h>
#include <debug/delay.h>
#include <debug/trace.h>
#include <lib/string.h>
#include <linux/errno.h>
#include <sched/thread.h>
#include <vm/internal.h>
#include <vm/mmap.h>
#include <vm/pt.h>
#include <vm/tlb.h>

struct share_policy share_policy = {.dense_leaf = 48, .dense_upper = 8};

static int copy_tables(struct aspace *parent, struct aspace *child);
static void copy_figures(const struct aspace *parent, struct aspace *child);

int uvmcopy(struct aspace *parent, struct aspace *child)
{
    rw_write_lock(&parent->lock);
    rw_write_lock_nested(&child->lock);
    int err = vma_copy_all(parent, child);
    if (!err)
        err = copy_tables(parent, child);
    if (!err) {
        copy_figures(parent, child);
    }
    delay_point(DELAY_FORK_FLUSH);
    /* COW-6; after a failure too, for some entries may have become cow by then */
    aspace_flush_all(parent);
    ledger_check(parent, "at the end of fork");
    rw_write_unlock(&child->lock);
    rw_write_unlock(&parent->lock);
    return err;
}

static void copy_figures(const struct aspace *parent, struct aspace *child)
{
    child->engine = parent->engine;
    child->brk_start = parent->brk_start;
    child->brk = parent->brk;
    child->mmap_top = parent->mmap_top;
    child->stack_top = parent->stack_top;
    child->limit_as = parent->limit_as;
    child->limit_data = parent->limit_data;
    child->limit_stack = parent->limit_stack;
    child->limit_memlock = parent->limit_memlock;
    child->arg_start = parent->arg_start;
    child->arg_end = parent->arg_end;
    child->env_start = parent->env_start;
    child->env_end = parent->env_end;
    child->code_start = parent->code_start;
    child->code_end = parent->code_end;
    child->data_start = parent->data_start;
    child->data_end = parent->data_end;
    memcpy(child->auxv, parent->auxv, sizeof(child->auxv));
    child->exe = parent->exe;
    if (child->exe)
        vm_file_ops.get(child->exe);
}

struct span {
    vaddr_t start, end;
    unsigned level; /* of the table whose entry serves it */
};

static int copy_spans(struct aspace *parent, struct aspace *child, const struct span *within);

/* --- a whole table --- */

static bool is_dense(const struct page *table)
{
    return table->pt.n_used >=
           (table->pt.level == 0 ? share_policy.dense_leaf : share_policy.dense_upper);
}

static bool is_shareable(struct aspace *parent, const struct span *span)
{
    struct vma *vma = vma_find(parent, span->start);

    for (; vma && vma->start < span->end; vma = vma_next(vma)) {
        if (vma->object || !vma_is_inherited(vma))
            return false;
    }
    return true;
}

static bool wants_sharing(struct aspace *parent, pte_t e, const struct span *span)
{
    return parent->engine->shares_tables && (pte_is_shared(e) || is_dense(pte_page(e))) &&
           is_shareable(parent, span);
}

/* The child's slot for a span, in a table of its own. */
static int child_slot(struct aspace *child, const struct span *span, pte_t **slot)
{
    *slot = pt_upper_slot(child, span->start, span->level);
    if (*slot)
        return 0;
    /* the first entry in the child's table above */
    pte_t *above = pt_upper_slot(child, span->start, PT_LEVELS - 1);
    int err = pt_own(child, above, PT_LEVELS - 1);
    *slot = pt_upper_slot(child, span->start, span->level);
    return err;
}

/* One more reference: parks the parent's entry, if the table was private. */
static int share_table(struct aspace *parent, pte_t *from, struct aspace *child,
                       const struct span *span)
{
    pte_t e = pte_load(from), *to;
    int err = child_slot(child, span, &to);

    if (!err)
        err = inc_ref(pte_page(e));
    if (err)
        return err;
    if (pte_is_private(e)) {
        e = pte_make_parked(pte_pfn(e));
        pt_lock(from);
        pte_store(from, e);
        pt_unlock(from);
        ledger_revoke(parent, 0, USER_END);
    }
    /* a linked entry stays linked in both: neither will ever fault for reading */
    pt_lock(to);
    pt_enter(to, e);
    pt_unlock(to);
    parent->has_shared = child->has_shared = true;
    vm_count(parent, VM_TABLE_SHARED, 1);
    return 0;
}

/* --- entry by entry --- */

/* What a leaf table of the parent's own holds, area by area. */
static int copy_leaf(struct aspace *parent, pte_t *from, struct aspace *child,
                     const struct span *span)
{
    pte_t *to;
    int err = walk_alloc(child, span->start, &to);

    if (err)
        return err;
    struct spinlock *a = &pt_table(from)->pt.lock, *b = &pt_table(to)->pt.lock;
    spin_lock_pair(a, b);
    for (struct vma *vma = vma_find(parent, span->start); vma && vma->start < span->end && !err;
         vma = vma_next(vma)) {
        if (!vma_is_inherited(vma))
            continue;
        vaddr_t start = max(vma->start, span->start), end = min(vma->end, span->end);
        struct pt_run run = {from + pt_index(start, 0), start, (end - start) / PAGE_SIZE};
        err = parent->engine->copy_run(vma, &run, to + pt_index(start, 0), child);
    }
    spin_unlock(b);
    spin_unlock(a);
    sched_point();
    return err;
}

/* --- the walk that chooses --- */

static int copy_span(struct aspace *parent, struct aspace *child, const struct span *span)
{
    pte_t *from = pt_upper_slot(parent, span->start, span->level);
    pte_t e = from ? pte_load(from) : PTE_NONE;

    if (pte_is_none(e) || !pte_page(e)->pt.n_used)
        return 0;
    if (wants_sharing(parent, e, span))
        return share_table(parent, from, child, span);
    int err = pte_is_private(e) ? 0 : pt_own(parent, from, span->level);
    if (err)
        return err;
    return span->level > 1 ? copy_spans(parent, child, span)
                           : copy_leaf(parent, pte_table(pte_load(from)), child, span);
}

/* Each entry, one level below `within`, that serves an area. */
static int copy_spans(struct aspace *parent, struct aspace *child, const struct span *within)
{
    unsigned level = within->level - 1;
    u64 size = pt_span(level);
    vaddr_t va = within->start;
    struct vma *vma;

    while ((vma = vma_find(parent, va)) && vma->start < within->end) {
        vaddr_t start = align_down(max(vma->start, va), size);
        struct span span = {start, min(start + size, (vaddr_t)USER_END), level};
        int err = copy_span(parent, child, &span);
        if (err)
            return err;
        va = span.end;
        if (va >= within->end)
            break;
    }
    return 0;
}

static int copy_tables(struct aspace *parent, struct aspace *child)
{
    return copy_spans(parent, child, &(struct span){0, USER_END, PT_LEVELS});
}

/* --- engines --- */

static const struct fork_engine engines[] = {
    {"share", true, cow_share_run},
    {"cow", false, cow_share_run},
    {"eager", false, cow_copy_run},
};

const struct fork_engine *fork_engine_default = &engines[0];

const struct fork_engine *fork_engine_find(const char *name)
{
    for (size_t i = 0; i < ARRAY_SIZE(engines); i++) {
        if (strcmp(engines[i].name, name) == 0)
            return &engines[i];
    }
    return NULL;
}
