/* SPDX-License-Identifier: MIT */
/*
 * Fork of an address space: uvmcopy() and its engines.
 *
 *   eager   every private page is copied at once (what Unix did before copy-on-write)
 *   cow     pages are shared until somebody writes (the default)
 *
 * Both obey the same rules and are told apart in one place, struct fork_engine; sharing whole
 * tables will be a third.
 *
 * COW-6: before uvmcopy() returns, and so before the child can run, no hart can still write
 * through a translation of the parent that has become cow.
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

static int copy_areas(struct aspace *parent, struct aspace *child);
static int copy_area(struct aspace *child, struct vma *from);
static void copy_figures(const struct aspace *parent, struct aspace *child);

int uvmcopy(struct aspace *parent, struct aspace *child)
{
    rw_write_lock(&parent->lock);
    rw_write_lock_nested(&child->lock);
    int err = copy_areas(parent, child);
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

static int copy_areas(struct aspace *parent, struct aspace *child)
{
    struct vma *vma;

    rb_for_each (vma, &parent->areas, node) {
        if (vma->flags & VMA_DONTFORK)
            continue;
        int err = copy_area(child, vma);
        if (err)
            return err;
        sched_point();
    }
    return 0;
}

static int copy_area(struct aspace *child, struct vma *from)
{
    struct vma *vma = vma_dup(from, child);

    if (!vma)
        return -ENOMEM;
    vma->flags &= ~VMA_LOCKED; /* mlock(2): locks are not inherited */
    vma_link_copy(vma, from);
    if (from->flags & VMA_WIPEONFORK)
        return 0;
    return from->aspace->engine->copy_area(from, child);
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

/* --- engines --- */

typedef int copy_run_fn(const struct vma *vma, struct pt_run *parent, pte_t *child,
                        struct aspace *child_as);

static int for_each_run(struct vma *from, struct aspace *child, copy_run_fn *copy_run)
{
    struct pt_run run;

    for (vaddr_t va = from->start; pt_next_run(from->aspace, va, from->end, &run);
         va = pt_run_end(&run)) {
        pte_t *slots;
        if (!pt_table(run.slots)->pt.n_used)
            continue;
        int err = walk_alloc(child, run.va, &slots);
        if (!err)
            err = copy_run(from, &run, slots, child);
        if (err)
            return err;
        sched_point();
    }
    return 0;
}

static int eager_copy_area(struct vma *from, struct aspace *child)
{
    return for_each_run(from, child, cow_copy_run);
}

static int cow_copy_area(struct vma *from, struct aspace *child)
{
    return for_each_run(from, child, cow_share_run);
}

static const struct fork_engine engines[] = {
    {"cow", cow_copy_area},
    {"eager", eager_copy_area},
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
