/* SPDX-License-Identifier: MIT */
/* What this kernel adds to the ABI; programs may include it. */
#pragma once

/* prctl(PR_CALF_FORK_ENGINE, "eager" or "cow"): how the calling process's memory is copied by
 * its forks from now on. */
#define PR_CALF_FORK_ENGINE 0x63616c66
