// expect: fail
// spin: -safety -m200000
/* SPDX-License-Identifier: MIT */
/* Breaks PT-2: a linked table is replaced, and only leaf entries are flushed. */
#define UPPER_KEPT
#include "table-share.pml"
