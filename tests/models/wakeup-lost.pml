// expect: fail
// spin: -safety
/* SPDX-License-Identifier: MIT */
/* The sleeper looks at the condition first and marks itself afterwards: a wake-up in between
 * finds nobody asleep, and the sleeper sleeps for ever. */
#define LOOK_FIRST
#include "wakeup.pml"
