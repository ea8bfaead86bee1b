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

#include <arch/riscv/page.h>
#include <arch/riscv/uaccess.h>
#include <lib/types.h>
#include <sync/spinlock.h>

/* 0 or -EFAULT; after a failure part of the bytes may have been copied. */
int must_check copyin(void *dst, vaddr_t src, size_t n);
int must_check copyout(vaddr_t dst, const void *src, size_t n);
int must_check clearout(vaddr_t dst, size_t n); /* zeroes */

/* The part of a range that lies in the user half; 0 when it starts outside. */
static always_inline size_t user_part(vaddr_t va, size_t n)
{
    return va < USER_END ? min(n, (size_t)(USER_END - va)) : 0;
}

/* Bytes copied, less than n when a bad address was met: for read and write, which report
 * partial success. */
static inline size_t copyin_some(void *dst, vaddr_t src, size_t n)
{
    size_t part = user_part(src, n);

    assert_may_sleep();
    return part - uaccess_copy_from(dst, (const void *)src, part);
}

static inline size_t copyout_some(vaddr_t dst, const void *src, size_t n)
{
    size_t part = user_part(dst, n);

    assert_may_sleep();
    return part - uaccess_copy_to((void *)dst, src, part);
}

/* String with its terminator. Returns its length, -EFAULT, or -ENAMETOOLONG (no terminator
 * within n). */
s64 must_check copyin_str(char *dst, vaddr_t src, size_t n);

/* 32-bit user words, for futexes. 0 or -EFAULT. */
int must_check user_load_u32(u32 *out, vaddr_t src);
int must_check user_cmpxchg_u32(u32 *old, vaddr_t dst, u32 expected, u32 desired);
