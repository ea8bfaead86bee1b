/* SPDX-License-Identifier: MIT */
/*
 * The life of an address space, and the machine's list of them; see aspace.h.
 *
 * `users` counts threads and whoever else works in it for a while. The last put tears it down;
 * no hart has it loaded then, and none will load it again, so frames are dropped without a
 * flush: its ASID is not given to another address space before every hart has flushed
 * everything (vm/tlb.c).
 */
#include <debug/assert.h>
#include <debug/log.h>
#include <lib/string.h>
#include <linux/errno.h>
#include <mem/cache.h>
#include <mem/kmap.h>
#include <sched/thread.h>
#include <vm/internal.h>
#include <vm/mmap.h>
#include <vm/pt.h>
#include <vm/tlb.h>

/* Between the top of the address space and the first mapping: room for a stack that grows. */
#define STACK_GAP (136 * MiB)

static struct cache *aspace_cache;
static struct spinlock list_lock = SPINLOCK_INIT("aspace list");
static struct list_head all = LIST_INIT(all); /* list_lock */

struct vm_file_ops vm_file_ops;
static u64 past_events[VM_N_EVENTS]; /* list_lock: of address spaces that are gone */

const char *const vm_event_names[VM_N_EVENTS] = {
    [VM_SHARED] = "cow_shared",           [VM_REUSED] = "cow_reused",
    [VM_COPIED] = "cow_copied",           [VM_ZERO_FILLED] = "cow_zero_filled",
    [VM_ZERO_MAPPED] = "cow_zero_mapped", [VM_FILE_MAPPED] = "cow_file_mapped",
    [VM_SPURIOUS] = "cow_spurious",       [VM_OOM] = "cow_oom",
    [VM_FLUSH_LOCAL] = "tlb_flush_local", [VM_FLUSH_REMOTE] = "tlb_flush_remote",
    [VM_TABLE_ALLOC] = "pt_alloc",        [VM_TABLE_FREE] = "pt_free",
    [VM_TABLE_SHARED] = "pt_shared",      [VM_TABLE_SEALED] = "pt_sealed",
    [VM_TABLE_LINKED] = "pt_linked",      [VM_TABLE_RECLAIMED] = "pt_reclaimed",
    [VM_TABLE_COPIED] = "pt_copied",      [VM_AHEAD] = "cow_ahead",
};

u64 vm_event_total(enum vm_event event)
{
    struct aspace *as;

    spin_lock(&list_lock);
    u64 sum = past_events[event];
    list_for_each (as, &all, all_link)
        sum += __atomic_load_n(&as->events[event], __ATOMIC_RELAXED);
    spin_unlock(&list_lock);
    return sum;
}

/* Its figures go into the past's in the same step as it leaves the list. */
static void list_remove(struct aspace *as)
{
    spin_lock(&list_lock);
    list_del(&as->all_link);
    for (unsigned i = 0; i < VM_N_EVENTS; i++)
        past_events[i] += as->events[i];
    spin_unlock(&list_lock);
}

void vm_init(const char *engine_name, u64 dense)
{
    aspace_cache = cache_create("aspace", sizeof(struct aspace));
    vma_init();
    object_cache_init();
    asid_init();
    if (dense)
        share_policy.dense_leaf = dense;
    if (!engine_name || !*engine_name)
        return;
    const struct fork_engine *engine = fork_engine_find(engine_name);
    if (engine)
        fork_engine_default = engine;
    else
        log_warn("fork=%s: no such engine, taking %s", engine_name, fork_engine_default->name);
}

int aspace_create(struct aspace **out)
{
    struct aspace *as = cache_zalloc(aspace_cache);

    if (!as)
        return -ENOMEM;
    struct page *root = pt_create_root();
    if (!root) {
        cache_free(aspace_cache, as);
        return -ENOMEM;
    }
    as->users = 1;
    as->root = page_to_va(root);
    as->root_pa = page_to_pa(root);
    as->engine = fork_engine_default;
    as->mmap_top = USER_END - STACK_GAP;
    as->limit_as = as->limit_data = as->limit_memlock = UINT64_MAX;
    as->limit_stack = 8 * MiB;
    rw_init(&as->lock, "aspace");
    ledger_create(as);

    spin_lock(&list_lock);
    list_add_tail(&as->all_link, &all);
    spin_unlock(&list_lock);
    *out = as;
    return 0;
}

void aspace_get(struct aspace *as)
{
    __atomic_fetch_add(&as->users, 1, __ATOMIC_RELAXED);
}

/* Nobody works in it any more; but truncation, which comes from an object's side, may be at its
 * tables until their areas have left the object's list. */
static void destroy(struct aspace *as)
{
    struct vma *vma;

    rb_for_each (vma, &as->areas, node) {
        if (vma->object)
            object_remove_area(vma);
    }
    pt_drop_all(as);
    vma_destroy_all(as);

    struct page *root = pa_to_page(as->root_pa);
    assert_msg(root->pt.n_used == 0, "%u tables left", root->pt.n_used);
    kmap_empty_root(page_to_va(root));
    kfree_zeroed(root);
    if (as->exe)
        vm_file_ops.put(as->exe);
    ledger_destroy(as);
    list_remove(as);
    cache_free(aspace_cache, as);
}

void aspace_put(struct aspace *as)
{
    if (__atomic_fetch_sub(&as->users, 1, __ATOMIC_ACQ_REL) != 1)
        return;
    assert_msg(as->harts_active == 0, "still loaded on harts %lx", as->harts_active);
    destroy(as);
}

struct aspace *aspace_use(struct aspace *as)
{
    struct aspace *previous = current->aspace;

    current->aspace = as;
    aspace_switch(as);
    return previous;
}

int aspace_set_engine(struct aspace *as, const char *name)
{
    const struct fork_engine *engine = fork_engine_find(name);

    if (!engine)
        return -EINVAL;
    rw_write_lock(&as->lock);
    as->engine = engine;
    rw_write_unlock(&as->lock);
    return 0;
}

const char *aspace_engine_name(const struct aspace *as)
{
    return __atomic_load_n(&as->engine, __ATOMIC_RELAXED)->name;
}

/* One more user, unless it is on its way out. */
static bool get_unless_dead(struct aspace *as)
{
    u32 users = __atomic_load_n(&as->users, __ATOMIC_RELAXED);

    while (users) {
        if (__atomic_compare_exchange_n(&as->users, &users, users + 1, true, __ATOMIC_ACQ_REL,
                                        __ATOMIC_RELAXED))
            return true;
    }
    return false;
}

/* The first live address space behind `at` in the list, with a reference. */
static struct aspace *next_alive(struct aspace *at)
{
    struct aspace *as = NULL;

    spin_lock(&list_lock);
    struct list_head *link = at ? at->all_link.next : all.next;
    for (; link != &all; link = link->next) {
        struct aspace *candidate = list_entry(link, struct aspace, all_link);
        if (get_unless_dead(candidate)) {
            as = candidate;
            break;
        }
    }
    spin_unlock(&list_lock);
    return as;
}

void aspace_for_each(bool (*fn)(void *arg, struct aspace *as), void *arg)
{
    struct aspace *as = next_alive(NULL);

    while (as) {
        bool go_on = fn(arg, as);
        struct aspace *next = go_on ? next_alive(as) : NULL;
        aspace_put(as);
        as = next;
    }
}
