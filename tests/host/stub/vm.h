/* SPDX-License-Identifier: MIT */
/*
 * A machine for vm/: harts that translate addresses through real page tables and remember what
 * they found.
 *
 * A simulated TLB keeps every translation until it is flushed, the opposite of QEMU, which
 * forgets at every opportunity: a flush that is missing shows as a wrong value.
 */
#pragma once

#include <vm/aspace.h>
#include <vm/fault.h>

/* Loads or stores 8 bytes of `as` on the current hart, faulting like hardware does.
 * Returns 0, or the error of vm_fault(). */
int sim_load(struct aspace *as, vaddr_t va, u64 *value, struct fault_info *info);
int sim_store(struct aspace *as, vaddr_t va, u64 value, struct fault_info *info);
/* Is what any hart remembers of `as` still true? Prints what is not, and returns how many
 * entries that is. Nothing may be going on. */
unsigned sim_audit(const struct aspace *as);
/* Forget everything about an address space that is gone. */
void sim_forget(struct aspace *as);
extern u64 sim_n_flushes;
/* Walkers set A and D themselves; otherwise that is left to the fault (Svade). */
extern bool sim_sets_ad;
/* Only the walk of a store, by such a walker. Returns: is the page writable, A and D now set? */
bool sim_walk_to_write(struct aspace *as, vaddr_t va);
