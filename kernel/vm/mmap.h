/* SPDX-License-Identifier: MIT */
/*
 * Changing what an address space contains: the calls behind mmap(2) and its kin. Lengths are
 * bytes, rounded up to pages as in Linux; addresses and errors as in the man pages.
 */
#pragma once

#include <lib/types.h>
#include <vm/aspace.h>

struct vm_map_request {
    vaddr_t addr;
    u64 length;    /* bytes */
    u32 prot;      /* PROT_* */
    u32 max_prot;  /* PROT_* that mprotect may give later; a file not open for writing and
                      shared: no PROT_WRITE */
    u32 flags;     /* MAP_* of <linux/mman.h> */
    u32 vma_flags; /* further VMA_* (exec: stack, heap, special) */
    struct vm_object *object; /* NULL: anonymous (shared anonymous: vm_mmap makes the object) */
    struct file *file;        /* for its name; may be NULL */
    u64 offset;               /* bytes, page-aligned */
};

/* The vfs tells vm how to hold a file. */
struct vm_file_ops {
    void (*get)(struct file *file);
    void (*put)(struct file *file);
};
extern struct vm_file_ops vm_file_ops;

int must_check vm_mmap(struct aspace *as, const struct vm_map_request *req, vaddr_t *out);
int must_check vm_munmap(struct aspace *as, vaddr_t addr, u64 length);
int must_check vm_mprotect(struct aspace *as, vaddr_t addr, u64 length, u32 prot);
int must_check vm_mremap(struct aspace *as, vaddr_t old, u64 old_len, u64 new_len, u32 flags,
                         vaddr_t new_addr, vaddr_t *out);
int must_check vm_madvise(struct aspace *as, vaddr_t addr, u64 length, int advice);
int must_check vm_msync(struct aspace *as, vaddr_t addr, u64 length, int flags);
/* One byte per page into `vec` (kernel memory), bit 0: resident. */
int must_check vm_mincore(struct aspace *as, vaddr_t addr, u64 length, u8 *vec);
int must_check vm_mlock(struct aspace *as, vaddr_t addr, u64 length, bool lock);
/* The new break; the old one when it cannot be moved (as brk(2) at the system-call level). */
vaddr_t vm_brk(struct aspace *as, vaddr_t brk);
/* Faults the range in, as MAP_POPULATE. Stops quietly at the first problem. */
void vm_populate(struct aspace *as, vaddr_t addr, u64 length);
