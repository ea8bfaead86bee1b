/* SPDX-License-Identifier: MIT */
/* Where boot.S goes. */
#pragma once

#include <lib/types.h>

void noreturn_fn kernel_main(void);
