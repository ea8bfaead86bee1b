// expect: fail
// spin: -safety -m200000
/* SPDX-License-Identifier: MIT */
/* Breaks COW-4: the table can be walked before it is sealed, and a hart remembers a page as
 * writable that the child looks at. */
#define LINK_UNSEALED
#include "table-share.pml"
