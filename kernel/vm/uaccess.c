/* SPDX-License-Identifier: MIT */
/* Copying to and from user memory; see uaccess.h. The range is checked here, the rest is the
 * fault path's. */
#include <arch/riscv/page.h>
#include <arch/riscv/uaccess.h>
#include <debug/assert.h>
#include <linux/errno.h>
#include <sync/spinlock.h>
#include <vm/uaccess.h>

/* Does [va, va + n) lie in the user half, without wrapping? */
static always_inline bool range_ok(vaddr_t va, size_t n)
{
    return n <= USER_END && va <= USER_END - n;
}

int copyin(void *dst, vaddr_t src, size_t n)
{
    assert_may_sleep();
    if (unlikely(!range_ok(src, n)))
        return -EFAULT;
    return unlikely(uaccess_copy_from(dst, (const void *)src, n)) ? -EFAULT : 0;
}

int copyout(vaddr_t dst, const void *src, size_t n)
{
    assert_may_sleep();
    if (unlikely(!range_ok(dst, n)))
        return -EFAULT;
    return unlikely(uaccess_copy_to((void *)dst, src, n)) ? -EFAULT : 0;
}

int clearout(vaddr_t dst, size_t n)
{
    assert_may_sleep();
    if (unlikely(!range_ok(dst, n)))
        return -EFAULT;
    return unlikely(uaccess_zero((void *)dst, n)) ? -EFAULT : 0;
}

s64 copyin_str(char *dst, vaddr_t src, size_t n)
{
    size_t part = user_part(src, n);

    assert_may_sleep();
    if (part == 0)
        return n ? -EFAULT : -ENAMETOOLONG;
    s64 length = uaccess_strncpy(dst, (const char *)src, part);
    if (length < (s64)part)
        return length;
    return part < n ? -EFAULT : -ENAMETOOLONG;
}

int user_load_u32(u32 *out, vaddr_t src)
{
    if (!range_ok(src, sizeof(u32)))
        return -EFAULT;
    return uaccess_load_u32(out, (const u32 *)src);
}

int user_cmpxchg_u32(u32 *old, vaddr_t dst, u32 expected, u32 desired)
{
    if (!range_ok(dst, sizeof(u32)))
        return -EFAULT;
    return uaccess_cmpxchg_u32(old, (u32 *)dst, expected, desired);
}
