// expect: fail
// spin: -safety -m200000
/* SPDX-License-Identifier: MIT */
/* A load reads the number twice, and the renewal shows the new number before it strikes the
 * harts off: a hart takes the new number without having flushed for its generation. */
#define READ_TWICE
#define STRIKE_LATE
#include "asid-rollover.pml"
