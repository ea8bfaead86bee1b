// expect: fail
// spin: -safety
/* SPDX-License-Identifier: MIT */
/* Breaks COW-8: the count is tested before the table's lock is taken. A fork in between makes
 * the frame shared, and the writer keeps it all the same. */
#define TEST_UNLOCKED
#include "refcount.pml"
