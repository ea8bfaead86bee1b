/* SPDX-License-Identifier: MIT */
/* Page faults of user addresses, from user and kernel mode alike. */
#pragma once

#include <lib/types.h>
#include <vm/aspace.h>

/* Each value is the PROT_* bits of which one permits the access (RISC-V: what may be written
 * may be read); one bit to the left they are the bits of a page-table entry that do. */
enum vm_access {
    VM_ACCESS_READ = 0x1 | 0x2,
    VM_ACCESS_WRITE = 0x2,
    VM_ACCESS_EXEC = 0x4,
};

struct fault_info {
    int signo; /* SIGSEGV or SIGBUS; 0 when the kernel is out of memory */
    int code;  /* SEGV_MAPERR, SEGV_ACCERR, BUS_ADRERR */
    vaddr_t addr;
};

/* Makes the access possible. Locks: takes as->lock for reading; not under a spinlock. Sleeps.
 * Returns 0, -EFAULT (info filled: the address may not be accessed so), -ENOMEM (out of memory:
 * from user mode the process is killed with a log line by the caller, from kernel mode the
 * system call fails). */
int vm_fault(struct aspace *as, vaddr_t va, enum vm_access access, struct fault_info *info);

#ifdef DEBUG
/* Stands in for hardware that faults when A or D is clear (Svade): fresh entries get neither.
 * Set at boot. */
extern bool vm_lazy_ad;
#endif
