/* SPDX-License-Identifier: MIT */
/*
 * Copying between the kernel and the current address space.
 *
 * COW-7: a kernel store to user memory is an ordinary store to the user's address with SUM set;
 * whatever a user's store would meet (copy-on-write, demand fill, read-only) it meets too, in
 * vm_fault(). An address that stays bad makes the call return -EFAULT. May sleep; not under a
 * spinlock.
 */
#pragma once

#include <lib/types.h>

/* 0 or -EFAULT; after a failure part of the bytes may have been copied. */
int must_check copyin(void *dst, vaddr_t src, size_t n);
int must_check copyout(vaddr_t dst, const void *src, size_t n);
int must_check clearout(vaddr_t dst, size_t n); /* zeroes */
/* Bytes copied, less than n when a bad address was met: for read and write, which report
 * partial success. */
size_t copyin_some(void *dst, vaddr_t src, size_t n);
size_t copyout_some(vaddr_t dst, const void *src, size_t n);
/* String with its terminator. Returns its length, -EFAULT, or -ENAMETOOLONG (no terminator
 * within n). */
s64 must_check copyin_str(char *dst, vaddr_t src, size_t n);

/* 32-bit user words, for futexes. 0 or -EFAULT. */
int must_check user_load_u32(u32 *out, vaddr_t src);
int must_check user_cmpxchg_u32(u32 *old, vaddr_t dst, u32 expected, u32 desired);
