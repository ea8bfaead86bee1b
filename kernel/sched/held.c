/* SPDX-License-Identifier: MIT */
/* See held.h. Classes, not locks: a class may be there more than once. Owner only. */
#include <debug/assert.h>
#include <sched/held.h>
#include <sched/thread.h>

#ifdef DEBUG
void held_check(struct lock_class *class)
{
    for (u32 i = 0; i < current->n_sleeping_held; i++)
        lockdep_order(current->sleeping_held[i], class);
}

void held_add(struct lock_class *class)
{
    assert(current->n_sleeping_held < ARRAY_SIZE(current->sleeping_held));
    current->sleeping_held[current->n_sleeping_held++] = class;
}

void held_remove(struct lock_class *class)
{
    u32 i = current->n_sleeping_held;
    do {
        assert(i > 0);
        i--;
    } while (current->sleeping_held[i] != class);
    for (; i + 1 < current->n_sleeping_held; i++)
        current->sleeping_held[i] = current->sleeping_held[i + 1];
    current->n_sleeping_held--;
}
#endif
