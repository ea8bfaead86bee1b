/* SPDX-License-Identifier: MIT */
/* What the calls that wait for files share: their time and their signal mask. */
#pragma once

#include <lib/types.h>

struct poll_deadline {
    u64 address;       /* of the user's struct timespec; 0: none */
    bool is_immediate; /* do not wait at all */
    nsec_t at;         /* of clock_monotonic(); 0: never */
};

/* From a struct timespec in user memory. 0, -EFAULT, -EINVAL. */
int must_check poll_deadline(u64 address, struct poll_deadline *out);
/* Blocks the signals of a mask in user memory for the time of the call, which ends with
 * signal_mask_pop(); address 0: nothing to do nor to undo. */
int must_check poll_mask_begin(u64 address, u64 size);
