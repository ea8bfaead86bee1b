/* SPDX-License-Identifier: MIT */
/* Copy-on-write and paging events, counted by each address space for itself. */
#pragma once

#include <arch/riscv/page.h>
#include <lib/types.h>

enum vm_event {
    VM_SHARED,      /* page references given to a child by fork */
    VM_REUSED,      /* write faults of a sole owner: nothing copied */
    VM_COPIED,      /* write faults that copied a page */
    VM_ZERO_FILLED, /* first writes: a zeroed frame */
    VM_ZERO_MAPPED, /* first reads: the zero page */
    VM_FILE_MAPPED, /* pages of objects mapped by faults */
    VM_AHEAD,       /* of these five, pages that a fault saw to besides its own */
    VM_SPURIOUS,    /* faults that found nothing to do (PT-3) */
    VM_OOM,         /* faults that found no memory */
    VM_FLUSH_LOCAL,
    VM_FLUSH_REMOTE,
    VM_TABLE_ALLOC,
    VM_TABLE_FREE,
    VM_TABLE_SHARED,    /* fork gave the child a whole table */
    VM_TABLE_SEALED,    /* made read-only before its first user */
    VM_TABLE_LINKED,    /* faults that only made a shared table walkable */
    VM_TABLE_RECLAIMED, /* the last owner took it back, nothing copied */
    VM_TABLE_COPIED,    /* a writer needed one of its own */
    VM_N_EVENTS,
};

extern const char *const vm_event_names[VM_N_EVENTS]; /* "cow_shared" ... as in /proc/vmstat */
/* For the machine: of all address spaces that there are and were. */
u64 vm_event_total(enum vm_event event);
