// expect: fail
// spin: -safety -m200000
/* SPDX-License-Identifier: MIT */
/* Breaks PT-2: the copy of a table can be walked while a hart still goes through the original,
 * and that hart loads what another one has replaced already. */
#define COPY_EARLY
#include "table-share.pml"
