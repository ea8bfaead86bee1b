// expect: fail
// spin: -safety -m200000
/* SPDX-License-Identifier: MIT */
/* Breaks PT-1: fork leaves the way to the parked table in a hart's memory, and a store goes
 * through it after the table was sealed for the child. */
#define PARK_UPPER_KEPT
#include "table-share.pml"
