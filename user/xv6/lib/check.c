/* SPDX-License-Identifier: MIT */
/*
 * Asking the kernel about a pointer without any effect (LIB-1). Each question is a call that
 * reads or writes through the pointer and then does nothing: a look at a name below a
 * descriptor that does not exist, and the signal mask.
 */
#include <asm/errno.h>

#include "sys.h"
#include "kernel/param.h"
#include "user/user.h"

enum { NO_DESCRIPTOR = -1, NO_SUCH_HOW = 99, SIG_BLOCK_NOTHING = 0, MASK_BYTES = 8 };

bool user_string(const char *s)
{
    return sys3(__NR_faccessat, NO_DESCRIPTOR, (long)s, 0) != -EFAULT;
}

bool user_readable(const void *p)
{
    return sys6(__NR_rt_sigprocmask, NO_SUCH_HOW, (long)p, 0, MASK_BYTES, 0, 0) != -EFAULT;
}

static bool word_writable(char *p)
{
    return sys6(__NR_rt_sigprocmask, SIG_BLOCK_NOTHING, 0, (long)p, MASK_BYTES, 0, 0) == 0;
}

bool user_writable(void *p, unsigned long n)
{
    char *first = p;

    return word_writable(first) && (n <= MASK_BYTES || word_writable(first + n - MASK_BYTES));
}

int descriptor_limit(long fd)
{
    if (fd < NOFILE)
        return (int)sys_result(fd);
    sys3(__NR_close, fd, 0, 0);
    return -1;
}
