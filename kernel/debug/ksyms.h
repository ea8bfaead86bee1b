/* SPDX-License-Identifier: MIT */
/* Names for addresses in the kernel (table: tools/ksyms) and the chain of callers. */
#pragma once

#include <lib/types.h>

/* The function that contains `address`; *offset is how far in. NULL: not in the kernel. */
const char *ksym_name(u64 address, u64 *offset);
/* Prints one line per caller of the code at `pc`. `frame`: frame pointer in debug builds, else
 * stack pointer. */
void backtrace_print(u64 pc, u64 frame, void (*print)(const char *fmt, ...) printf_like(1, 2));
