// expect: fail
// spin: -safety
/* SPDX-License-Identifier: MIT */
/* Breaks COW-6: fork returns before the other hart is flushed, and a store through its old
 * translation lands in the child's memory after the child has looked. */
#define FLUSH_LATE
#include "fork-flush.pml"
