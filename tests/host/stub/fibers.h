/* SPDX-License-Identifier: MIT */
/*
 * Several harts at work at once, in one thread: each hart is a fiber, and which one goes on is
 * decided by a seed at every lock, delay point, half-copied page and flush. So every run can be
 * repeated, and what needs a rare coincidence on a real machine happens all the time.
 */
#pragma once

#include <lib/types.h>

#define MAX_FIBERS 8

/* Runs fn(0) .. fn(n - 1), each on the hart of that number, until all have returned. One point
 * in `one_in` lets another hart go on. All waiting for each other is a panic. */
void fibers_run(unsigned n, void (*fn)(unsigned me), u64 seed, unsigned one_in);
