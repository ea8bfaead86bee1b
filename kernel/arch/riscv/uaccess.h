/* SPDX-License-Identifier: MIT */
/*
 * Touching user memory of the loaded address space: the instructions only.
 *
 * The caller (vm/uaccess.c) has checked that the range lies in the user's half. SUM is set only
 * inside these functions; a fault goes to vm_fault(), and if the address stays bad the fix-up
 * table makes the function return early. May sleep in the fault: not under a spinlock.
 */
#pragma once

#include <arch/riscv/copy.h>
#include <lib/types.h>

/* Return: bytes NOT copied; 0 is success. Exact: everything before has been copied. */
size_t uaccess_copy_from(void *dst, const void *user_src, size_t n);
size_t uaccess_copy_to(void *user_dst, const void *src, size_t n);
size_t uaccess_zero(void *user_dst, size_t n);
/* Copies up to and including the terminator, at most n bytes. Returns: length without
 * terminator, n if there was none within n bytes, -EFAULT. */
s64 uaccess_strncpy(char *dst, const char *user_src, size_t n);

/* Aligned 32-bit words, for futexes. Return 0 or -EFAULT. */
int must_check uaccess_load_u32(u32 *out, const u32 *user_src);
int must_check uaccess_store_u32(u32 *user_dst, u32 value);
/* *seen is what was there: equal to `expected` if `desired` was stored. */
int must_check uaccess_cmpxchg_u32(u32 *seen, u32 *user_dst, u32 expected, u32 desired);
/* *seen is what was there before. */
int must_check uaccess_swap_u32(u32 *seen, u32 *user_dst, u32 value);
int must_check uaccess_add_u32(u32 *seen, u32 *user_dst, u32 value);
int must_check uaccess_or_u32(u32 *seen, u32 *user_dst, u32 value);
int must_check uaccess_and_u32(u32 *seen, u32 *user_dst, u32 value);
int must_check uaccess_xor_u32(u32 *seen, u32 *user_dst, u32 value);

/* A fault at an address in [from, to) that cannot be mended goes on at fixup. */
struct ex_entry {
    s32 from, to, fixup; /* each relative to its own address */
};
/* The address to go on at after a fault at pc that cannot be mended, or 0: a bug. */
u64 ex_table_find(u64 pc);
