/* SPDX-License-Identifier: MIT */
/* The sleeping locks that the running thread holds, for the lock-order checker (debug builds).
 */
#pragma once

#include <sync/lockdep.h>

#ifdef DEBUG
/* Before taking one: its order after those held (LOCK-1). */
void held_check(struct lock_class *class);
void held_add(struct lock_class *class);
void held_remove(struct lock_class *class);
#endif
