/* SPDX-License-Identifier: MIT */
/*
 * What the compiler calls for __builtin_ctzl, __builtin_clzl and __builtin_popcountl where the
 * instruction set has no instruction for them (the base set of RISC-V has none, and the
 * compiler's own library is built for another floating-point convention). Use the builtins.
 */
#pragma once

#include <lib/types.h>

int __ctzdi2(u64 x);      /* index of the lowest set bit; x != 0 */
int __clzdi2(u64 x);      /* zeroes above the highest set bit; x != 0 */
int __popcountdi2(u64 x); /* number of set bits */
