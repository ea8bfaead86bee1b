// expect: fail
// spin: -safety
/* SPDX-License-Identifier: MIT */
/* Breaks COW-5: the new frame is installed before the harts are flushed. One hart stores to the
 * new frame while another one still reads the old. */
#define MAKE_FIRST
#include "break-before-make.pml"
