/* SPDX-License-Identifier: MIT */
/*
 * Job control: stopping a process and letting it go on.
 *
 * A stop begins when one thread takes a stop signal (stop_begun); every thread comes by on its
 * way to user mode and waits in proc_stop_here(). The last to arrive completes the stop
 * (is_stopped) and tells the parent. SIGCONT ends it at the moment it is sent; the first thread
 * that goes on tells the parent, because the sender may be an interrupt handler.
 *
 * Locks: sig_lock for the state, proc_lock to tell the parent.
 */
#include <proc/internal.h>

#include <debug/assert.h>
#include <linux/signal.h>
#include <linux/wait.h>
#include <vfs/cred.h>

static bool stop_is_over(const struct proc *proc, const struct uthread *u)
{
    return !(__atomic_load_n(&proc->stop_begun, __ATOMIC_ACQUIRE) ||
             __atomic_load_n(&proc->is_stopped, __ATOMIC_ACQUIRE)) ||
           proc->group_exit || (proc->exec_thread && proc->exec_thread != u);
}

/* True if the stop is complete now. Locks: sig_lock. */
static bool stop_complete_locked(struct proc *proc)
{
    if (!proc->stop_begun || proc->n_stopped < proc->n_live || proc->n_live == 0)
        return false;
    proc->stop_begun = false;
    proc->is_stopped = true;
    proc->stop_unreported = true;
    proc->continue_unreported = false;
    return true;
}

static void tell_parent(struct proc *proc, int code, int status)
{
    u64 state = spin_lock_irqsave(&proc_lock);

    proc_notify_parent_locked(proc, code, status);
    spin_unlock_irqrestore(&proc_lock, state);
}

void proc_stop_begin(int signo)
{
    struct proc *proc = proc_current();
    struct uthread *u;
    u64 state = spin_lock_irqsave(&proc->sig_lock);

    if (proc->stop_dequeued && !proc->group_exit && !proc->is_stopped) {
        proc->stop_begun = true;
        proc->stop_signal = signo;
        list_for_each (u, &proc->threads, link) {
            if (u->thread != current && !u->is_exiting)
                thread_interrupt(u->thread);
        }
    }
    spin_unlock_irqrestore(&proc->sig_lock, state);
}

void proc_stop_here(void)
{
    struct proc *proc = proc_current();
    struct uthread *u = current->user;
    u64 state = spin_lock_irqsave(&proc->sig_lock);
    bool complete = false, told = false;

    if (!stop_is_over(proc, u)) {
        u->is_stopped = true;
        proc->n_stopped++;
        complete = stop_complete_locked(proc);
    }
    spin_unlock_irqrestore(&proc->sig_lock, state);
    if (complete)
        tell_parent(proc, CLD_STOPPED, proc->stop_signal);
    wait_event(&proc->stop_wait, stop_is_over(proc, u));

    state = spin_lock_irqsave(&proc->sig_lock);
    if (u->is_stopped) {
        u->is_stopped = false;
        proc->n_stopped--;
    }
    if (proc->continue_notify) {
        proc->continue_notify = false;
        proc->continue_unreported = true;
        told = true;
    }
    spin_unlock_irqrestore(&proc->sig_lock, state);
    if (told)
        tell_parent(proc, CLD_CONTINUED, SIGCONT);
}

void proc_continue_locked(struct proc *proc)
{
    struct uthread *u;

    assert(spin_is_held(&proc->sig_lock));
    proc->stop_dequeued = false;
    if (!proc->stop_begun && !proc->is_stopped)
        return;
    proc->stop_unreported = false;
    list_for_each (u, &proc->threads, link)
        u->is_stopped = false;
    proc->n_stopped = 0;
    __atomic_store_n(&proc->stop_begun, false, __ATOMIC_RELEASE);
    __atomic_store_n(&proc->is_stopped, false, __ATOMIC_RELEASE);
    wake_all(&proc->stop_wait);
}

void proc_stop_leave_locked(struct uthread *u)
{
    struct proc *proc = u->proc;

    if (u->is_stopped) {
        u->is_stopped = false;
        proc->n_stopped--;
    }
    if (stop_complete_locked(proc)) {
        spin_unlock(&proc->sig_lock);
        proc_notify_parent_locked(proc, CLD_STOPPED, proc->stop_signal);
        spin_lock(&proc->sig_lock);
    }
}

void proc_notify_parent_locked(struct proc *proc, int code, int status)
{
    struct proc *parent = proc->parent;
    struct sigaction_k action;
    struct siginfo_part info;
    struct proc_times times;

    assert(spin_is_held(&proc_lock));
    if (!parent)
        return;
    proc_times_read(proc, &times);
    u64 state = spin_lock_irqsave(&parent->sig_lock);
    action = sighand_action(parent->sighand, SIGCHLD);
    if (action.handler != (vaddr_t)SIG_IGN && !(action.flags & SA_NOCLDSTOP) &&
        signal_is_wanted_locked(parent, NULL, SIGCHLD)) {
        siginfo_child(&info, proc, &times, code, status);
        (void)signal_add_locked(parent, NULL, SIGCHLD, &info);
    }
    spin_unlock_irqrestore(&parent->sig_lock, state);
    wake_all(&parent->child_wait);
}
