/* SPDX-License-Identifier: MIT */
/* Page faults of user addresses, from user and kernel mode alike. */
#pragma once

#include <lib/types.h>
#include <vm/aspace.h>

enum vm_access { VM_ACCESS_READ, VM_ACCESS_WRITE, VM_ACCESS_EXEC };

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
