/* SPDX-License-Identifier: MIT */
/*
 * fork, vfork, clone: one story.
 *
 *   1. check the request and the limits
 *   2. acquire everything that can fail: thread, number, memory, files, ...; whatever part
 *      fails, all are given back (FORK-1: a failed clone leaves no trace)
 *   3. commit: link the child into the tables under the locks; nothing here fails
 *   4. set it going; a vfork parent waits until the child lets go of its memory
 *
 * What is shared and what is copied is decided by the CLONE_* flags part by part.
 * The copy of the memory is uvmcopy() (vm/): after it returns, neither side sees later stores
 * of the other.
 */
#include <proc/fork.h>

#include <arch/riscv/trapframe.h>
#include <debug/log.h>
#include <debug/trace.h>
#include <lib/string.h>
#include <linux/errno.h>
#include <linux/sched.h>
#include <linux/signal.h>
#include <proc/internal.h>
#include <proc/timers.h>
#include <vfs/cred.h>
#include <vfs/fdtable.h>
#include <vfs/vfs.h>
#include <vm/aspace.h>
#include <vm/uaccess.h>

/* All that a child is made of; NULL: not (yet) there. Each part is a reference of its own. */
struct parts {
    struct uthread *u; /* with its struct thread */
    struct pid *pid;
    struct proc *proc; /* NULL for a thread of the caller's process */
    struct sighand *sighand;
    struct aspace *aspace;
    struct fs_context *fs;
    struct fdtable *files;
    struct cred *cred;
};

/* On the stack of a parent that waits for its vfork child. */
struct vfork_wait {
    bool done; /* child's sig_lock for writing */
    struct waitq wait;
};

static int clone_check(const struct clone_request *req);
static int clone_check_limits(void);
static int parts_acquire(struct parts *p, u64 flags);
static void parts_release(struct parts *p);
static void child_prepare(struct parts *p, const struct clone_request *req);
static int child_commit(struct parts *p, const struct clone_request *req, u32 *tid);
static void parent_tid_store(vaddr_t to, u32 tid);
static void vfork_wait_for(struct vfork_wait *w, struct uthread *child, struct proc *proc);

long proc_clone(const struct clone_request *req)
{
    struct vfork_wait vfork;
    struct parts p = {0};
    struct proc *child_proc;
    u32 tid;
    int err = clone_check(req);

    if (!err)
        err = clone_check_limits();
    if (!err)
        err = parts_acquire(&p, req->flags);
    if (err)
        goto fail;
    child_prepare(&p, req);
    if (req->flags & CLONE_VFORK) {
        vfork.done = false;
        waitq_init(&vfork.wait);
        p.u->vfork = &vfork;
    }
    child_proc = p.u->proc;
    proc_get(child_proc);
    err = child_commit(&p, req, &tid);
    if (err) {
        proc_put(child_proc);
        goto fail;
    }

    /* the child exists; p's parts are its own, and once it runs it may end at any time */
    trace(TRACE_FORK, tid, 0, 0, 0);
    if (p.proc && p.proc->limits[RLIMIT_CPU].rlim_cur != RLIM64_INFINITY)
        cpu_limit_watch(p.proc);
    if (req->flags & CLONE_PARENT_SETTID)
        parent_tid_store(req->parent_tid, tid);
    thread_start(p.u->thread);
    if (req->flags & CLONE_VFORK)
        vfork_wait_for(&vfork, p.u, child_proc);
    proc_put(child_proc);
    return tid;

fail:
    parts_release(&p);
    return err;
}

static int clone_check(const struct clone_request *req)
{
    u64 flags = req->flags;

    if ((flags & CLONE_THREAD) && !(flags & CLONE_SIGHAND))
        return -EINVAL;
    if ((flags & CLONE_SIGHAND) && !(flags & CLONE_VM))
        return -EINVAL;
    if ((flags & CLONE_PARENT) && proc_id(proc_current()) == 1)
        return -EINVAL;
    /* namespaces: there is one of each, and nobody gets another */
    if (flags & (CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER |
                 CLONE_NEWPID | CLONE_NEWNET | CLONE_PIDFD))
        return -EINVAL;
    /* a signal that is on its way hits the caller alone, not the caller and its copy */
    if (thread_is_interrupted())
        return -ERESTARTNOINTR;
    return 0;
}

/* Processes and threads of the caller's user, against RLIMIT_NPROC. Only when all threads
 * together are more than the limit is there a need to count. */
static int clone_check_limits(void)
{
    u64 limit = proc_limit(RLIMIT_NPROC);
    u64 n = 0;
    struct proc *proc;

    if (cred_is_root(current->cred) || proc_n_threads() < limit)
        return 0;
    for (u32 pid = 1; (proc = proc_next_get(pid));) {
        pid = proc_id(proc) + 1;
        if (__atomic_load_n(&proc->uid, __ATOMIC_RELAXED) == current->cred->uid)
            n += max(1u, __atomic_load_n(&proc->n_threads, __ATOMIC_RELAXED));
        proc_put(proc);
    }
    return n < limit ? 0 : -EAGAIN;
}

/* --- acquire --- */

static int aspace_acquire(struct parts *p, u64 flags)
{
    int err;

    if (flags & CLONE_VM) {
        aspace_get(current->aspace);
        p->aspace = current->aspace;
        return 0;
    }
    err = aspace_create(&p->aspace);
    return err ? err : uvmcopy(current->aspace, p->aspace);
}

static int fs_acquire(struct parts *p, u64 flags)
{
    if (!(flags & CLONE_FS))
        return fs_context_copy(current->fs, &p->fs);
    fs_context_get(current->fs);
    p->fs = current->fs;
    return 0;
}

static int files_acquire(struct parts *p, u64 flags)
{
    if (!(flags & CLONE_FILES))
        return fdtable_copy(current->files, &p->files);
    fdtable_get(current->files);
    p->files = current->files;
    return 0;
}

static int sighand_acquire(struct parts *p, u64 flags)
{
    struct sighand *mine = proc_current()->sighand;

    if (!(flags & CLONE_SIGHAND))
        return sighand_copy(mine, &p->sighand);
    sighand_get(mine);
    p->sighand = mine;
    return 0;
}

static int parts_acquire(struct parts *p, u64 flags)
{
    int err = uthread_alloc(&p->u);

    if (!err)
        err = pid_create(p->u->thread->tid, &p->pid);
    if (!err && !(flags & CLONE_THREAD))
        err = proc_alloc(&p->proc);
    if (!err && !(flags & CLONE_THREAD))
        err = sighand_acquire(p, flags);
    if (!err)
        err = fs_acquire(p, flags);
    if (!err)
        err = files_acquire(p, flags);
    if (!err)
        err = aspace_acquire(p, flags);
    if (err)
        return err;
    cred_get(current->cred);
    p->cred = current->cred;
    return 0;
}

static void parts_release(struct parts *p)
{
    if (p->cred)
        cred_put(p->cred);
    if (p->aspace)
        aspace_put(p->aspace);
    if (p->files)
        fdtable_put(p->files);
    if (p->fs)
        fs_context_put(p->fs);
    if (p->sighand)
        sighand_put(p->sighand);
    if (p->proc)
        proc_free_unused(p->proc);
    if (p->pid)
        pid_destroy_unused(p->pid);
    if (p->u)
        thread_destroy_unstarted(p->u->thread);
}

/* --- prepare: nobody else sees the child yet --- */

static void child_prepare_registers(struct thread *t, const struct clone_request *req)
{
    struct trapframe *tf = thread_trapframe(t);

    thread_copy_user_state(t);
    tf->a0 = 0;
    if (req->stack)
        tf->sp = req->stack;
    if (req->flags & CLONE_SETTLS)
        tf->tp = req->tls;
}

static void child_prepare_signals(struct uthread *child, const struct uthread *parent,
                                  u64 flags)
{
    child->blocked = parent->blocked;
    if ((flags & CLONE_VM) && !(flags & CLONE_VFORK))
        return; /* two threads cannot share one alternate stack */
    child->altstack_base = parent->altstack_base;
    child->altstack_size = parent->altstack_size;
    child->altstack_flags = parent->altstack_flags;
}

static void child_prepare_proc(struct proc *child, struct proc *parent, struct parts *p,
                               const struct clone_request *req)
{
    child->pid = p->pid;
    child->exit_signal = (u8)req->exit_signal;
    child->sighand = p->sighand;
    child->aspace = p->aspace;
    child->uid = parent->uid;
    child->no_new_privs = parent->no_new_privs;
    child->dumpable = parent->dumpable;
    child->personality = parent->personality;
    child->oom_score_adj = parent->oom_score_adj;
    memcpy(child->limits, parent->limits, sizeof(child->limits));
}

static void child_prepare(struct parts *p, const struct clone_request *req)
{
    struct uthread *u = p->u;
    struct thread *t = u->thread;

    child_prepare_registers(t, req);
    child_prepare_signals(u, current->user, req->flags);
    if (p->proc)
        child_prepare_proc(p->proc, proc_current(), p, req);
    u->proc = p->proc ? p->proc : proc_current();
    u->pid = p->pid;
    if (req->flags & CLONE_CHILD_CLEARTID)
        u->clear_child_tid = req->child_tid;
    if (req->flags & CLONE_CHILD_SETTID) {
        u->set_child_tid = req->child_tid;
        t->flags |= TF_SIGNAL; /* so that it comes by proc_return_to_user() */
    }
    t->proc = u->proc;
    t->aspace = p->aspace;
    t->fs = p->fs;
    t->files = p->files;
    t->cred = p->cred;
    t->nice = current->nice;
    t->affinity = current->affinity;
}

/* --- commit --- */

static void proc_link_locked(struct proc *child, struct proc *parent, u64 flags)
{
    if (flags & CLONE_PARENT) {
        child->exit_signal = parent->exit_signal;
        parent = parent->parent;
    }
    child->parent = parent;
    child->parent_id = proc_id(parent);
    list_add_tail(&child->sibling, &parent->children);
    pgrp_join_locked(child, proc_current()->pgrp);
    child->pid->proc = child;
}

static int child_commit(struct parts *p, const struct clone_request *req, u32 *tid)
{
    struct proc *parent = proc_current();
    struct uthread *u = p->u;
    u64 state = spin_lock_irqsave(&proc_lock);

    spin_lock(&parent->sig_lock);
    if (thread_is_interrupted()) { /* meanwhile; see clone_check() */
        spin_unlock(&parent->sig_lock);
        spin_unlock_irqrestore(&proc_lock, state);
        return -ERESTARTNOINTR;
    }
    /* commit */
    *tid = p->pid->nr;
    if (p->proc)
        proc_link_locked(p->proc, parent, req->flags);
    uthread_publish_locked(u);
    spin_unlock(&parent->sig_lock);
    spin_unlock_irqrestore(&proc_lock, state);
    return 0;
}

/* It is too late for an error, and Linux has none here either. */
static void parent_tid_store(vaddr_t to, u32 tid)
{
    if (copyout(to, &tid, sizeof(tid)))
        log_info("%s: no place for a child's id", current->name);
}

/* --- vfork --- */

/* Only the end of the process cuts this wait short: all signals wait until the child is out of
 * our memory. */
static void vfork_wait_for(struct vfork_wait *w, struct uthread *child, struct proc *proc)
{
    struct uthread *me = current->user;
    sigset64_t blocked = me->blocked;

    signal_block_all_but_kill();
    while (wait_event_interruptible(&w->wait, w->done) && !signal_is_fatal_pending()) {
        proc_stop_here();
        signal_block_all_but_kill(); /* what woke us is seen to: TF_SIGNAL goes */
    }
    signal_set_blocked(blocked);

    /* the lock also waits for the child to be done with *w */
    u64 state = spin_lock_irqsave(&proc->sig_lock);
    if (!w->done)
        child->vfork = NULL;
    spin_unlock_irqrestore(&proc->sig_lock, state);
}

void vfork_release(struct uthread *u)
{
    if (!__atomic_load_n(&u->vfork, __ATOMIC_RELAXED))
        return; /* nobody waits, and nobody begins to */
    u64 state = spin_lock_irqsave(&u->proc->sig_lock);
    struct vfork_wait *w = u->vfork;

    if (w) {
        u->vfork = NULL;
        w->done = true;
        wake_all(&w->wait);
    }
    spin_unlock_irqrestore(&u->proc->sig_lock, state);
}
