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
 * What an object has is not copied at all: the child's faults find it there again. Of an area
 * that maps one only pages that became private copies are, and what lies between them.
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

/* Measured (docs/fork.md): shared, a leaf table of four entries costs 2,070 instructions less if
 * the child never goes there, and 300 less if it does. */
struct share_policy share_policy = {.dense_leaf = 4, .dense_upper = 8};

static int copy_tables(struct aspace *parent, struct aspace *child);
static void copy_figures(const struct aspace *parent, struct aspace *child);

int uvmcopy(struct aspace *parent, struct aspace *child)
{
    rw_write_lock(&parent->lock);
    rw_write_lock_nested(&child->lock);
    int err = vma_copy_all(parent, child);
    if (!err)
        err = copy_tables(parent, child);
    if (!err)
        copy_figures(parent, child);
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

/* What one upper entry of the parent serves. */
struct span {
    vaddr_t start, end;
    unsigned level;   /* of the table that the entry is in */
    pte_t *from;      /* the entry */
    struct vma *area; /* the first that is copied */
};

static int copy_spans(struct aspace *parent, struct aspace *child, const struct span *within);

/* An empty table for the child. Truncation may walk there already: hence the lock. */
static int add_table(struct aspace *child, pte_t *slot, unsigned level)
{
    struct page *table = pt_create(level);

    if (!table)
        return -ENOMEM;
    pt_lock(slot);
    pt_enter(slot, pte_make_table(page_to_pfn(table)));
    pt_unlock(slot);
    vm_count(child, VM_TABLE_ALLOC, 1);
    return 0;
}

/* The child's slot for va in a table of `level`; those that lead there are made as needed. */
static int child_slot(struct aspace *child, vaddr_t va, unsigned level, pte_t **slot)
{
    pte_t *table = child->root;

    for (unsigned at = PT_LEVELS - 1; at > level; at--) {
        pte_t *above = &table[pt_index(va, at)];
        if (pte_is_none(pte_load(above)) && add_table(child, above, at - 1))
            return -ENOMEM;
        table = pte_table(pte_load(above));
    }
    *slot = &table[pt_index(va, level)];
    return 0;
}

/* This area or the first after it whose pages the child gets here. */
static struct vma *next_copied(struct vma *vma)
{
    while (vma && !vma_is_copied(vma))
        vma = vma_next(vma);
    return vma;
}

/* --- a whole table --- */

static bool is_dense(const struct page *table)
{
    return table->pt.n_used >=
           (table->pt.level == 0 ? share_policy.dense_leaf : share_policy.dense_upper);
}

static bool is_shareable(struct aspace *parent, const struct span *span)
{
    if (span->area->start <= span->start && span->end <= span->area->end)
        return !span->area->object; /* the only one */

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

/* How many spans from this one on the first area covers, in the same table; at least this. */
static unsigned n_covered(const struct span *span)
{
    u64 size = pt_span(span->level);
    unsigned n_behind = PT_ENTRIES - pt_index(span->start, span->level);

    if (span->area->start > span->start || span->area->end < span->start + 2 * size)
        return 1;
    return min((span->area->end - span->start) / size, (u64)n_behind);
}

/*
 * One more reference for this table and for those behind it that its area covers whole; parks
 * the parent's entry where the table was private. Stops at the first that is too small, and
 * tells in span->end how far it got. Locks: takes both tables'. Returns 0, -EOVERFLOW.
 */
static int share_run(struct aspace *parent, struct span *span, pte_t *to)
{
    struct page *upper = pt_table(span->from), *copy = pt_table(to);
    unsigned i = 0, n = n_covered(span), n_shared = 0;
    int err = 0;

    spin_lock_pair(&upper->pt.lock, &copy->pt.lock);
    for (; i < n; i++) {
        pte_t e = pte_load(&span->from[i]);
        if (pte_is_none(e))
            continue;
        if (!pte_is_shared(e) && !is_dense(pte_page(e)))
            break;
        err = inc_ref(pte_page(e));
        if (unlikely(err))
            break;
        if (pte_is_private(e)) {
            e = pte_make_parked(pte_pfn(e));
            pte_store(&span->from[i], e);
        }
        /* a linked entry stays linked in both: neither will ever fault for reading */
        to[i] = e;
        n_shared++;
    }
    copy->pt.groups |= upper->pt.groups;
    copy->pt.n_used += n_shared;
    spin_unlock(&copy->pt.lock);
    spin_unlock(&upper->pt.lock);
    ledger_revoke(parent, 0, USER_END);
    vm_count(parent, VM_TABLE_SHARED, n_shared);
    span->end = max(span->end, min(span->start + i * pt_span(span->level), (vaddr_t)USER_END));
    return err;
}

static int share_tables(struct aspace *parent, struct aspace *child, struct span *span)
{
    pte_t *to;
    int err = child_slot(child, span->start, span->level, &to);

    parent->has_shared = child->has_shared = true;
    return err ? err : share_run(parent, span, to);
}

/* --- entry by entry --- */

/* Do pages of both count as the same kinds? Then one pass does for both. */
static bool counts_alike(const struct vma *a, const struct vma *b)
{
    if (!a->object || !b->object)
        return a->object == b->object;
    return !a->object->owner == !b->object->owner;
}

/* The last of the neighbours that one pass can do together with `vma`. */
static struct vma *last_alike(struct vma *vma, const struct span *span)
{
    struct vma *last = vma, *next;

    while ((next = vma_next(last)) && next->start < span->end && vma_is_copied(next) &&
           counts_alike(vma, next))
        last = next;
    return last;
}

/* What a leaf table of the parent's own holds. */
static int copy_leaf(struct aspace *parent, struct aspace *child, const struct span *span)
{
    pte_t *from = pte_table(pte_load(span->from)), *to;
    int err = child_slot(child, span->start, 0, &to);

    if (err)
        return err;
    struct spinlock *a = &pt_table(from)->pt.lock, *b = &pt_table(to)->pt.lock;
    spin_lock_pair(a, b);
    struct vma *vma = span->area;
    while (vma && vma->start < span->end && !err) {
        struct vma *last = last_alike(vma, span);
        vaddr_t start = max(vma->start, span->start), end = min(last->end, span->end);
        struct pt_run run = {from + pt_index(start, 0), start, (end - start) / PAGE_SIZE};
        err = parent->engine->copy_run(vma, &run, to + pt_index(start, 0), child);
        vma = next_copied(vma_next(last));
    }
    spin_unlock(b);
    spin_unlock(a);
    sched_point();
    return err;
}

/* --- the walk that chooses --- */

/* span->end is moved when more than this one could be done at once. */
static int copy_span(struct aspace *parent, struct aspace *child, struct span *span)
{
    pte_t e = pte_load(span->from);

    if (pte_is_none(e) || !pte_page(e)->pt.n_used)
        return 0;
    if (wants_sharing(parent, e, span))
        return share_tables(parent, child, span);
    int err = pte_is_private(e) ? 0 : pt_own(parent, span->from, span->level);
    if (err)
        return err;
    return span->level > 1 ? copy_spans(parent, child, span) : copy_leaf(parent, child, span);
}

/* What the table behind an entry serves, entry by entry as far as there are areas to copy. */
static int copy_spans(struct aspace *parent, struct aspace *child, const struct span *within)
{
    pte_t *table = within->from ? pte_table(pte_load(within->from)) : parent->root;
    unsigned level = within->level - 1;
    u64 size = pt_span(level);
    vaddr_t va = within->start;
    struct vma *vma;
    int err = 0;

    while (!err && va < within->end && (vma = next_copied(vma_find(parent, va))) &&
           vma->start < within->end) {
        vaddr_t start = align_down(max(vma->start, va), size);
        vaddr_t end = min(start + size, (vaddr_t)USER_END);
        struct span span = {start, end, level, &table[pt_index(start, level)], vma};
        err = copy_span(parent, child, &span);
        va = span.end;
    }
    return err;
}

static int copy_tables(struct aspace *parent, struct aspace *child)
{
    return copy_spans(parent, child, &(struct span){0, USER_END, PT_LEVELS, NULL, NULL});
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
