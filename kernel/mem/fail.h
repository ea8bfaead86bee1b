/* SPDX-License-Identifier: MIT */
/*
 * Failure injection (debug builds): the k-th allocation by a thread fails.
 *
 * A thread's countdown is `current->fail_countdown`, 0 when off; every frame and object
 * allocation calls alloc_should_fail() first, which counts down and fails the one that reaches
 * 0. What the allocator takes for itself (a slab for the object that was asked for) does not
 * count. Until the scheduler has said where the countdown is (boot), nothing fails. In release
 * builds it is the constant false.
 */
#pragma once

#include <lib/types.h>

#ifdef DEBUG
bool alloc_should_fail(void);
/* Set by sched/: the running thread's countdown. */
extern int *(*fail_countdown_of_current)(void);
#else
static inline bool alloc_should_fail(void)
{
    return false;
}
#endif
