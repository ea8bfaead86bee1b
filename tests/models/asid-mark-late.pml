// expect: fail
// spin: -safety -m200000
/* SPDX-License-Identifier: MIT */
/* A renewed space is marked only if some hart has it loaded at that moment. A hart that was
 * just loading it goes on under the old number, and a flush that names the new one misses
 * it. */
#define MARK_IF_LOADED
#include "asid-rollover.pml"
