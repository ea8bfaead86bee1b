/* SPDX-License-Identifier: MIT */
/*
 * Job control: which session a terminal controls, and which of its groups may use it.
 *
 * A session has at most one terminal and a terminal at most one session; the two pointers are
 * set and cleared together, under proc_lock. Only a leader makes or ends the bond, so a session
 * that is bound has a living leader: its end hangs the terminal up (session->leader_exit).
 *
 * The foreground group is kept by number. A number may outlive its group and be given to
 * somebody else's, so before it is used it must belong to the terminal's session.
 */
#include <debug/assert.h>
#include <linux/errno.h>
#include <linux/signal.h>
#include <proc/proc.h>
#include <proc/tty_internal.h>
#include <vfs/cred.h>

static void bind_locked(struct tty *tty, struct session *session)
{
    assert(spin_is_held(&proc_lock));
    tty->session = session;
    tty->pgid = proc_current()->pgrp->id->nr;
    session->tty = tty;
}

static void unbind_locked(struct tty *tty)
{
    assert(spin_is_held(&proc_lock));
    if (tty->session)
        tty->session->tty = NULL;
    tty->session = NULL;
    tty->pgid = 0;
}

struct tty *tty_of_session(void)
{
    u64 state = spin_lock_irqsave(&proc_lock);
    struct tty *tty = session_current()->tty;

    spin_unlock_irqrestore(&proc_lock, state);
    return tty;
}

/* The foreground group if it still is one of the session's, or 0. */
static u32 foreground_of_session(struct tty *tty)
{
    u64 state = spin_lock_irqsave(&proc_lock);
    struct pgrp *group = tty->pgid != 0 ? pgrp_find_locked(tty->pgid) : NULL;
    u32 pgid = group && group->session == tty->session ? tty->pgid : 0;

    spin_unlock_irqrestore(&proc_lock, state);
    return pgid;
}

void tty_signal_foreground(struct tty *tty, int signo)
{
    u32 pgid = foreground_of_session(tty);

    if (pgid != 0)
        signal_send_pgrp(pgid, signo);
}

int tty_check_foreground(struct tty *tty, int signo)
{
    u32 own = proc_pgid(proc_current());
    u32 foreground = tty_foreground(tty);

    if (foreground == own || foreground == 0 || tty_of_session() != tty)
        return 0;
    if (signal_is_refused(signo))
        return signo == SIGTTIN ? -EIO : 0;
    if (pgrp_is_orphaned(own))
        return -EIO;
    signal_send_pgrp(own, signo);
    return -EINTR;
}

/* ---- the bond -------------------------------------------------------------------- */

static void leader_exit(struct session *session)
{
    u64 state = spin_lock_irqsave(&proc_lock);
    struct tty *tty = session->tty;

    spin_unlock_irqrestore(&proc_lock, state);
    if (tty)
        tty_hang_up(tty);
}

/* The caller's session if it is its leader, or NULL. */
static struct session *session_led(void)
{
    return proc_is_session_leader(proc_current()) ? session_current() : NULL;
}

void tty_adopt(struct tty *tty)
{
    struct session *session = session_led();

    if (!session)
        return;
    u64 state = spin_lock_irqsave(&proc_lock);
    if (!session->tty && !tty->session) {
        session->leader_exit = leader_exit;
        bind_locked(tty, session);
    }
    spin_unlock_irqrestore(&proc_lock, state);
}

int tty_set_controlling(struct tty *tty, bool steal, bool may_read)
{
    struct session *session = session_led();
    bool is_root = cred_is_root(current->cred);
    int err = 0;

    if (!session)
        return -EPERM;
    u64 state = spin_lock_irqsave(&proc_lock);
    if (session->tty == tty)
        ; /* it is already */
    else if (session->tty || (tty->session && !(steal && is_root)) || !(may_read || is_root))
        err = -EPERM;
    else {
        unbind_locked(tty);
        session->leader_exit = leader_exit;
        bind_locked(tty, session);
    }
    spin_unlock_irqrestore(&proc_lock, state);
    return err;
}

int tty_give_up(struct tty *tty)
{
    if (tty_of_session() != tty)
        return -ENOTTY;
    if (!session_led())
        return 0; /* the session keeps it */
    u32 pgid = foreground_of_session(tty);
    u64 state = spin_lock_irqsave(&proc_lock);
    unbind_locked(tty);
    spin_unlock_irqrestore(&proc_lock, state);
    if (pgid != 0) {
        signal_send_pgrp(pgid, SIGHUP);
        signal_send_pgrp(pgid, SIGCONT);
    }
    return 0;
}

int tty_set_foreground(struct tty *tty, s32 pgid)
{
    int err = tty_check_foreground(tty, SIGTTOU);

    if (err == -EIO)
        return -ENOTTY;
    if (err != 0)
        return err;
    if (pgid < 0)
        return -EINVAL;
    if (tty_of_session() != tty)
        return -ENOTTY;

    u64 state = spin_lock_irqsave(&proc_lock);
    struct pgrp *group = pgrp_find_locked((u32)pgid);
    if (!group)
        err = -ESRCH;
    else if (group->session != session_current())
        err = -EPERM;
    else
        tty->pgid = (u32)pgid;
    spin_unlock_irqrestore(&proc_lock, state);
    return err;
}

/* The next session finds a terminal as it was at boot, whatever the last one was doing. */
static void settings_reset(struct tty *tty)
{
    struct ktermios fresh;

    ldisc_default_termios(&fresh);
    mutex_lock(&tty->lock);
    ldisc_set_termios(&tty->ldisc, &fresh);
    tty_input_flush_locked(tty);
    tty->ldisc.stopped = false;
    tty_output_resume_locked(tty);
    mutex_unlock(&tty->lock);
}

static void send_hangup(struct tty *tty, u32 leader_pid, u32 pgid)
{
    struct proc *leader = leader_pid != 0 ? proc_find_get(leader_pid) : NULL;

    if (leader) {
        signal_send_proc(leader, SIGHUP, NULL);
        signal_send_proc(leader, SIGCONT, NULL);
        proc_put(leader);
    }
    if (pgid != 0) {
        signal_send_pgrp(pgid, SIGHUP);
        signal_send_pgrp(pgid, SIGCONT);
    }
}

void tty_hang_up(struct tty *tty)
{
    u32 pgid = foreground_of_session(tty);
    u64 state = spin_lock_irqsave(&proc_lock);
    u32 leader_pid = tty->session ? tty->session->id->nr : 0;

    unbind_locked(tty);
    spin_unlock_irqrestore(&proc_lock, state);
    __atomic_fetch_add(&tty->n_hangups, 1, __ATOMIC_RELAXED);
    settings_reset(tty);
    send_hangup(tty, leader_pid, pgid);
    wake_all(&tty->read_wait);
    wake_all(&tty->write_wait);
}
