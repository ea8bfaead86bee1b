/* SPDX-License-Identifier: MIT */
/*
 * A recount in microseconds, for tests that ask after every step: each table of some address
 * spaces is looked at once, each reference to a frame counted, and the counts of all frames
 * compared. The rules about shared tables (COW-4, PT-1) are checked on the way.
 *
 * It is written apart from vm/recount.c on purpose: what one overlooks the other may see.
 */
#pragma once

#include <vm/aspace.h>

void audit_begin(void);
/* All tables of one address space; every one that is alive must be told. */
void audit_tables(struct aspace *as);
/* Compares. Returns the number of things that are wrong, which have been printed. */
unsigned audit_end(void);

/* Tables that lead to its memory, shared ones included. */
u64 audit_n_tables(const struct aspace *as);
