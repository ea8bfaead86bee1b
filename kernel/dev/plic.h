/* SPDX-License-Identifier: MIT */
/* The platform-level interrupt controller. Handlers run with interrupts off, on the boot hart.
 */
#pragma once

#include <lib/types.h>

#define PLIC_MAX_IRQS 128

void plic_init(const void *dtb);
/* 0, -EINVAL (no such line, or taken). Set `arg` up first. */
int must_check plic_connect(u32 irq, void (*handler)(void *arg), void *arg);
/* Serves everything pending on this hart. */
void plic_handle(void);
