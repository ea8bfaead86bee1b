/* SPDX-License-Identifier: MIT */
/*
 * The end of a thread, and of a process with its last one.
 *
 *   1. the thread lets go of its memory: robust futexes, clear_child_tid, the vfork parent
 *   2. it is not live any more: the last live one takes the process's timers and terminal down
 *   3. it gives back files, directories and address space
 *   4. it leaves the lists; when it was the last, the process becomes a zombie: children go to
 * their reaper, groups that nobody watches any more are hung up, the parent is told
 *
 * A process is reaped by its parent's wait4(), or at once if the parent does not care (SIGCHLD
 * ignored or SA_NOCLDWAIT).
 */
#include <proc/internal.h>

#include <debug/assert.h>
#include <debug/log.h>
#include <debug/power.h>
#include <debug/trace.h>
#include <ipc/futex.h>
#include <lib/string.h>
#include <linux/errno.h>
#include <linux/futex.h>
#include <linux/signal.h>
#include <linux/wait.h>
#include <proc/exec.h>
#include <vfs/cred.h>
#include <vfs/fdtable.h>
#include <vfs/vfs.h>
#include <vm/aspace.h>
#include <vm/uaccess.h>

struct leftovers {
    struct fdtable *files;
    struct fs_context *fs;
    struct aspace *aspace;
};

static bool thread_stop_living(struct uthread *u, int status, struct leftovers *left);
static void session_leader_hang_up(struct proc *proc);
static void leftovers_put(struct leftovers *left);
static void thread_leave_locked(struct uthread *u);
static void proc_end_locked(struct proc *proc);

void uthread_exit(int status)
{
    struct uthread *u = current->user;
    struct proc *proc = u->proc;
    struct leftovers left;

    uthread_release_memory(u);
    if (thread_stop_living(u, status, &left)) {
        if (proc_id(proc) == 1)
            init_ended(proc->group_status);
        proc_timers_end(proc);
        session_leader_hang_up(proc);
    }
    leftovers_put(&left);
    trace(TRACE_EXIT, (u64)status, 0, 0, 0);

    u64 state = spin_lock_irqsave(&proc_lock);
    thread_leave_locked(u);
    if (proc->n_threads == 0)
        proc_end_locked(proc); /* may free proc */
    spin_unlock_irqrestore(&proc_lock, state);

    sigpending_flush(&u->pending);
    current->user = NULL;
    current->proc = NULL;
    thread_exit();
}

void proc_exit_group(int status)
{
    struct proc *proc = proc_current();
    u64 state = spin_lock_irqsave(&proc->sig_lock);

    group_exit_begin_locked(proc, status);
    status = proc->group_status;
    spin_unlock_irqrestore(&proc->sig_lock, state);
    uthread_exit(status);
}

void proc_exit_thread(int status)
{
    uthread_exit(status);
}

/* The end of the machine: its exit status is that of process 1, or 128 + signal. */
void init_ended(int status)
{
    int code = (status & 0x7f) ? 128 + (status & 0x7f) : status >> 8 & 0xff;

    if (status & 0x7f)
        log_err("init was killed by signal %d", status & 0x7f);
    machine_power_off(code);
}

void uthread_release_memory(struct uthread *u)
{
    u32 zero = 0;

    if (u->robust_list)
        futex_robust_list_exit(u->robust_list, u->pid->nr);
    u->robust_list = 0;
    if (u->clear_child_tid && __atomic_load_n(&current->aspace->users, __ATOMIC_RELAXED) > 1) {
        if (copyout(u->clear_child_tid, &zero, sizeof(zero)) == 0)
            futex_wake(u->clear_child_tid, 1, FUTEX_BITSET_MATCH_ANY, false);
    }
    u->clear_child_tid = 0;
    vfork_release(u);
}

/* From now on nobody counts on this thread or finds its parts. True: it was the last live one.
 */
static bool thread_stop_living(struct uthread *u, int status, struct leftovers *left)
{
    struct proc *proc = u->proc;
    struct uthread *other;
    u64 state = spin_lock_irqsave(&proc->sig_lock);
    bool last = --proc->n_live == 0;

    u->is_exiting = true;
    if (!proc->group_exit && (last || u->pid == proc->pid) && !proc->leader_exited) {
        proc->group_status = status;
        proc->leader_exited = u->pid == proc->pid;
    }
    *left = (struct leftovers){current->files, current->fs, current->aspace};
    current->files = NULL;
    current->fs = NULL;
    if (last)
        proc->aspace = NULL;
    /* signals that were meant for any thread and that only we had been told of */
    list_for_each (other, &proc->threads, link) {
        if (!other->is_exiting && (proc->pending.set & ~other->blocked))
            thread_interrupt(other->thread);
    }
    if (last)
        proc_times_add_aspace(&proc->dead_threads, left->aspace);
    spin_unlock_irqrestore(&proc->sig_lock, state);
    return last;
}

static void session_leader_hang_up(struct proc *proc)
{
    void (*hang_up)(struct session *) = NULL;

    if (!proc->pid->session) /* only its leader makes a session, and it is not the leader */
        return;
    u64 state = spin_lock_irqsave(&proc_lock);
    struct session *s = proc->pgrp->session;

    if (s->id == proc->pid && s->tty)
        hang_up = s->leader_exit;
    spin_unlock_irqrestore(&proc_lock, state);
    if (hang_up)
        hang_up(s);
}

/* The memory first: who sees a pipe end may rely on it being gone. */
static void leftovers_put(struct leftovers *left)
{
    aspace_use(NULL);
    aspace_put(left->aspace);
    fdtable_put(left->files);
    fs_context_put(left->fs);
}

static void thread_leave_locked(struct uthread *u)
{
    struct proc *proc = u->proc;
    struct pid *pid = u->pid;

    assert(spin_is_held(&proc_lock));
    spin_lock(&proc->sig_lock);
    proc_stop_leave_locked(u);
    list_del(&u->link);
    proc->n_threads--;
    proc_times_add_thread(&proc->dead_threads, u);
    if (proc->n_threads == 0) {
        memcpy(proc->dead_name, current->name, sizeof(proc->dead_name));
        proc->dead_cred = current->cred;
    } else {
        cred_put(current->cred);
        if (proc->exec_thread)
            wake_all(&proc->stop_wait);
    }
    current->cred = NULL;
    spin_unlock(&proc->sig_lock);
    if (proc->n_threads > 0)
        proc_uncount_thread_locked(); /* the last one counts until the process is reaped */
    pid->thread = NULL;
    pid_release_locked(pid);
}

/* --- the process --- */

static struct proc *reaper_find_locked(struct proc *proc)
{
    struct proc *p;

    for (p = proc->parent; p; p = p->parent) {
        if ((p->is_subreaper || proc_id(p) == 1) && p->n_live > 0)
            return p;
    }
    return NULL; /* process 1 itself ends: so does the machine */
}

static void exit_signal_locked(struct proc *parent, const struct proc *child)
{
    struct siginfo_part info;
    int status = child->exit_status, killed_by = status & 0x7f;
    int code = !killed_by ? CLD_EXITED : status & 0x80 ? CLD_DUMPED : CLD_KILLED;

    siginfo_child(&info, child, &child->dead_threads, code,
                  killed_by ? killed_by : status >> 8 & 0xff);
    info.signo = child->exit_signal;
    (void)signal_add_locked(parent, NULL, info.signo, &info);
}

/* Tells the parent that a child has ended. True: it does not want to wait for it. */
static bool end_notify_locked(struct proc *proc)
{
    struct proc *parent = proc->parent;
    struct sigaction_k action = {0};
    int signo = proc->exit_signal;

    spin_lock(&parent->sig_lock);
    if (signo == SIGCHLD)
        action = sighand_action(parent->sighand, SIGCHLD);
    if (signo && action.handler != (vaddr_t)SIG_IGN &&
        signal_is_wanted_locked(parent, NULL, signo))
        exit_signal_locked(parent, proc);
    spin_unlock(&parent->sig_lock);
    wake_all(&parent->child_wait);
    return action.handler == (vaddr_t)SIG_IGN || (action.flags & SA_NOCLDWAIT);
}

static void child_adopt_locked(struct proc *child, struct proc *reaper)
{
    list_del(&child->sibling);
    child->parent = reaper;
    __atomic_store_n(&child->parent_id, proc_id(reaper), __ATOMIC_RELAXED);
    list_add_tail(&child->sibling, &reaper->children);
    if (child->pdeath_signal)
        signal_send_proc(child, child->pdeath_signal, NULL);
    child->exit_signal = SIGCHLD;
    if (child->state == PROC_ZOMBIE && end_notify_locked(child))
        proc_reap_locked(child);
}

static void children_give_away_locked(struct proc *proc)
{
    struct proc *reaper = reaper_find_locked(proc);
    struct proc *child, *next;

    list_for_each_safe (child, next, &proc->children, sibling)
        child_adopt_locked(child, reaper);
}

static void proc_end_locked(struct proc *proc)
{
    assert(spin_is_held(&proc_lock));
    pgrp_check_orphans_locked(proc);
    children_give_away_locked(proc);
    sigpending_flush(&proc->pending);
    proc->exit_status = proc->group_status;
    proc->state = PROC_ZOMBIE;
    if (end_notify_locked(proc))
        proc_reap_locked(proc);
}

void proc_reap_locked(struct proc *proc)
{
    struct pid *pid = proc->pid;

    assert(spin_is_held(&proc_lock));
    proc_uncount_thread_locked();
    list_del(&proc->sibling);
    pgrp_leave_locked(proc);
    cred_put(proc->dead_cred);
    proc->dead_cred = NULL;
    sighand_put(proc->sighand);
    proc->sighand = NULL;
    pid->proc = NULL;
    pid_release_locked(pid);
    proc_put(proc);
}

/* --- exec in a process of several threads --- */

static bool is_alone(struct proc *proc)
{
    return __atomic_load_n(&proc->n_threads, __ATOMIC_ACQUIRE) == 1;
}

/* The caller goes by the process's number from now on, as if it had been the leader. */
static void become_leader(struct uthread *u)
{
    struct proc *proc = u->proc;
    struct pid *old = u->pid;
    u64 state = spin_lock_irqsave(&proc_lock);

    if (old != proc->pid) {
        old->thread = NULL;
        u->pid = proc->pid;
        proc->pid->thread = u;
        u->thread->tid = proc->pid->nr;
        pid_release_locked(old);
    }
    spin_lock(&proc->sig_lock);
    proc->exec_thread = NULL;
    proc->leader_exited = false;
    spin_unlock(&proc->sig_lock);
    spin_unlock_irqrestore(&proc_lock, state);
}

int proc_end_siblings(void)
{
    struct uthread *me = current->user;
    struct proc *proc = me->proc;
    struct uthread *u;
    u64 state;

    if (is_alone(proc) && me->pid == proc->pid)
        return 0;
    state = spin_lock_irqsave(&proc->sig_lock);
    bool too_late = proc->group_exit || proc->exec_thread;
    if (!too_late) {
        proc->exec_thread = me;
        list_for_each (u, &proc->threads, link) {
            if (u != me && !u->is_exiting)
                thread_interrupt(u->thread);
        }
        wake_all(&proc->stop_wait);
    }
    spin_unlock_irqrestore(&proc->sig_lock, state);
    if (too_late)
        return -EAGAIN;
    wait_event(&proc->stop_wait, is_alone(proc));
    become_leader(me);
    return 0;
}
