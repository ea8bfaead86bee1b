/* SPDX-License-Identifier: MIT */
/* The page of data that the vDSO reads: how the time CSR becomes nanoseconds. */
#pragma once

struct vvar {
    unsigned long boot_ticks; /* set at boot: monotonic time 0 */
    unsigned long mult;       /* set at boot: nanoseconds = (ticks - boot_ticks) * mult >> 32 */
    long realtime_offset;     /* atomic: real time - monotonic time, nanoseconds */
};
