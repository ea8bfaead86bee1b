/* SPDX-License-Identifier: MIT */
/* The vDSO, for those who change what it reads. */
#pragma once

#include <arch/riscv/page.h>

/* After the real-time clock was set. */
/* Address space that it needs above the stack: its data page and its image. */
#define VDSO_ROOM (8 * PAGE_SIZE)

void vdso_update_clock(void);
