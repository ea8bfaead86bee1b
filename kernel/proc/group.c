/* SPDX-License-Identifier: MIT */
/*
 * Process groups and sessions: the units of job control (POSIX.1, 3.296 and 11.1.3).
 *
 * A group lives while it has members, a session while it has groups. A group is *orphaned* when
 * no member has a parent in another group of the same session: then nobody is left who would
 * continue it, so it must not stay stopped.
 *
 * Locks: proc_lock for everything here.
 */
#include <proc/internal.h>

#include <debug/assert.h>
#include <linux/errno.h>
#include <linux/signal.h>
#include <mem/cache.h>

static struct pgrp *pgrp_create(struct pid *id, struct session *session)
{
    struct pgrp *g = mem_alloc(sizeof(*g));

    if (!g)
        return NULL;
    g->id = id;
    g->session = session;
    list_init(&g->members);
    list_init(&g->session_link);
    return g;
}

/* The number and the session know the group from now on. */
static void pgrp_publish_locked(struct pgrp *g)
{
    g->id->pgrp = g;
    list_add_tail(&g->session_link, &g->session->groups);
}

int session_create(struct pid *id, struct pgrp **out)
{
    struct session *s = mem_zalloc(sizeof(*s));
    struct pgrp *g = s ? pgrp_create(id, s) : NULL;

    if (!g) {
        mem_free(s);
        return -ENOMEM;
    }
    s->id = id;
    list_init(&s->groups);
    *out = g;
    return 0;
}

static void session_publish_locked(struct pgrp *first)
{
    first->session->id->session = first->session;
    pgrp_publish_locked(first);
}

static void pgrp_destroy_if_empty_locked(struct pgrp *g)
{
    struct session *s = g->session;
    struct pid *id = g->id;

    if (!list_is_empty(&g->members))
        return;
    list_del(&g->session_link);
    id->pgrp = NULL;
    mem_free(g);
    pid_release_locked(id);
    if (!list_is_empty(&s->groups))
        return;
    id = s->id;
    id->session = NULL;
    mem_free(s);
    pid_release_locked(id);
}

void pgrp_leave_locked(struct proc *proc)
{
    struct pgrp *g = proc->pgrp;

    assert(spin_is_held(&proc_lock));
    proc->pgrp = NULL;
    list_del(&proc->pgrp_link);
    pgrp_destroy_if_empty_locked(g);
}

void pgrp_join_locked(struct proc *proc, struct pgrp *to)
{
    struct pgrp *from = proc->pgrp;

    assert(spin_is_held(&proc_lock));
    if (from == to)
        return;
    if (!to->id->pgrp && to->session->id->session)
        pgrp_publish_locked(to);
    else if (!to->id->pgrp)
        session_publish_locked(to);
    if (from)
        list_del(&proc->pgrp_link);
    list_add_tail(&proc->pgrp_link, &to->members);
    proc->pgrp = to;
    if (from)
        pgrp_destroy_if_empty_locked(from);
}

/* --- orphans --- */

/* Does this member's parent keep its group alive for job control? `without`: as if it were
 * gone. */
static bool member_has_keeper(const struct proc *p, const struct proc *without)
{
    const struct proc *parent = p->parent;

    return p != without && p->state == PROC_ALIVE && parent && parent->pgrp &&
           parent->pid->nr != 1 && parent != without && parent->pgrp != p->pgrp &&
           parent->pgrp->session == p->pgrp->session;
}

static bool is_orphaned_without(const struct pgrp *g, const struct proc *without)
{
    const struct proc *p;

    list_for_each (p, &g->members, pgrp_link) {
        if (member_has_keeper(p, without))
            return false;
    }
    return true;
}

bool pgrp_is_orphaned_locked(const struct pgrp *g)
{
    assert(spin_is_held(&proc_lock));
    return is_orphaned_without(g, NULL);
}

bool pgrp_is_orphaned(u32 pgid)
{
    u64 state = spin_lock_irqsave(&proc_lock);
    struct pgrp *g = pgrp_find_locked(pgid);
    bool orphaned = !g || pgrp_is_orphaned_locked(g);

    spin_unlock_irqrestore(&proc_lock, state);
    return orphaned;
}

static bool has_stopped_member(const struct pgrp *g)
{
    const struct proc *p;

    list_for_each (p, &g->members, pgrp_link) {
        if (p->is_stopped)
            return true;
    }
    return false;
}

/* Locks: proc_lock. */
static void pgrp_signal_locked(struct pgrp *g, int signo, const struct siginfo_part *info)
{
    struct proc *p;

    list_for_each (p, &g->members, pgrp_link)
        signal_send_proc(p, signo, info);
}

static void hang_up_if_newly_orphaned(struct pgrp *g, const struct proc *leaving)
{
    if (!is_orphaned_without(g, leaving) || !has_stopped_member(g))
        return;
    pgrp_signal_locked(g, SIGHUP, NULL);
    pgrp_signal_locked(g, SIGCONT, NULL);
}

void pgrp_check_orphans_locked(struct proc *proc)
{
    struct proc *child;

    assert(spin_is_held(&proc_lock));
    if (member_has_keeper(proc, NULL))
        hang_up_if_newly_orphaned(proc->pgrp, proc);
    list_for_each (child, &proc->children, sibling) {
        if (child->pgrp && member_has_keeper(child, NULL))
            hang_up_if_newly_orphaned(child->pgrp, proc);
    }
}

/* --- for others --- */

int signal_send_pgrp(u32 pgid, int signo)
{
    u64 state = spin_lock_irqsave(&proc_lock);
    struct pgrp *g = pgrp_find_locked(pgid);

    if (g)
        pgrp_signal_locked(g, signo, NULL);
    spin_unlock_irqrestore(&proc_lock, state);
    return g ? 0 : -ESRCH;
}

static u32 pgid_locked(const struct proc *proc)
{
    return proc->pgrp ? proc->pgrp->id->nr : 0;
}

u32 proc_pgid(struct proc *proc)
{
    u64 state = spin_lock_irqsave(&proc_lock);
    u32 pgid = pgid_locked(proc);

    spin_unlock_irqrestore(&proc_lock, state);
    return pgid;
}

u32 proc_sid(struct proc *proc)
{
    u64 state = spin_lock_irqsave(&proc_lock);
    u32 sid = proc->pgrp ? proc->pgrp->session->id->nr : 0;

    spin_unlock_irqrestore(&proc_lock, state);
    return sid;
}

bool proc_is_session_leader(struct proc *proc)
{
    return proc_sid(proc) == proc_id(proc);
}

struct session *session_current(void)
{
    return proc_current()->pgrp->session;
}

/* --- setsid, setpgid --- */

long proc_setsid(void)
{
    struct proc *me = proc_current();
    struct pgrp *g;
    long result = proc_id(me);
    int err = session_create(me->pid, &g);

    if (err)
        return err;
    u64 state = spin_lock_irqsave(&proc_lock);
    if (me->pid->pgrp) {
        result =
            -EPERM; /* a group has our number: we lead it, or its other members do without us */
    } else {
        pgrp_join_locked(me, g);
    }
    spin_unlock_irqrestore(&proc_lock, state);
    if (result < 0) {
        mem_free(g->session);
        mem_free(g);
    }
    return result;
}

/* May the caller move `proc` to a group? Locks: proc_lock. */
static int setpgid_check_locked(struct proc *proc)
{
    struct proc *me = proc_current();

    if (!proc || proc->state != PROC_ALIVE)
        return -ESRCH;
    if (proc != me) {
        if (proc->parent != me)
            return -ESRCH;
        if (proc->pgrp->session != me->pgrp->session)
            return -EPERM;
        if (proc->has_execed)
            return -EACCES;
    }
    return proc->pgrp->session->id == proc->pid ? -EPERM : 0;
}

/* *spare is used up (NULL) if a new group had to be made of it. */
static int setpgid_locked(u32 pid, u32 pgid, struct pgrp **spare)
{
    struct proc *proc = proc_find_locked(pid);
    struct pgrp *to = pgrp_find_locked(pgid);
    int err = setpgid_check_locked(proc);

    if (err)
        return err;
    if (!to && pgid == pid) {
        to = *spare;
        *spare = NULL;
        to->id = proc->pid;
        to->session = proc->pgrp->session;
    }
    if (!to || to->session != proc->pgrp->session)
        return -EPERM;
    if (to == proc->pgrp)
        return 0;
    pgrp_join_locked(proc, to);
    return 0;
}

long proc_setpgid(u32 pid, u32 pgid)
{
    struct pgrp *spare = pgrp_create(NULL, NULL);

    if (!spare)
        return -ENOMEM;
    if (pid == 0)
        pid = proc_id(proc_current());
    if (pgid == 0)
        pgid = pid;
    u64 state = spin_lock_irqsave(&proc_lock);
    int err = setpgid_locked(pid, pgid, &spare);
    spin_unlock_irqrestore(&proc_lock, state);
    mem_free(spare);
    return err;
}
