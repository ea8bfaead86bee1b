/* SPDX-License-Identifier: MIT */
/* /sys: the little of it that ordinary programs look for. */
#pragma once

#include <lib/types.h>

int must_check sysfs_init(void);
