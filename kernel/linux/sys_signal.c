/* SPDX-License-Identifier: MIT */
/* System calls: signals. */
#include <linux/syscall.h>

#include <linux/errno.h>
#include <linux/helpers.h>
#include <linux/signal.h>
#include <proc/internal.h>
#include <proc/proc.h>
#include <proc/signal.h>
#include <sched/wait.h>
#include <vm/uaccess.h>

#define UNBLOCKABLE (sig_bit(SIGKILL) | sig_bit(SIGSTOP))

/* --- actions and masks --- */

long sys_rt_sigaction(u64 signo, u64 new, u64 old, u64 size)
{
    struct proc *proc = proc_current();
    struct sigaction_k action = {0}, before;

    if (size != sizeof(sigset64_t) || (s32)signo < 1 || (s32)signo > SIG_COUNT)
        return -EINVAL;
    if (new &&copyin(&action, new, sizeof(action)))
        return -EFAULT;
    if (new && (UNBLOCKABLE & sig_bit((int)signo)))
        return -EINVAL;
    action.mask &= ~UNBLOCKABLE;
    before = signal_action_set(proc, (int)signo, new ? &action : NULL);
    return old && copyout(old, &before, sizeof(before)) ? -EFAULT : 0;
}

long sys_rt_sigprocmask(u64 how, u64 new, u64 old, u64 size)
{
    sigset64_t before = current->user->blocked, set;

    if (size != sizeof(sigset64_t))
        return -EINVAL;
    if (new) {
        if (copyin(&set, new, sizeof(set)))
            return -EFAULT;
        switch ((int)how) {
        case SIG_BLOCK:
            set |= before;
            break;
        case SIG_UNBLOCK:
            set = before & ~set;
            break;
        case SIG_SETMASK:
            break;
        default:
            return -EINVAL;
        }
        signal_set_blocked(set);
    }
    return old && copyout(old, &before, sizeof(before)) ? -EFAULT : 0;
}

long sys_rt_sigpending(u64 out, u64 size)
{
    struct uthread *u = current->user;
    sigset64_t set;

    if (size > sizeof(set))
        return -EINVAL;
    u64 state = spin_lock_irqsave(&u->proc->sig_lock);
    set = (u->pending.set | u->proc->pending.set) & u->blocked;
    spin_unlock_irqrestore(&u->proc->sig_lock, state);
    return copyout(out, &set, size) ? -EFAULT : 0;
}

long sys_rt_sigsuspend(u64 mask, u64 size)
{
    sigset64_t set;

    if (size != sizeof(set))
        return -EINVAL;
    if (copyin(&set, mask, sizeof(set)))
        return -EFAULT;
    signal_mask_push(set);
    while (!thread_is_interrupted()) {
        wait_prepare(true);
        if (thread_is_interrupted()) {
            wait_cancel();
            break;
        }
        if (wait_commit(0) == -EINTR)
            break;
    }
    return -ERESTARTNOHAND;
}

static int take_wanted(sigset64_t set, struct siginfo_part *info)
{
    struct proc *proc = proc_current();
    u64 state = spin_lock_irqsave(&proc->sig_lock);
    int signo = signal_dequeue_locked(~set, info);

    current->user->waiting_for = signo ? 0 : set;
    signal_recalc_locked();
    spin_unlock_irqrestore(&proc->sig_lock, state);
    return signo;
}

static int sigwait(sigset64_t set, struct siginfo_part *info, nsec_t deadline)
{
    int signo, err = 0;

    for (;;) {
        wait_prepare(true);
        signo = take_wanted(set, info);
        if (signo || err) {
            wait_cancel();
            break;
        }
        err = wait_commit(deadline);
    }
    current->user->waiting_for = 0;
    return signo ? signo : err == -ETIMEDOUT ? -EAGAIN : err;
}

long sys_rt_sigtimedwait(u64 wanted, u64 info_out, u64 timeout, u64 size)
{
    struct siginfo_part info;
    sigset64_t set;
    nsec_t deadline = 0;
    int signo, err;

    if (size != sizeof(set))
        return -EINVAL;
    if (copyin(&set, wanted, sizeof(set)))
        return -EFAULT;
    if (timeout) {
        err = timespec_in(timeout, &deadline);
        if (err)
            return err;
        deadline = deadline_after(deadline);
    }
    signo = sigwait(set & ~UNBLOCKABLE, &info, deadline);
    if (signo < 0 || !info_out)
        return signo;
    if (copyout(info_out, &info, sizeof(info)) ||
        clearout(info_out + sizeof(info), sizeof(siginfo_t) - sizeof(info)))
        return -EFAULT;
    return signo;
}

long sys_sigaltstack(u64 new, u64 old)
{
    struct uthread *u = current->user;
    vaddr_t sp = thread_trapframe(current)->sp;
    stack_t ss, before;

    altstack_describe(u, sp, &before);
    if (new) {
        if (copyin(&ss, new, sizeof(ss)))
            return -EFAULT;
        if (before.ss_flags & SS_ONSTACK)
            return -EPERM;
        u32 mode = (u32)ss.ss_flags & ~SS_AUTODISARM;
        if (mode != 0 && mode != SS_DISABLE && mode != SS_ONSTACK)
            return -EINVAL;
        if (mode != SS_DISABLE && ss.ss_size < MINSIGSTKSZ)
            return -ENOMEM;
        u->altstack_flags = (u32)ss.ss_flags & SS_AUTODISARM;
        u->altstack_base = mode == SS_DISABLE ? 0 : (vaddr_t)ss.ss_sp;
        u->altstack_size = mode == SS_DISABLE ? 0 : ss.ss_size;
    }
    return old && copyout(old, &before, sizeof(before)) ? -EFAULT : 0;
}

long sys_rt_sigreturn(void)
{
    return sigframe_pop(thread_trapframe(current));
}

/* --- sending --- */

/* May the caller send this to `proc`? kill(2). */
static int may_signal(struct proc *proc, int signo)
{
    if (proc_may_control(proc))
        return 0;
    return signo == SIGCONT && proc_sid(proc) == proc_sid(proc_current()) ? 0 : -EPERM;
}

static int send_to(struct proc *proc, int signo, const struct siginfo_part *info)
{
    int err = may_signal(proc, signo);

    if (err || signo == 0)
        return err;
    return signal_send_proc(proc, signo, info);
}

/* Every process that fits: all but process 1 and ourselves (pgid 0), or a group. The caller may
 * be among the targets. */
static long send_to_many(u32 pgid, int signo, const struct siginfo_part *info)
{
    long result = -ESRCH;
    bool sent = false;
    struct proc *proc;

    for (u32 pid = pgid ? 1 : 2; (proc = proc_next_get(pid));) {
        pid = proc_id(proc) + 1;
        bool fits = pgid ? proc_pgid(proc) == pgid : proc != proc_current();
        if (fits) {
            int err = send_to(proc, signo, info);
            sent |= err == 0;
            result = err;
        }
        proc_put(proc);
    }
    return sent ? 0 : result;
}

static long send_to_one(u32 pid, int signo, const struct siginfo_part *info)
{
    struct proc *proc = proc_find_get(pid);
    long err;

    if (!proc)
        return -ESRCH;
    err = send_to(proc, signo, info);
    proc_put(proc);
    return err;
}

static bool signo_is_valid(u64 signo)
{
    return (s32)signo >= 0 && (s32)signo <= SIG_COUNT;
}

long sys_kill(u64 pid, u64 signo)
{
    struct siginfo_part info;
    s32 to = (s32)pid;

    if (!signo_is_valid(signo))
        return -EINVAL;
    siginfo_user(&info, (int)signo, SI_USER);
    if (to > 0)
        return send_to_one((u32)to, (int)signo, &info);
    if (to == -1)
        return send_to_many(0, (int)signo, &info);
    if (to == INT32_MIN)
        return -ESRCH;
    return send_to_many(to == 0 ? proc_pgid(proc_current()) : (u32)-to, (int)signo, &info);
}

/* tgid 0: any process. */
static long send_to_thread(u32 tgid, u32 tid, int signo, const struct siginfo_part *info)
{
    struct uthread *u;
    struct proc *proc = NULL;
    long err = -ESRCH;
    u64 state = spin_lock_irqsave(&proc_lock);

    u = uthread_find_locked(tid);
    if (u && (!tgid || proc_id(u->proc) == tgid)) {
        proc = u->proc;
        proc_get(proc);
    }
    spin_unlock_irqrestore(&proc_lock, state);
    if (!proc)
        return -ESRCH;
    err = may_signal(proc, signo);
    if (!err) {
        state = spin_lock_irqsave(&proc_lock);
        u = uthread_find_locked(tid); /* it may have ended meanwhile */
        err = !u || u->proc != proc ? -ESRCH : signo ? signal_send_thread(u, signo, info) : 0;
        spin_unlock_irqrestore(&proc_lock, state);
    }
    proc_put(proc);
    return err;
}

long sys_tkill(u64 tid, u64 signo)
{
    struct siginfo_part info;

    if ((s32)tid <= 0 || !signo_is_valid(signo))
        return -EINVAL;
    siginfo_user(&info, (int)signo, SI_TKILL);
    return send_to_thread(0, (u32)tid, (int)signo, &info);
}

long sys_tgkill(u64 tgid, u64 tid, u64 signo)
{
    struct siginfo_part info;

    if ((s32)tid <= 0 || (s32)tgid <= 0 || !signo_is_valid(signo))
        return -EINVAL;
    siginfo_user(&info, (int)signo, SI_TKILL);
    return send_to_thread((u32)tgid, (u32)tid, (int)signo, &info);
}

/* A user may claim any details but those of the kernel and of kill(). */
static int siginfo_in(struct siginfo_part *info, u64 from, u64 signo, bool to_self)
{
    if (!signo_is_valid(signo))
        return -EINVAL;
    if (copyin(info, from, sizeof(*info)))
        return -EFAULT;
    info->signo = (int)signo;
    if ((info->code >= 0 || info->code == SI_TKILL) && !to_self)
        return -EPERM;
    return 0;
}

long sys_rt_sigqueueinfo(u64 pid, u64 signo, u64 from)
{
    struct siginfo_part info;
    int err = siginfo_in(&info, from, signo, (u32)pid == proc_id(proc_current()));

    return err ? err : send_to_one((u32)pid, (int)signo, &info);
}

long sys_rt_tgsigqueueinfo(u64 tgid, u64 tid, u64 signo, u64 from)
{
    struct siginfo_part info;
    int err;

    if ((s32)tid <= 0 || (s32)tgid <= 0)
        return -EINVAL;
    err = siginfo_in(&info, from, signo, (u32)tid == current->tid);
    return err ? err : send_to_thread((u32)tgid, (u32)tid, (int)signo, &info);
}
