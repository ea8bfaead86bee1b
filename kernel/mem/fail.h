/* SPDX-License-Identifier: MIT */
/*
 * Failure injection (debug builds): the k-th allocation by a thread fails.
 *
 * A thread's countdown is `current->fail_countdown`; every frame and object allocation calls
 * alloc_should_fail() first. In release builds it is the constant false.
 */
#pragma once

#include <lib/types.h>

#ifdef DEBUG
bool alloc_should_fail(void);
#else
static inline bool alloc_should_fail(void)
{
    return false;
}
#endif
