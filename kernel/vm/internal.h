/* SPDX-License-Identifier: MIT */
/* What the files of vm/ tell each other: areas, the steps of a fault, the fork engines. */
#pragma once

#include <arch/riscv/pte.h>
#include <asm/mman.h>
#include <mem/kmap.h>
#include <vm/aspace.h>
#include <vm/fault.h>
#include <vm/object.h>
#include <vm/vma.h>

struct pt_run;
struct tlb_gather;

/* where debug builds wait a random time (debug/delay.h) */
enum { DELAY_FAULT = 0x100, DELAY_COW_BREAK, DELAY_FORK_FLUSH, DELAY_UNMAP, DELAY_TABLE };

/* --- areas: vma.c. Locks: as->lock for writing unless it says otherwise --- */

#define MAX_AREAS 65530 /* as Linux's default vm.max_map_count */

void vma_init(void);
/* A blank area, not yet in the address space; NULL: no memory. */
struct vma *vma_create(struct aspace *as, vaddr_t start, vaddr_t end);
/* Gives the area's references and memory back; it is in no tree or list any more. */
void vma_destroy(struct vma *vma);
/* All areas of an address space that is dead, whose objects do not know of them any more. */
void vma_destroy_all(struct aspace *as);
/* A copy for another address space, with references of its own, in no tree or list. NULL: no
 * memory. */
struct vma *vma_dup(const struct vma *vma, struct aspace *as);
void vma_link(struct vma *vma);
/* For fork: gives the child, which is empty, a copy of each area that it inherits, and the
 * figures that go with them (of RSS_ANON too: what is resident in areas without an object comes
 * along as a whole). Locks: both for writing. Returns 0, -ENOMEM. */
int must_check vma_copy_all(struct aspace *parent, struct aspace *child);
/* `vma` is a copy of `from`, next to it in the object's list. */
void vma_link_copy(struct vma *vma, struct vma *from);
void vma_unlink(struct vma *vma);
struct vma *vma_prev(struct vma *vma);
/* First area that overlaps [start, end), or NULL. Locks: as->lock. */
struct vma *vma_find_overlap(struct aspace *as, vaddr_t start, vaddr_t end);
/* Makes `addr` a boundary between areas. Returns 0, -ENOMEM. */
int must_check vma_split_at(struct aspace *as, vaddr_t addr);
/* Both ends of a range. */
int must_check vma_isolate(struct aspace *as, vaddr_t start, vaddr_t end);
/* Joins the area with its neighbours where they mean the same. Returns the area that now has
 * its range. */
struct vma *vma_merge(struct vma *vma);
/* Joins all neighbours within and around the range. */
void vma_merge_range(struct aspace *as, vaddr_t start, vaddr_t end);
/* Changes what it permits now; the page counts follow. */
void vma_set_prot(struct vma *vma, u32 prot);
void vma_set_flags(struct vma *vma, u32 set, u32 clear);
/* Moves a boundary; no other area may be in the way. */
void vma_set_start(struct vma *vma, vaddr_t start);
void vma_set_end(struct vma *vma, vaddr_t end);

static inline u64 vma_pages(const struct vma *vma)
{
    return (vma->end - vma->start) >> PAGE_SHIFT;
}
static inline bool vma_is_shared(const struct vma *vma)
{
    return vma->flags & VMA_SHARED;
}
/* Does a child get the pages of it? */
static inline bool vma_is_inherited(const struct vma *vma)
{
    return !(vma->flags & (VMA_DONTFORK | VMA_WIPEONFORK));
}
/*
 * Are its pages copied to a child? What an object still has a fault finds again; pages that
 * are nowhere else must come along.
 */
static inline bool vma_is_copied(const struct vma *vma)
{
    return vma_is_inherited(vma) && (!vma->object || vma->has_copies);
}
/* May a private page of it become writable? */
static inline bool vma_is_cow(const struct vma *vma)
{
    return (vma->prot & PROT_WRITE) && !vma_is_shared(vma);
}
static inline u64 vma_index(const struct vma *vma, vaddr_t va)
{
    return vma->pgoff + ((va - vma->start) >> PAGE_SHIFT);
}

extern const u16 pte_bits_of_prot[8];
/* The bits of an entry with all that the area permits (COW-9), A and D set so that no hart
 * faults for them. */
static inline u64 vma_pte_bits(const struct vma *vma)
{
    return pte_bits_of_prot[vma->prot & 7];
}

/* --- faults: fault.c, cow.c --- */

#define FILL_AHEAD 16u /* pages, at most */
#define FILL_RUN   16u /* pages in a row before any is filled ahead */

struct fault {
    struct aspace *as;
    vaddr_t va; /* of the page */
    enum vm_access access;
    struct vma *vma;    /* holds while as->lock is held */
    struct page *spare; /* a frame reserved before any spinlock; ours until used */
    bool spare_is_zeroed;
    unsigned n_ahead;
    struct page *ahead[FILL_AHEAD]; /* zeroed frames for the pages behind; ours until used */
    struct page *backing;           /* page of the area's object; ours */
    struct page *dropped; /* the frame that a break replaced; its reference is ours to drop */
    int signo, code;
};

static inline void rss_add(struct aspace *as, enum rss_kind kind, s64 pages)
{
    __atomic_fetch_add(&as->rss[kind], pages, __ATOMIC_RELAXED);
}

/* A private copy of a page of an object: fork will have to look for it. */
static inline void fault_note_copy(struct fault *f)
{
    rss_add(f->as, RSS_COPIED, 1);
    __atomic_store_n(&f->vma->has_copies, true, __ATOMIC_RELAXED);
}

static inline bool fault_is_write(const struct fault *f)
{
    return f->access == VM_ACCESS_WRITE;
}

/* A/D bits as hardware wants them set in advance; a debug switch leaves them to be faulted for.
 */
static inline pte_t fresh_entry(struct page *page, u64 bits)
{
#ifdef DEBUG
    if (vm_lazy_ad)
        bits &= ~(PTE_A | PTE_D);
#endif
    return pte_make(page_to_pfn(page), bits);
}

/* ahead.c: fetches zeroed frames for the pages behind, if they are likely to be written next.
 * Locks: no page table. */
void ahead_reserve(struct fault *f, const pte_t *slot);
/* Maps them. Locks: the slot's table. */
void ahead_fill(struct fault *f, pte_t *slot, u64 bits);
/* Gives back what is left. Locks: no page table. */
void ahead_drop(struct fault *f);

/* around.c: pages of an object that are mapped along with the one that a fault asks for. */
#define FAULT_AROUND 64
struct around {
    pte_t *slots; /* of the row of pages that is looked at */
    unsigned n;
    u8 at[FAULT_AROUND]; /* which of them: empty ones */
    struct page *pages[FAULT_AROUND];
};
/* Locks: the table of `slot`, until they are filled. */
void around_find(const struct fault *f, pte_t *slot, struct around *a);
void around_fill(const struct around *a, u64 bits);

/* Does a write to a cow entry of this frame take it over? A hint unless the table's lock is
 * held (COW-8). Only anonymous frames have owners: the page cache and the zero page always lend
 * theirs. */
static inline bool page_has_sole_owner(const struct page *page)
{
    return page->type == PAGE_ANON && page_count(page) == 1;
}
/* A write to a cow entry. Locks: the slot's table. Takes f->spare if it copies. Returns 0,
 * -EAGAIN (no spare). */
int must_check cow_break(struct fault *f, pte_t *slot, pte_t pte);
/* Gives the child a reference to each frame of a run of the parent, and marks both cow where
 * the page is private. `vma` is one of the run's areas, whose pages all count as the same
 * kinds. Locks: both tables'. Returns 0, -EOVERFLOW. */
int must_check cow_share_run(const struct vma *vma, const struct pt_run *parent, pte_t *child,
                             struct aspace *child_as);
/* Copies each private frame of a run instead. Locks: both tables'. Returns 0, -ENOMEM,
 * -EOVERFLOW. */
int must_check cow_copy_run(const struct vma *vma, const struct pt_run *parent, pte_t *child,
                            struct aspace *child_as);

/* --- fork engines: ptshare.c --- */

struct fork_engine {
    const char *name;
    bool shares_tables; /* whole, where it can */
    /* else: the entries of one area in one leaf table */
    int (*copy_run)(const struct vma *vma, const struct pt_run *parent, pte_t *child,
                    struct aspace *child_as);
};
/* Tables with fewer entries are copied at fork instead of shared. Tests share everything. */
extern struct share_policy {
    unsigned dense_leaf, dense_upper; /* leaf tables; tables of tables */
} share_policy;
const struct fork_engine *fork_engine_find(const char *name); /* NULL: no such engine */
extern const struct fork_engine *fork_engine_default;

/* --- unmapping: mmap.c --- */

/* Takes the entries of a range of private tables out. Locks: as->lock for writing, or the
 * address space is dead. */
void unmap_entries(struct aspace *as, vaddr_t start, vaddr_t end, struct tlb_gather *g);
/* Everything that unmap_areas() needs and that may fail: the ends of the range become
 * boundaries of areas, and of what shared tables serve. Returns 0, -ENOMEM, -EOVERFLOW. */
int must_check unmap_prepare(struct aspace *as, vaddr_t start, vaddr_t end);
/* Removes the areas and entries of a range, after unmap_prepare(). */
void unmap_areas(struct aspace *as, vaddr_t start, vaddr_t end);
/* The same, leaving empty page tables for what comes next. */
void unmap_areas_keep_tables(struct aspace *as, vaddr_t start, vaddr_t end);
/* usage.c: pages of an area that count as RSS_ANON. */
u64 vma_anon_pages(const struct vma *vma);
/* Grows a stack area down to `va` if the rules permit it. Takes as->lock for writing. 0,
 * -EFAULT */
int must_check stack_grow(struct aspace *as, vaddr_t va);
/* A free range of `length` bytes, from the top down. Returns 0, -ENOMEM. */
int must_check find_gap(struct aspace *as, u64 length, vaddr_t *out);
/* -ENOMEM when the limits forbid `pages` more. */
int must_check limits_check(struct aspace *as, u64 pages, bool is_data);

/* --- object.c --- */
void object_cache_init(void);
void object_add_area(struct vma *vma);
/* Puts it behind `sibling`, so that truncation visits the parent's area before the child's. */
void object_add_area_after(struct vma *vma, struct vma *sibling);
void object_remove_area(struct vma *vma);
/* Is this (still) the object's page at `index`? Asked under a page-table lock before mapping
 * it: truncation takes pages out first and unmaps them then. */
/* How many there are, in memory or not. */
static inline u64 object_n_pages(const struct vm_object *object)
{
    return align_up(__atomic_load_n(&object->size, __ATOMIC_SEQ_CST), PAGE_SIZE) >> PAGE_SHIFT;
}
bool object_owns(const struct vm_object *object, const struct page *page, u64 index);

/* --- tlb.c, ledger.c --- */
void asid_init(void);
#ifdef DEBUG
void ledger_create(struct aspace *as);
void ledger_destroy(struct aspace *as);
void ledger_flushed(struct aspace *as, u64 harts_mask, vaddr_t start, vaddr_t end);
#else
static inline void ledger_create(struct aspace *as)
{
    (void)as;
}
static inline void ledger_destroy(struct aspace *as)
{
    (void)as;
}
static inline void ledger_flushed(struct aspace *as, u64 harts_mask, vaddr_t start, vaddr_t end)
{
    (void)as, (void)harts_mask, (void)start, (void)end;
}
#endif

/* Calls fn for each address space, with a reference held; stops when fn returns false. */
void aspace_for_each(bool (*fn)(void *arg, struct aspace *as), void *arg);
