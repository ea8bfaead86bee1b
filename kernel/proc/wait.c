/* SPDX-License-Identifier: MIT */
/*
 * Waiting for children: one look at the list, or at the one that is meant, under proc_lock,
 * repeated after each wake-up.
 * A child that ended, stopped or went on wakes its parent's child_wait after its state is set.
 */
#include <proc/wait.h>

#include <debug/assert.h>
#include <linux/errno.h>
#include <linux/signal.h>
#include <linux/wait.h>
#include <proc/internal.h>

#define NOT_YET (-1000) /* children there are, but none that has changed */

static bool is_wanted(const struct wait_request *req, const struct proc *child)
{
    bool is_clone = child->exit_signal != SIGCHLD;

    if (req->which == WAIT_PGRP && child->pgrp->id->nr != req->id)
        return false;
    return (req->options & __WALL) || is_clone == !!(req->options & __WCLONE);
}

static long report(struct wait_request *req, struct proc *child, int code, int status)
{
    req->pid = proc_id(child);
    req->uid = child->uid;
    req->code = code;
    req->status = status;
    return req->pid;
}

static no_inline long take_zombie(struct wait_request *req, struct proc *child)
{
    struct proc *me = child->parent;
    int status = child->exit_status;
    int code = !(status & 0x7f) ? CLD_EXITED : status & 0x80 ? CLD_DUMPED : CLD_KILLED;

    req->times = child->dead_threads;
    proc_times_add(&req->times, &child->dead_children);
    report(req, child, code, status);
    if (!(req->options & WNOWAIT)) {
        proc_times_add(&me->dead_children, &req->times);
        proc_reap_locked(child);
    }
    return req->pid;
}

static no_inline long take_change(struct wait_request *req, struct proc *child)
{
    long found = 0;
    bool keep = req->options & WNOWAIT;

    spin_lock(&child->sig_lock);
    if (child->stop_unreported && child->is_stopped && (req->options & WSTOPPED)) {
        found = report(req, child, CLD_STOPPED, child->stop_signal << 8 | 0x7f);
        child->stop_unreported = keep;
    } else if (child->continue_unreported && (req->options & WCONTINUED)) {
        found = report(req, child, CLD_CONTINUED, 0xffff);
        child->continue_unreported = keep;
    }
    spin_unlock(&child->sig_lock);
    if (found)
        proc_times_read(child, &req->times);
    return found;
}

/* What there is to say about this child: its id when that was reported, or the reason why not. */
static always_inline long look_locked(struct wait_request *req, struct proc *child)
{
    long found = 0;

    if (!is_wanted(req, child))
        return -ECHILD;
    if (child->state == PROC_ZOMBIE && (req->options & WEXITED))
        found = take_zombie(req, child);
    else if (child->state == PROC_ALIVE && (req->options & (WSTOPPED | WCONTINUED)))
        found = take_change(req, child);
    return found ? found : NOT_YET;
}

static no_inline long look_at_all_locked(struct wait_request *req)
{
    struct proc *child;
    long result = -ECHILD;

    assert(spin_is_held(&proc_lock));
    list_for_each (child, &proc_current()->children, sibling) {
        long found = look_locked(req, child);

        if (found != -ECHILD)
            result = found;
        if (found > 0)
            break;
    }
    return result;
}

static long look_at_one_locked(struct wait_request *req)
{
    struct proc *child = proc_find_locked(req->id);

    return child && child->parent == proc_current() ? look_locked(req, child) : -ECHILD;
}

static long look(struct wait_request *req)
{
    u64 state = spin_lock_irqsave(&proc_lock);
    long result = req->which == WAIT_PID ? look_at_one_locked(req) : look_at_all_locked(req);

    spin_unlock_irqrestore(&proc_lock, state);
    return result;
}

long proc_wait(struct wait_request *req)
{
    struct proc *me = proc_current();
    long result;
    int err;

    if (req->options & WNOHANG) {
        result = look(req);
        return result == NOT_YET ? 0 : result;
    }
    err = wait_event_interruptible(&me->child_wait, (result = look(req)) != NOT_YET);
    return err ? err : result;
}
