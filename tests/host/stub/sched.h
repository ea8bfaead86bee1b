/* SPDX-License-Identifier: MIT */
/*
 * The scheduler for fibers (fibers.h): each hart has one thread, and one that sleeps waits
 * until somebody changes its state; if nobody ever does, that is a deadlock. Deadlines pass at
 * once.
 */
#pragma once

#include <lib/types.h>

extern u64 stub_now; /* nsec; moves with every look at the clock */
