/* SPDX-License-Identifier: MIT */
/* Futexes: waiting for a word of user memory to change. */
#pragma once

#include <lib/types.h>

void futex_init(void);

/* is_private: the word is not shared with other address spaces (FUTEX_PRIVATE_FLAG). deadline:
 * of clock_monotonic(), 0: none. Returns 0 (woken), -EAGAIN (the word differs), -EINTR,
 * -ETIMEDOUT, -EFAULT, -EINVAL. */
int futex_wait(vaddr_t uaddr, u32 expected, u32 bitset, nsec_t deadline, bool is_private);
/* Returns how many were woken, or -Exxx. */
long futex_wake(vaddr_t uaddr, u32 n, u32 bitset, bool is_private);
/* Wakes n_wake, moves up to n_move others to `to`. With expected != NULL: -EAGAIN if the word
 * differs. */
struct futex_move {
    vaddr_t from, to;
    u32 n_wake, n_move;
    bool check;
    u32 expected;
    bool is_private;
};
long futex_requeue(const struct futex_move *move);
/* FUTEX_WAKE_OP: changes the second word by `op` and wakes on both. */
long futex_wake_op(vaddr_t uaddr, vaddr_t uaddr2, u32 n, u32 n2, u32 op, bool is_private);
/* A thread ends: the locks on its list become FUTEX_OWNER_DIED. */
void futex_robust_list_exit(vaddr_t head, u32 tid);
