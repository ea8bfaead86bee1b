/* SPDX-License-Identifier: MIT */
/*
 * On the way back to user mode: taking signals.
 *
 * proc_return_to_user() repeats until nothing is left: end if the process ends, wait if it is
 * stopped, take the next signal and do what its action says. Each handler gets a frame on the
 * user's stack, so several signals nest: the last one pushed runs first.
 *
 * An interrupted system call left an error code in a0 that no user may see. It becomes EINTR,
 * or the program counter goes back to the ecall instruction, before the first handler's frame
 * is pushed, or, if there is none, at the end.
 */
#include <proc/internal.h>

#include <asm/unistd.h>
#include <debug/assert.h>
#include <debug/log.h>
#include <linux/errno.h>
#include <linux/signal.h>
#include <vm/aspace.h>
#include <vm/uaccess.h>

#define CAUSE_ECALL_USER 8
#define ECALL_SIZE       4

static void first_return(struct uthread *u);
static bool take_one(struct trapframe *tf);
static void act_default(int signo);
static void handler_enter(struct trapframe *tf, int signo, const struct siginfo_part *info);
static void syscall_settle(struct trapframe *tf, const struct sigaction_k *action);

void proc_return_to_user(struct trapframe *tf)
{
    struct uthread *u = current->user;

    if (u->set_child_tid)
        first_return(u);
    do {
        while (take_one(tf))
            ;
        syscall_settle(tf, NULL);
        if (u->has_saved) {
            u->has_saved = false;
            signal_set_blocked(u->saved_blocked);
        }
    } while (thread_is_interrupted());
}

/* The child of a clone finds its own id in its memory. */
static void first_return(struct uthread *u)
{
    u32 tid = u->pid->nr;

    if (copyout(u->set_child_tid, &tid, sizeof(tid)))
        log_info("%s: no place for the thread id", current->name);
    u->set_child_tid = 0;
}

/* Does the next thing that is asked of this thread. False: nothing is left. */
static bool take_one(struct trapframe *tf)
{
    struct uthread *u = current->user;
    struct proc *proc = u->proc;
    struct siginfo_part info;
    struct sigaction_k action;
    u64 state = spin_lock_irqsave(&proc->sig_lock);

    if (proc->group_exit || (proc->exec_thread && proc->exec_thread != u)) {
        int status = proc->group_exit ? proc->group_status : 0;
        spin_unlock_irqrestore(&proc->sig_lock, state);
        uthread_exit(status);
    }
    if (proc->stop_begun || proc->is_stopped) {
        spin_unlock_irqrestore(&proc->sig_lock, state);
        proc_stop_here();
        return true;
    }
    int signo = signal_dequeue_locked(u->blocked, &info);
    if (!signo)
        signal_recalc_locked();
    spin_unlock_irqrestore(&proc->sig_lock, state);
    if (!signo)
        return false;

    action = sighand_action(proc->sighand, signo);
    if (action.handler == (vaddr_t)SIG_DFL)
        act_default(signo);
    else if (action.handler != (vaddr_t)SIG_IGN)
        handler_enter(tf, signo, &info);
    return true;
}

/* --- default actions: signal(7), "Standard signals" --- */

static bool dumps_core(int signo)
{
    const u64 set = sig_bit(SIGQUIT) | sig_bit(SIGILL) | sig_bit(SIGTRAP) | sig_bit(SIGABRT) |
                    sig_bit(SIGFPE) | sig_bit(SIGSEGV) | sig_bit(SIGBUS) | sig_bit(SIGSYS) |
                    sig_bit(SIGXCPU) | sig_bit(SIGXFSZ);

    return (set & sig_bit(signo)) && proc_limit(RLIMIT_CORE) >= PAGE_SIZE;
}

static void act_default(int signo)
{
    struct uthread *u = current->user;
    struct proc *proc = u->proc;
    int status = signo;

    switch (signo) {
    case SIGCHLD:
    case SIGCONT:
    case SIGURG:
    case SIGWINCH:
        return;
    case SIGTSTP:
    case SIGTTIN:
    case SIGTTOU:
        if (pgrp_is_orphaned(proc_pgid(proc)))
            return;
        /* fall through */
    case SIGSTOP:
        if (proc_id(proc) != 1)
            proc_stop_begin(signo);
        return;
    }
    if (proc_id(proc) == 1 && !(u->forced & sig_bit(signo)))
        return;
    if (dumps_core(signo))
        status |= 0x80;
    u64 state = spin_lock_irqsave(&proc->sig_lock);
    group_exit_begin_locked(proc, status);
    status = proc->group_status;
    spin_unlock_irqrestore(&proc->sig_lock, state);
    uthread_exit(status);
}

/* --- handlers --- */

static void handler_enter(struct trapframe *tf, int signo, const struct siginfo_part *info)
{
    struct uthread *u = current->user;
    struct sigaction_k action = sighand_action(u->proc->sighand, signo);
    sigset64_t restore = u->has_saved ? u->saved_blocked : u->blocked;
    sigset64_t blocked = u->blocked | action.mask;

    if (action.handler <= (vaddr_t)SIG_IGN)
        return; /* changed since the caller looked */
    if (action.flags & SA_RESETHAND)
        sighand_forget_handler(u->proc->sighand, signo);
    u->forced &= ~sig_bit(signo);
    syscall_settle(tf, &action);
    if (sigframe_push(tf, &action, info, restore)) {
        if (signo == SIGSEGV)
            sighand_forget_handler(u->proc->sighand, signo);
        signal_force(SIGSEGV, SI_KERNEL, 0);
        return;
    }
    u->has_saved = false;
    if (!(action.flags & SA_NODEFER))
        blocked |= sig_bit(signo);
    signal_set_blocked(blocked);
}

/* --- the interrupted system call --- */

/* A wait that ended with a plain -EINTR, as signal(7) has it for this call. */
static s64 eintr_meaning(u64 nr)
{
    switch (nr) {
    case __NR_ppoll:
    case __NR_pselect6:
    case __NR_rt_sigsuspend:
        return -ERESTARTNOHAND;
    case __NR_epoll_pwait:
    case __NR_epoll_pwait2:
    case __NR_rt_sigtimedwait:
    case __NR_close:
    case __NR_nanosleep:
    case __NR_clock_nanosleep:
    case __NR_futex:
        return -EINTR;
    default:
        return -ERESTARTSYS;
    }
}

static bool restarts_with(s64 code, const struct sigaction_k *action)
{
    if (code == -ERESTARTNOINTR || !action)
        return true;
    return code == -ERESTARTSYS && (action->flags & SA_RESTART);
}

/* action: of the handler that is about to run, or NULL. Works once per trap. */
static void syscall_settle(struct trapframe *tf, const struct sigaction_k *action)
{
    s64 code = (s64)tf->a0;

    if (tf->cause != CAUSE_ECALL_USER)
        return;
    tf->cause = ~0UL;
    if (code == -EINTR)
        code = eintr_meaning(tf->a7);
    if (code != -ERESTARTSYS && code != -ERESTARTNOINTR && code != -ERESTARTNOHAND &&
        code != -ERESTART_RESTARTBLOCK)
        return;
    if (!restarts_with(code, action)) {
        tf->a0 = (u64)-EINTR;
        return;
    }
    tf->epc -= ECALL_SIZE;
    tf->a0 = tf->orig_a0;
    if (code == -ERESTART_RESTARTBLOCK)
        tf->a7 = __NR_restart_syscall;
}

/* --- faults --- */

void proc_fault_signal(struct trapframe *tf, int signo, int code, vaddr_t addr)
{
    if (proc_id(proc_current()) == 1)
        log_warn("init: signal %d (code %d) at pc %lx, address %lx", signo, code, tf->epc,
                 addr);
    signal_force(signo, code, addr);
}

void proc_fault_oom(struct trapframe *tf, int err)
{
    bool is_tried_again = err == -ENOMEM && oom_relieve();

    if (!is_tried_again && !signal_is_fatal_pending())
        oom_end_caller();
}
