/* SPDX-License-Identifier: MIT */
/*
 * Sending signals and choosing who takes them. Taking is in sigtake.c.
 *
 * Locks: see signal.h.
 */
#include <proc/internal.h>

#include <debug/assert.h>
#include <lib/string.h>
#include <linux/errno.h>
#include <linux/signal.h>
#include <mem/cache.h>
#include <vfs/cred.h>

#define SIGS_STOP (sig_bit(SIGSTOP) | sig_bit(SIGTSTP) | sig_bit(SIGTTIN) | sig_bit(SIGTTOU))
#define SIGS_FAULT                                                             \
    (sig_bit(SIGSEGV) | sig_bit(SIGBUS) | sig_bit(SIGILL) | sig_bit(SIGTRAP) | \
     sig_bit(SIGFPE) | sig_bit(SIGSYS))
#define SIGS_DEFAULT_IGNORE \
    (sig_bit(SIGCHLD) | sig_bit(SIGCONT) | sig_bit(SIGURG) | sig_bit(SIGWINCH))

/* --- actions --- */

static struct cache *sighand_cache;

void signals_init(void)
{
    sighand_cache = cache_create("sighand", sizeof(struct sighand));
}

int sighand_create(struct sighand **out)
{
    struct sighand *sh = cache_alloc(sighand_cache);

    if (!sh)
        return -ENOMEM;
    sh->count = 1;
    sh->given = 0;
    spin_init(&sh->lock, "sighand");
    *out = sh;
    return 0;
}

int sighand_copy(struct sighand *from, struct sighand **out)
{
    struct sighand *sh;
    int err = sighand_create(&sh);

    if (err)
        return err;
    u64 state = spin_lock_irqsave(&from->lock);
    sh->given = from->given;
    for (sigset64_t left = sh->given; left; left &= left - 1) {
        int i = __builtin_ctzl(left);
        sh->actions[i] = from->actions[i];
    }
    spin_unlock_irqrestore(&from->lock, state);
    *out = sh;
    return 0;
}

void sighand_get(struct sighand *sh)
{
    __atomic_fetch_add(&sh->count, 1, __ATOMIC_RELAXED);
}

void sighand_put(struct sighand *sh)
{
    if (__atomic_fetch_sub(&sh->count, 1, __ATOMIC_ACQ_REL) == 1)
        cache_free(sighand_cache, sh);
}

void sighand_reset(struct sighand *sh)
{
    u64 state = spin_lock_irqsave(&sh->lock);

    for (sigset64_t left = sh->given; left; left &= left - 1) {
        int i = __builtin_ctzl(left);

        if (sh->actions[i].handler == (vaddr_t)SIG_IGN)
            sh->actions[i] = (struct sigaction_k){.handler = (vaddr_t)SIG_IGN};
        else
            sh->given &= ~sig_bit(i + 1);
    }
    spin_unlock_irqrestore(&sh->lock, state);
}

static struct sigaction_k action_read_locked(const struct sighand *sh, int signo)
{
    assert(spin_is_held(&sh->lock));
    if (sh->given & sig_bit(signo))
        return sh->actions[signo - 1];
    return (struct sigaction_k){.handler = (vaddr_t)SIG_DFL};
}

struct sigaction_k sighand_action_given(struct sighand *sh, int signo)
{
    u64 state = spin_lock_irqsave(&sh->lock);
    struct sigaction_k action = action_read_locked(sh, signo);

    spin_unlock_irqrestore(&sh->lock, state);
    return action;
}

void sighand_forget_handler(struct sighand *sh, int signo)
{
    u64 state = spin_lock_irqsave(&sh->lock);

    sh->actions[signo - 1].handler = (vaddr_t)SIG_DFL;
    spin_unlock_irqrestore(&sh->lock, state);
}

/* --- pending signals --- */

static void proc_drop_pending_locked(struct proc *proc, sigset64_t set)
{
    struct uthread *u;

    sigpending_drop(&proc->pending, set);
    list_for_each (u, &proc->threads, link)
        sigpending_drop(&u->pending, set);
}

struct sigaction_k signal_action_set(struct proc *proc, int signo,
                                     const struct sigaction_k *new)
{
    u64 state = spin_lock_irqsave(&proc->sig_lock);
    struct sighand *sh = proc->sighand;
    struct sigaction_k before;

    spin_lock(&sh->lock);
    before = action_read_locked(sh, signo);
    if (new) {
        sh->given |= sig_bit(signo);
        sh->actions[signo - 1] = *new;
    }
    spin_unlock(&sh->lock);
    if (new && (new->handler == (vaddr_t)SIG_IGN ||
                (new->handler == (vaddr_t)SIG_DFL && (SIGS_DEFAULT_IGNORE & sig_bit(signo)))))
        proc_drop_pending_locked(proc, sig_bit(signo));
    spin_unlock_irqrestore(&proc->sig_lock, state);
    return before;
}

/* --- details --- */

void siginfo_kernel(struct siginfo_part *info, int signo)
{
    memset(info, 0, sizeof(*info));
    info->signo = signo;
    info->code = SI_KERNEL;
}

void siginfo_user(struct siginfo_part *info, int signo, int code)
{
    memset(info, 0, sizeof(*info));
    info->signo = signo;
    info->code = code;
    info->pid = proc_id(proc_current());
    info->uid = current->cred->uid;
}

void siginfo_child(struct siginfo_part *info, const struct proc *child,
                   const struct proc_times *times, int code, int status)
{
    *info = (struct siginfo_part){.signo = SIGCHLD, .code = code};
    info->pid = proc_id(child);
    info->uid = child->uid;
    info->status = status;
    info->utime = times->utime / (NSEC_PER_SEC / 100);
    info->stime = times->stime / (NSEC_PER_SEC / 100);
}

/* --- sending --- */

/* Would nothing come of it? `u` is the thread that would take it first. Process 1 is only hit
 * by signals that it handles. */
static bool is_ignored_locked(struct proc *proc, const struct uthread *u, int signo)
{
    sigset64_t bit = sig_bit(signo);
    struct sigaction_k action;

    if (u && ((u->blocked | u->waiting_for) & bit))
        return false;
    action = sighand_action(proc->sighand, signo);
    if (action.handler == (vaddr_t)SIG_IGN)
        return true;
    if (action.handler != (vaddr_t)SIG_DFL)
        return false;
    return (SIGS_DEFAULT_IGNORE & bit) || proc_id(proc) == 1;
}

static bool thread_wants(const struct uthread *u, int signo)
{
    if (u->is_exiting)
        return false;
    return signo == SIGKILL || !(u->blocked & sig_bit(signo)) ||
           (u->waiting_for & sig_bit(signo));
}

/* Somebody who does not block it takes a look. */
static void notify_taker_locked(struct proc *proc, struct uthread *u, int signo)
{
    if (u) {
        if (thread_wants(u, signo))
            thread_interrupt(u->thread);
        return;
    }
    list_for_each (u, &proc->threads, link) {
        if (thread_wants(u, signo)) {
            thread_interrupt(u->thread);
            return;
        }
    }
}

/* Stopping and going on cancel each other at the moment of sending, whatever the action is. */
static void cancel_opposites_locked(struct proc *proc, int signo)
{
    if (!((SIGS_STOP | sig_bit(SIGCONT) | sig_bit(SIGKILL)) & sig_bit(signo)))
        return;
    if (signo == SIGCONT || signo == SIGKILL) {
        proc_drop_pending_locked(proc, SIGS_STOP);
        if (signo == SIGKILL)
            proc->continue_notify = false;
        else if (proc->is_stopped)
            proc->continue_notify = true;
        proc_continue_locked(proc);
    } else if (SIGS_STOP & sig_bit(signo)) {
        proc_drop_pending_locked(proc, sig_bit(SIGCONT));
    }
}

bool signal_is_wanted_locked(struct proc *proc, struct uthread *u, int signo)
{
    assert(spin_is_held(&proc->sig_lock));
    if (list_is_empty(&proc->threads) || proc->group_exit)
        return false;
    cancel_opposites_locked(proc, signo);
    if (!u)
        u = list_first(&proc->threads, struct uthread, link);
    return !is_ignored_locked(proc, u, signo);
}

int signal_add_locked(struct proc *proc, struct uthread *u, int signo,
                      const struct siginfo_part *info)
{
    int err = sigpending_add(u ? &u->pending : &proc->pending, signo, info,
                             proc->limits[RLIMIT_SIGPENDING].rlim_cur);

    if (err)
        return err;
    notify_taker_locked(proc, u, signo);
    return 0;
}

static int signal_send_locked(struct proc *proc, struct uthread *u, int signo,
                              const struct siginfo_part *info)
{
    return signal_is_wanted_locked(proc, u, signo) ? signal_add_locked(proc, u, signo, info)
                                                   : 0;
}

int signal_send_proc(struct proc *proc, int signo, const struct siginfo_part *info)
{
    u64 state = spin_lock_irqsave(&proc->sig_lock);
    int err = signal_send_locked(proc, NULL, signo, info);

    spin_unlock_irqrestore(&proc->sig_lock, state);
    return err;
}

int signal_send_thread(struct uthread *u, int signo, const struct siginfo_part *info)
{
    u64 state = spin_lock_irqsave(&u->proc->sig_lock);
    int err = signal_send_locked(u->proc, u, signo, info);

    spin_unlock_irqrestore(&u->proc->sig_lock, state);
    return err;
}

void signal_send_timer(struct proc *proc, u32 tid, struct sigqueue *q, u64 missed)
{
    u64 state = spin_lock_irqsave(&proc->sig_lock);
    struct uthread *u = NULL, *each;
    int signo = q->info.signo;

    list_for_each (each, &proc->threads, link) {
        if (tid && each->thread->tid == tid)
            u = each;
    }
    if ((u || !tid) && signal_is_wanted_locked(proc, u, signo)) {
        sigpending_add_timer(u ? &u->pending : &proc->pending, q, missed);
        notify_taker_locked(proc, u, signo);
    }
    spin_unlock_irqrestore(&proc->sig_lock, state);
}

void signal_forget_timer(struct proc *proc, struct sigqueue *q)
{
    u64 state = spin_lock_irqsave(&proc->sig_lock);

    list_del(&q->link); /* the signal stays pending, without details, if it was */
    spin_unlock_irqrestore(&proc->sig_lock, state);
}

/* A signal that the caller blocks or ignores would be lost: then it ends the process. */
void signal_force_info(const struct siginfo_part *info)
{
    struct uthread *u = current->user;
    struct proc *proc = u->proc;
    sigset64_t bit = sig_bit(info->signo);
    u64 state = spin_lock_irqsave(&proc->sig_lock);
    struct sighand *sh = proc->sighand;

    spin_lock(&sh->lock);
    if (action_read_locked(sh, info->signo).handler == (vaddr_t)SIG_IGN || (u->blocked & bit))
        sh->actions[info->signo - 1].handler = (vaddr_t)SIG_DFL;
    spin_unlock(&sh->lock);
    u->blocked &= ~bit;
    u->forced |= bit;
    (void)sigpending_add(&u->pending, info->signo, info, UINT64_MAX);
    thread_interrupt(current);
    spin_unlock_irqrestore(&proc->sig_lock, state);
}

void signal_force(int signo, int code, vaddr_t addr)
{
    struct siginfo_part info;

    memset(&info, 0, sizeof(info));
    info.signo = signo;
    info.code = code;
    info.addr = addr;
    signal_force_info(&info);
}

void group_exit_begin_locked(struct proc *proc, int status)
{
    struct uthread *u;

    assert(spin_is_held(&proc->sig_lock));
    if (proc->group_exit)
        return;
    proc->group_exit = true;
    proc->group_status = status;
    proc->continue_notify = false;
    proc_continue_locked(proc);
    list_for_each (u, &proc->threads, link) {
        if (u->thread != current && !u->is_exiting)
            thread_interrupt(u->thread);
    }
}

/* --- the calling thread --- */

void signal_recalc_locked(void)
{
    struct uthread *u = current->user;
    struct proc *proc = u->proc;
    bool work = ((u->pending.set | proc->pending.set) & ~u->blocked) || proc->group_exit ||
                proc->stop_begun || proc->is_stopped ||
                (proc->exec_thread && proc->exec_thread != u);

    assert(spin_is_held(&proc->sig_lock));
    if (work)
        __atomic_fetch_or(&current->flags, TF_SIGNAL, __ATOMIC_RELAXED);
    else
        __atomic_fetch_and(&current->flags, ~TF_SIGNAL, __ATOMIC_RELAXED);
}

void signal_set_blocked(sigset64_t set)
{
    struct uthread *u = current->user;
    struct proc *proc = u->proc;
    struct uthread *other;
    u64 state = spin_lock_irqsave(&proc->sig_lock);
    sigset64_t handed_on;

    set &= ~(sig_bit(SIGKILL) | sig_bit(SIGSTOP));
    handed_on = proc->pending.set & set & ~u->blocked;
    u->blocked = set;
    /* What waits for any thread was perhaps left to us alone. */
    if (handed_on) {
        list_for_each (other, &proc->threads, link) {
            if (other != u && !other->is_exiting && (handed_on & ~other->blocked))
                thread_interrupt(other->thread);
        }
    }
    signal_recalc_locked();
    spin_unlock_irqrestore(&proc->sig_lock, state);
}

void signal_block_all_but_kill(void)
{
    struct proc *proc = proc_current();
    u64 state = spin_lock_irqsave(&proc->sig_lock);

    current->user->blocked = ~sig_bit(SIGKILL);
    signal_recalc_locked();
    spin_unlock_irqrestore(&proc->sig_lock, state);
}

void signal_mask_push(sigset64_t set)
{
    struct uthread *u = current->user;

    u->saved_blocked = u->blocked;
    u->has_saved = true;
    signal_set_blocked(set);
}

long signal_mask_pop(long result)
{
    struct uthread *u = current->user;

    if (result == -EINTR || result == -ERESTARTNOHAND)
        return result;
    u->has_saved = false;
    signal_set_blocked(u->saved_blocked);
    return result;
}

bool signal_is_refused(int signo)
{
    struct uthread *u = current->user;

    if (u->blocked & sig_bit(signo))
        return true;
    return sighand_action(u->proc->sighand, signo).handler == (vaddr_t)SIG_IGN;
}

bool signal_is_fatal_pending(void)
{
    struct uthread *u = current->user;
    struct proc *proc = current->proc;

    return u && (proc->group_exit || (proc->exec_thread && proc->exec_thread != u) ||
                 ((u->pending.set | proc->pending.set) & sig_bit(SIGKILL)));
}

/* Faults first, since their details belong to the instruction at hand; then by number. */
static int sigset_first(sigset64_t set)
{
    if (set & SIGS_FAULT)
        set &= SIGS_FAULT;
    return set ? __builtin_ctzl(set) + 1 : 0;
}

int signal_dequeue_locked(sigset64_t blocked, struct siginfo_part *info)
{
    struct uthread *u = current->user;
    struct sigpending *from = &u->pending;
    int signo;

    assert(spin_is_held(&u->proc->sig_lock));
    signo = sigset_first(from->set & ~blocked);
    if (!signo) {
        from = &u->proc->pending;
        signo = sigset_first(from->set & ~blocked);
    }
    if (!signo)
        return 0;
    sigpending_take(from, signo, info);
    if (SIGS_STOP & sig_bit(signo))
        u->proc->stop_dequeued = true;
    if (info->code == SI_TIMER)
        posix_timer_delivered_locked(info);
    return signo;
}
