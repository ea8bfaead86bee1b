/* SPDX-License-Identifier: MIT */
/* System calls that only RISC-V has. */
#include <linux/syscall.h>

#include <arch/riscv/hart.h>
#include <arch/riscv/tlb.h>
#include <linux/errno.h>
#include <vm/uaccess.h>

static void icache_flush_here(void *arg)
{
    icache_flush_local();
}

/* All harts, whatever the range: that is what fence.i has. Flag 1: the calling thread's is
 * enough. */
long sys_riscv_flush_icache(u64 start, u64 end, u64 flags)
{
    if (flags & ~1UL)
        return -EINVAL;
    if (flags & 1)
        icache_flush_local();
    else
        hart_call(icache_flush_here, NULL);
    return 0;
}

/* --- riscv_hwprobe: pairs of keys and values; an unknown key becomes -1. Our headers are older
 * than the call; the numbers are those of <asm/hwprobe.h> of Linux 6.4. --- */

struct hwprobe_pair {
    s64 key;
    u64 value;
};

#define HWPROBE_KEY_MVENDORID     0
#define HWPROBE_KEY_MARCHID       1
#define HWPROBE_KEY_MIMPID        2
#define HWPROBE_KEY_BASE_BEHAVIOR 3
#define HWPROBE_KEY_IMA_EXT_0     4
#define HWPROBE_KEY_CPUPERF_0     5

#define HWPROBE_BASE_IMA          1
#define HWPROBE_IMA_FD            1
#define HWPROBE_IMA_C             2

static void hwprobe_answer(struct hwprobe_pair *pair)
{
    pair->value = 0;
    switch (pair->key) {
    case HWPROBE_KEY_MVENDORID:
    case HWPROBE_KEY_MARCHID:
    case HWPROBE_KEY_MIMPID:
    case HWPROBE_KEY_CPUPERF_0: /* how fast misaligned accesses are: unknown */
        return;
    case HWPROBE_KEY_BASE_BEHAVIOR:
        pair->value = HWPROBE_BASE_IMA;
        return;
    case HWPROBE_KEY_IMA_EXT_0:
        pair->value = HWPROBE_IMA_C | (machine.has_fpu ? HWPROBE_IMA_FD : 0);
        return;
    }
    pair->key = -1;
}

/* All harts are alike, so which ones the caller asks about only has to make sense. */
static int hwprobe_check_harts(u64 size, u64 from)
{
    u64 mask = 0;

    if (!size && !from)
        return 0;
    if (copyin(&mask, from, min(size, sizeof(mask))))
        return -EFAULT;
    return mask & ((1UL << n_harts) - 1) ? 0 : -EINVAL;
}

long sys_riscv_hwprobe(u64 pairs, u64 n, u64 size, u64 harts_mask, u64 flags)
{
    struct hwprobe_pair pair;
    int err = flags ? -EINVAL : hwprobe_check_harts(size, harts_mask);

    for (u64 i = 0; !err && i < n; i++) {
        u64 at = pairs + i * sizeof(pair);

        if (copyin(&pair, at, sizeof(pair)))
            return -EFAULT;
        hwprobe_answer(&pair);
        if (copyout(at, &pair, sizeof(pair)))
            return -EFAULT;
    }
    return err;
}
