/* SPDX-License-Identifier: MIT */
/*
 * Areas: what a range of user addresses means.
 *
 * Areas of an address space do not overlap, lie in [USER_MIN, USER_END) and are page-aligned.
 * Adjacent areas that mean the same are merged. Guarded by aspace->lock; `object_link` by
 * object->map_lock.
 */
#pragma once

#include <lib/list.h>
#include <lib/rbtree.h>
#include <lib/types.h>

struct aspace;
struct file;
struct vm_object;

/* vma->flags; protection bits are PROT_READ | PROT_WRITE | PROT_EXEC of <asm/mman.h> */
#define VMA_SHARED     0x01 /* writes go to the object and are seen by all */
#define VMA_GROWSDOWN  0x02
#define VMA_DONTFORK   0x04
#define VMA_WIPEONFORK 0x08
#define VMA_LOCKED     0x10 /* mlock accounting */
#define VMA_NORESERVE  0x20
#define VMA_SPECIAL    0x40  /* vdso: not merged, moved or written */
#define VMA_HEAP       0x80  /* shown as [heap] */
#define VMA_STACK      0x100 /* shown as [stack] */

struct vma {
    struct rb_node node;
    vaddr_t start, end;
    u32 prot;                 /* PROT_* now */
    u32 max_prot;             /* PROT_* that mprotect may give */
    u32 flags;                /* VMA_* */
    bool has_copies;          /* atomic; with an object: pages here may be private copies */
    u64 pgoff;                /* page offset of `start` in the object */
    struct vm_object *object; /* NULL: private anonymous. Holds a reference. */
    struct file *file; /* for its name and write permission; holds a reference; may be NULL */
    struct aspace *aspace;
    struct list_head object_link;
};

/* First area that ends above va, or NULL. Locks: as->lock. */
struct vma *vma_find(struct aspace *as, vaddr_t va);
struct vma *vma_next(struct vma *vma);
