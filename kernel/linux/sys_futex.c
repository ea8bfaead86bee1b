/* SPDX-License-Identifier: MIT */
/* System calls: futex(2). */
#include <linux/syscall.h>

#include <ipc/futex.h>
#include <linux/errno.h>
#include <linux/futex.h>
#include <linux/helpers.h>
#include <proc/proc.h>
#include <proc/signal.h>
#include <sched/timer.h>

/* The timeout of a wait: relative for FUTEX_WAIT, a time of a clock for FUTEX_WAIT_BITSET. */
static int deadline_in(u64 timeout, int op, nsec_t *out)
{
    nsec_t t;
    int err;

    *out = 0;
    if (!timeout)
        return 0;
    err = timespec_in(timeout, &t);
    if (err)
        return err;
    if ((op & FUTEX_CMD_MASK) == FUTEX_WAIT)
        t = deadline_after(t);
    else if (op & FUTEX_CLOCK_REALTIME)
        t -= clock_realtime() - clock_monotonic();
    *out = max(t, 1L);
    return 0;
}

static long futex_wait_again(const struct syscall_restart *r)
{
    long err = futex_wait(r->address, r->value, r->bitset, r->deadline, r->is_private);

    if (err != -EINTR)
        return err;
    current->user->restart = *r;
    return r->deadline ? -ERESTART_RESTARTBLOCK : -ERESTARTSYS;
}

static long futex_wait_call(u64 uaddr, int op, u32 val, u64 timeout, u32 bitset)
{
    struct syscall_restart r = {.fn = futex_wait_again,
                                .address = uaddr,
                                .value = val,
                                .bitset = bitset,
                                .is_private = op & FUTEX_PRIVATE_FLAG};
    int err = deadline_in(timeout, op, &r.deadline);

    return err ? err : futex_wait_again(&r);
}

long sys_futex(u64 uaddr, u64 op64, u64 val, u64 timeout, u64 uaddr2, u64 val3)
{
    int op = (int)op64, cmd = op & FUTEX_CMD_MASK;
    bool is_private = op & FUTEX_PRIVATE_FLAG;
    struct futex_move move = {
        uaddr, uaddr2, (u32)val, (u32)timeout, cmd == FUTEX_CMP_REQUEUE, (u32)val3, is_private};

    if ((op & FUTEX_CLOCK_REALTIME) && cmd != FUTEX_WAIT_BITSET)
        return -ENOSYS;
    switch (cmd) {
    case FUTEX_WAIT:
        return futex_wait_call(uaddr, op, (u32)val, timeout, FUTEX_BITSET_MATCH_ANY);
    case FUTEX_WAIT_BITSET:
        return futex_wait_call(uaddr, op, (u32)val, timeout, (u32)val3);
    case FUTEX_WAKE:
        return futex_wake(uaddr, (u32)val, FUTEX_BITSET_MATCH_ANY, is_private);
    case FUTEX_WAKE_BITSET:
        return futex_wake(uaddr, (u32)val, (u32)val3, is_private);
    case FUTEX_REQUEUE:
    case FUTEX_CMP_REQUEUE:
        if ((s32)val < 0 || (s32)timeout < 0)
            return -EINVAL;
        return futex_requeue(&move);
    case FUTEX_WAKE_OP:
        return futex_wake_op(uaddr, uaddr2, (u32)val, (u32)timeout, (u32)val3, is_private);
    }
    return -ENOSYS;
}
