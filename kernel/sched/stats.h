/* SPDX-License-Identifier: MIT */
/* Starts the sampling of the load average; the figures themselves are in thread.h. */
#pragma once

void sched_stats_init(void);
