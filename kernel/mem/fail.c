/* SPDX-License-Identifier: MIT */
/*
 * Failure injection.
 */
#include <mem/fail.h>

#ifdef DEBUG
int *(*fail_countdown_of_current)(void);

bool alloc_should_fail(void)
{
    if (!fail_countdown_of_current)
        return false;
    int *countdown = fail_countdown_of_current();
    if (!countdown || *countdown <= 0)
        return false;
    return --*countdown == 0;
}
#endif
