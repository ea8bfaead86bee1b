// expect: fail
// spin: -safety
/* SPDX-License-Identifier: MIT */
/* Breaks COW-5: the reference is dropped before the copy is made; the other owner
 * takes the frame for its own, or gives it back, while it is being copied. */
#define DROP_FIRST
#include "refcount.pml"
