/* SPDX-License-Identifier: MIT */
/*
 * A vm_object is a sequence of pages that may be mapped and cached: the page cache of a file,
 * or the memory behind a shared anonymous mapping. It knows its resident pages (one reference
 * each) and the areas that map it, so that truncation can reach them.
 *
 * What the pages mean is the pager's business: the vfs fills them from a store; tmpfs and
 * shared anonymous memory start as zeroes (object_zero_ops).
 *
 * Locks: `lock` guards the page index; `map_lock` (sleeping) guards the list of areas and is
 * taken after aspace->lock and before any page-table lock.
 */
#pragma once

#include <lib/list.h>
#include <lib/radix.h>
#include <lib/types.h>
#include <mem/page.h>
#include <sched/mutex.h>
#include <sync/spinlock.h>

struct vm_object;

struct pager_ops {
    /* The page at `index`, up to date, with a reference for the caller. Sleeps.
     * Returns 0, -ERANGE (beyond the end: the user gets SIGBUS), -ENOMEM; -EIO and -ENOSPC:
     * SIGBUS, too. */
    int (*get_page)(struct vm_object *object, u64 index, struct page **out);
    /* Somebody may write to this page from now on (first write fault of a shared mapping). */
    void (*page_dirtied)(struct vm_object *object, struct page *page);
    /* The last reference is gone. */
    void (*destroy)(struct vm_object *object);
};

/* Pages that several objects, such as the files of one file system, may hold together. */
struct page_quota {
    u64 limit; /* atomic */
    u64 used;  /* atomic; may be above a limit that was lowered */
};

struct vm_object {
    u32 count;                   /* atomic: references */
    const struct pager_ops *ops; /* set at creation */
    void *owner;                 /* set at creation: the pager's (an inode) */
    struct page_quota *quota;    /* set at creation; outlives the object; NULL: no limit */
    struct spinlock lock;
    struct radix_tree pages; /* `lock`: index -> struct page * */
    u64 n_pages;             /* `lock` for writing: resident pages */
    u64 size;                /* atomic: length in bytes; pages wholly beyond are -ERANGE */
    struct mutex map_lock;
    struct list_head areas; /* `map_lock`: struct vma.object_link */
};

void object_init(struct vm_object *object, const struct pager_ops *ops, void *owner, u64 size);
void object_get(struct vm_object *object);
void object_put(struct vm_object *object);
/* The resident page at `index` with a reference for the caller, or NULL. */
struct page *object_find(struct vm_object *object, u64 index);
/* Find, or insert a zeroed page (type PAGE_FILE, up to date). For pagers without a store, and
 * for whole-page writes of those with one. Returns 0, -ENOMEM, -ENOSPC (quota). The caller gets a reference. */
int must_check object_find_or_zero(struct vm_object *object, u64 index, struct page **out);
/* Inserts `page` (the caller keeps its reference; the object takes one more). Returns 0,
 * -EEXIST, -ENOMEM, -ENOSPC (quota). */
int must_check object_insert(struct vm_object *object, u64 index, struct page *page);
/* Sets the size; pages beyond it are unmapped from every area and dropped, and the rest of the
 * last page is zeroed. */
void object_truncate(struct vm_object *object, u64 size);
/* Drops pages [first, last): hole punching, dropping clean pages. */
void object_drop_range(struct vm_object *object, u64 first, u64 last);
/* First resident index >= `index`, or UINT64_MAX: for SEEK_DATA, write-back. */
u64 object_next_resident(struct vm_object *object, u64 index);
/* Shared anonymous memory of `size` bytes, one reference. Returns 0, -ENOMEM. */
int must_check object_create_anon(u64 size, struct vm_object **out);
