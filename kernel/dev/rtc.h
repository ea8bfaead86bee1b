/* SPDX-License-Identifier: MIT */
/* The real-time clock: nanoseconds since 1970 at boot, 0 if there is none. */
#pragma once

#include <lib/types.h>

nsec_t rtc_read(const void *dtb);
