/* SPDX-License-Identifier: MIT */
/*
 * A user address space: its areas and its page tables.
 *
 * Locks, in order: `lock` (sleeping; read for faults, write for anything that changes areas) →
 * object->map_lock → page-table locks (page->pt.lock, from the root downwards) → frame
 * allocator. Whoever only needs the areas to hold still takes `lock` for reading.
 */
#pragma once

#include <arch/riscv/page.h>
#include <arch/riscv/pte.h>
#include <arch/riscv/hart.h>
#include <lib/list.h>
#include <lib/rbtree.h>
#include <lib/types.h>
#include <sched/mutex.h>
#include <sync/spinlock.h>
#include <vm/stats.h>
#include <vm/vma.h>

struct fork_engine;
struct ledger;

/* What a mapped page counts as. Truncation takes pages of the last three away, whoever holds as->lock. */
enum rss_kind {
    RSS_ANON,   /* in an area without an object */
    RSS_COPIED, /* a private copy of an object's page */
    RSS_FILE,
    RSS_SHMEM,
    RSS_N_KINDS,
};

struct aspace {
    u32 users;                        /* atomic: threads and others that keep it alive */
    pte_t *root;                      /* set at creation: root table (direct map) */
    paddr_t root_pa;                  /* set at creation */
    const struct fork_engine *engine; /* how fork treats it; `lock` */

    struct rwmutex lock;
    struct rb_root areas;   /* `lock`: struct vma by address */
    u32 n_areas;            /* `lock` */
    struct vma *hint;       /* atomic; area of the last look-up, NULL after areas changed */
    vaddr_t brk_start, brk; /* `lock`: heap */
    vaddr_t mmap_top;       /* `lock`: mmap allocates downwards from here */
    vaddr_t stack_top;      /* set by exec */
    u64 total_pages, data_pages, stack_pages, exec_pages, locked_pages; /* `lock` */
    u64 peak_total_pages;
    u64 limit_as, limit_data, limit_stack,
        limit_memlock; /* bytes; copied from the process's limits */
    vaddr_t arg_start, arg_end, env_start, env_end; /* set by exec, for /proc */
    vaddr_t code_start, code_end, data_start, data_end;
    struct file *exe; /* set by exec; holds a reference; may be NULL */
    u64 auxv[40];     /* set by exec, for /proc/PID/auxv; AT_NULL-terminated pairs */

    bool has_shared;      /* `lock`: once true, some table may be shared */
    s64 rss[RSS_N_KINDS]; /* atomic: pages mapped */
    s64 peak_rss;
    u64 events[VM_N_EVENTS]; /* atomic (relaxed): counters of this address space */

    u64 asid;          /* asid lock for writing: generation << 16 | number */
    bool has_old_asid; /* asid lock: some hart may still run it under an earlier number */
    u64 harts_active;  /* atomic: harts that have it loaded; see vm/tlb.h */
    u64 harts_cached;  /* atomic: harts whose cached entries are up to date */
    struct list_head all_link; /* list of all address spaces, for the recount */
#ifdef DEBUG
    struct ledger *ledger; /* vm/ledger.c */
#endif
};

static inline void vm_count(struct aspace *as, enum vm_event event, u64 n)
{
    __atomic_fetch_add(&as->events[event], n, __ATOMIC_RELAXED);
}

/* At boot, one hart. The engine of fork, "" or NULL: the default; how many entries a leaf table
 * must have to be shared, 0: the default. */
void vm_init(const char *fork_engine_name, u64 dense);

/* An empty address space with one user. Returns 0, -ENOMEM. */
int must_check aspace_create(struct aspace **out);
void aspace_get(struct aspace *as);
/* The last user's put frees everything. Sleeps. */
void aspace_put(struct aspace *as);

/* Makes `child` (fresh, from aspace_create) a fork of `parent`. Takes parent->lock for writing.
 * On return no hart holds a stale writable translation of the parent (COW-6). Returns 0,
 * -ENOMEM, -EOVERFLOW; on failure the child is empty and nothing is lost. */
int must_check uvmcopy(struct aspace *parent, struct aspace *child);

/* Loads `as` (NULL: the kernel's) on this hart. Called by the scheduler at a switch. */
void aspace_switch(struct aspace *as);
/* The calling thread works in another address space for a while (exec building a stack, reading
 * another process's memory): copyin/copyout then mean that one. Returns the previous one.
 * Nests. */
struct aspace *aspace_use(struct aspace *as);

/* Walks all page tables of all address spaces and compares with every frame's count
 * (docs/fork.md). Needs a quiet machine (all other threads waiting). Writes "ok ...\n" or one
 * line per mismatch. */
size_t vm_recount(char *buf, size_t size);
/* Pages mapped, of one kind. */
static inline u64 aspace_rss(const struct aspace *as, enum rss_kind kind)
{
    s64 pages = __atomic_load_n(&as->rss[kind], __ATOMIC_RELAXED);
    return pages > 0 ? pages : 0; /* figures of several harts may pass each other */
}
static inline u64 aspace_rss_total(const struct aspace *as)
{
    return aspace_rss(as, RSS_ANON) + aspace_rss(as, RSS_COPIED) + aspace_rss(as, RSS_FILE) +
           aspace_rss(as, RSS_SHMEM);
}
/* How fork treats it: "eager", "cow", "share". Setting returns 0, -EINVAL. */
int aspace_set_engine(struct aspace *as, const char *name);
const char *aspace_engine_name(const struct aspace *as);
