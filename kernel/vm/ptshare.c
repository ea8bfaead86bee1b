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

static int copy_areas(struct aspace *parent, struct aspace *child);
static void copy_figures(const struct aspace *parent, struct aspace *child);
static void copy_rss(struct aspace *parent, struct aspace *child);

int uvmcopy(struct aspace *parent, struct aspace *child)
{
    rw_write_lock(&parent->lock);
    rw_write_lock_nested(&child->lock);
    int err = copy_areas(parent, child);
    if (!err)
        err = parent->engine->copy_tables(parent, child);
    if (!err) {
        copy_figures(parent, child);
        copy_rss(parent, child);
    }
    delay_point(DELAY_FORK_FLUSH);
    /* COW-6; after a failure too, for some entries may have become cow by then */
    aspace_flush_all(parent);
    ledger_check(parent, "at the end of fork");
    rw_write_unlock(&child->lock);
    rw_write_unlock(&parent->lock);
    return err;
}

static bool is_inherited(const struct vma *vma)
{
    return !(vma->flags & (VMA_DONTFORK | VMA_WIPEONFORK));
}

static int copy_areas(struct aspace *parent, struct aspace *child)
{
    struct vma *from;

    rb_for_each (from, &parent->areas, node) {
        if (from->flags & VMA_DONTFORK)
            continue;
        struct vma *vma = vma_dup(from, child);
        if (!vma)
            return -ENOMEM;
        vma->flags &= ~VMA_LOCKED; /* mlock(2): locks are not inherited */
        vma_link_copy(vma, from);
    }
    return 0;
}

/* Of anonymous areas the child has resident what the parent has, but for those that it did not inherit. Pages of areas with
 * objects were counted one by one: truncation may already have taken some away again. */
static void copy_rss(struct aspace *parent, struct aspace *child)
{
    struct vma *vma;

    child->rss[RSS_ANON] = parent->rss[RSS_ANON];
    rb_for_each (vma, &parent->areas, node) {
        if (!is_inherited(vma))
            child->rss[RSS_ANON] -= vma_anon_pages(vma);
    }
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

/* --- page by page: eager, cow --- */

typedef int copy_run_fn(const struct vma *vma, struct pt_run *parent, pte_t *child,
                        struct aspace *child_as);

static int copy_range(const struct vma *vma, vaddr_t start, vaddr_t end, struct aspace *child,
                      copy_run_fn *copy_run)
{
    struct pt_run run;

    for (vaddr_t va = start; pt_next_run(vma->aspace, va, end, &run); va = pt_run_end(&run)) {
        pte_t *slots;
        if (!pt_table(run.slots)->pt.n_used)
            continue;
        int err = walk_alloc(child, run.va, &slots);
        if (!err)
            err = copy_run(vma, &run, slots, child);
        if (err)
            return err;
        sched_point();
    }
    return 0;
}

static int copy_all(struct aspace *parent, struct aspace *child, copy_run_fn *copy_run)
{
    struct vma *vma;
    int err = pt_own_range(parent, 0, USER_END);

    if (err)
        return err;
    rb_for_each (vma, &parent->areas, node) {
        err = is_inherited(vma) ? copy_range(vma, vma->start, vma->end, child, copy_run) : 0;
        if (err)
            return err;
    }
    return 0;
}

static int eager_copy_tables(struct aspace *parent, struct aspace *child)
{
    return copy_all(parent, child, cow_copy_run);
}

static int cow_copy_tables(struct aspace *parent, struct aspace *child)
{
    return copy_all(parent, child, cow_share_run);
}

/* --- table by table: share --- */

struct span {
    vaddr_t start, end;
    unsigned level; /* of the table whose entry serves it */
};

static int share_spans(struct aspace *parent, struct aspace *child, const struct span *within);

static bool is_shareable(struct aspace *parent, const struct span *span)
{
    struct vma *vma = vma_find(parent, span->start);

    for (; vma && vma->start < span->end; vma = vma_next(vma)) {
        if (vma->object || !is_inherited(vma))
            return false;
    }
    return true;
}

static bool is_dense(const struct page *table)
{
    return table->pt.n_used >=
           (table->pt.level == 0 ? share_policy.dense_leaf : share_policy.dense_upper);
}

static int share_table(struct aspace *parent, pte_t *from, struct aspace *child,
                       const struct span *span)
{
    pte_t *to = pt_upper_slot(child, span->start, span->level);

    if (!to) {
        /* the first entry in the child's table above */
        int err =
            pt_own(child, pt_upper_slot(child, span->start, PT_LEVELS - 1), PT_LEVELS - 1);
        if (err)
            return err;
        to = pt_upper_slot(child, span->start, span->level);
    }
    return pt_share(parent, from, child, to);
}

/* What one leaf table holds, entry by entry, area by area. */
static int copy_leaf_span(struct aspace *parent, struct aspace *child, const struct span *span)
{
    struct vma *vma = vma_find(parent, span->start);

    for (; vma && vma->start < span->end; vma = vma_next(vma)) {
        if (!is_inherited(vma))
            continue;
        int err = copy_range(vma, max(vma->start, span->start), min(vma->end, span->end), child,
                             cow_share_run);
        if (err)
            return err;
    }
    return 0;
}

static int share_span(struct aspace *parent, struct aspace *child, const struct span *span)
{
    pte_t *from = pt_upper_slot(parent, span->start, span->level);
    pte_t e = from ? pte_load(from) : PTE_NONE;

    if (pte_is_none(e))
        return 0;
    if ((pte_is_shared(e) || is_dense(pte_page(e))) && is_shareable(parent, span))
        return share_table(parent, from, child, span);
    int err = pt_own(parent, from, span->level);
    if (err)
        return err;
    return span->level > 1 ? share_spans(parent, child, span)
                           : copy_leaf_span(parent, child, span);
}

/* Each entry, one level below `within`, that serves an area. */
static int share_spans(struct aspace *parent, struct aspace *child, const struct span *within)
{
    unsigned level = within->level - 1;
    u64 size = pt_span(level);
    vaddr_t va = within->start;
    struct vma *vma;

    while ((vma = vma_find(parent, va)) && vma->start < within->end) {
        vaddr_t start = align_down(max(vma->start, va), size);
        struct span span = {start, min(start + size, (vaddr_t)USER_END), level};
        int err = share_span(parent, child, &span);
        if (err)
            return err;
        va = span.end;
        if (va >= within->end)
            break;
    }
    return 0;
}

static int share_copy_tables(struct aspace *parent, struct aspace *child)
{
    return share_spans(parent, child, &(struct span){0, USER_END, PT_LEVELS});
}

static const struct fork_engine engines[] = {
    {"share", share_copy_tables},
    {"cow", cow_copy_tables},
    {"eager", eager_copy_tables},
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
