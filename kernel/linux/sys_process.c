/* SPDX-License-Identifier: MIT */
/* System calls: making, running, ending and waiting for processes; their ids, groups, sessions.
 */
#include <linux/syscall.h>

#include <ipc/futex.h>
#include <linux/errno.h>
#include <linux/fcntl.h>
#include <linux/limits.h>
#include <linux/sched.h>
#include <linux/wait.h>
#include <linux/helpers.h>
#include <mem/kmap.h>
#include <mem/page.h>
#include <proc/exec.h>
#include <proc/fork.h>
#include <proc/proc.h>
#include <proc/wait.h>
#include <vm/uaccess.h>

/* --- clone, exec, exit --- */

long sys_clone(u64 flags, u64 stack, u64 parent_tid, u64 tls, u64 child_tid)
{
    struct clone_request req = {
        .flags = (u32)flags & ~(u64)CSIGNAL,
        .exit_signal = (int)(flags & CSIGNAL),
        .stack = stack,
        .parent_tid = parent_tid,
        .child_tid = child_tid,
        .tls = tls,
    };

    if (req.exit_signal > SIG_COUNT)
        return -EINVAL;
    return proc_clone(&req);
}

static long exec_at(int dirfd, u64 path, u64 argv, u64 envp, int at_flags)
{
    struct page *page = kalloc(PAGE_KERNEL, 0);
    char *name;
    s64 n;

    if (!page)
        return -ENOMEM;
    name = page_to_va(page);
    n = copyin_str(name, path, PATH_MAX);
    if (n == 0 && !(at_flags & AT_EMPTY_PATH))
        n = -ENOENT;
    if (n >= 0)
        n = proc_exec(dirfd, name, argv, envp, at_flags);
    kfree(page);
    return n;
}

long sys_execve(u64 path, u64 argv, u64 envp)
{
    return exec_at(AT_FDCWD, path, argv, envp, 0);
}

long sys_execveat(u64 dirfd, u64 path, u64 argv, u64 envp, u64 flags)
{
    if (flags & ~(u64)(AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW))
        return -EINVAL;
    return exec_at((int)dirfd, path, argv, envp, (int)flags);
}

long sys_exit(u64 status)
{
    proc_exit_thread((int)(status & 0xff) << 8);
}

long sys_exit_group(u64 status)
{
    proc_exit_group((int)(status & 0xff) << 8);
}

/* --- waiting --- */

static int rusage_out(u64 to, const struct proc_times *times)
{
    struct rusage ru;

    if (!to)
        return 0;
    rusage_fill(&ru, times);
    return copyout(to, &ru, sizeof(ru));
}

long sys_wait4(u64 pid, u64 status, u64 options, u64 rusage)
{
    struct wait_request req = {.which = WAIT_ALL};
    s32 which = (s32)pid;
    long found;

    if ((u32)options & ~(WNOHANG | WUNTRACED | WCONTINUED | __WNOTHREAD | __WCLONE | __WALL))
        return -EINVAL;
    if (which == INT32_MIN)
        return -ESRCH;
    if (which > 0 || which < -1 || which == 0)
        req.which = which > 0 ? WAIT_PID : WAIT_PGRP;
    req.id = which > 0 ? (u32)which : which < -1 ? (u32)-which : proc_pgid(proc_current());
    req.options = (int)options | WEXITED;
    found = proc_wait(&req);
    if (found <= 0)
        return found;
    if (status && copyout(status, &req.status, sizeof(req.status)))
        return -EFAULT;
    return rusage_out(rusage, &req.times) ? -EFAULT : found;
}

static int siginfo_of_child(u64 to, const struct wait_request *req, bool found)
{
    struct siginfo_part info = {0};

    if (!to)
        return 0;
    if (found) {
        info.signo = SIGCHLD;
        info.code = req->code;
        info.pid = req->pid;
        info.uid = req->uid;
        info.status = req->code == CLD_EXITED      ? req->status >> 8 & 0xff
                      : req->code == CLD_STOPPED   ? req->status >> 8 & 0xff
                      : req->code == CLD_CONTINUED ? SIGCONT
                                                   : req->status & 0x7f;
    }
    /* only up to si_status, as waitid(2) fills it */
    return copyout(to, &info, offsetof(struct siginfo_part, status) + 4);
}

long sys_waitid(u64 which, u64 id, u64 info, u64 options, u64 rusage)
{
    struct wait_request req = {.options = (int)options};
    long found;

    if ((u32)options & ~(WNOHANG | WNOWAIT | WEXITED | WSTOPPED | WCONTINUED | __WNOTHREAD |
                         __WCLONE | __WALL))
        return -EINVAL;
    if (!((u32)options & (WEXITED | WSTOPPED | WCONTINUED)))
        return -EINVAL;
    switch ((int)which) {
    case P_ALL:
        req.which = WAIT_ALL;
        break;
    case P_PID:
        req.which = WAIT_PID;
        break;
    case P_PGID:
        req.which = WAIT_PGRP;
        break;
    default:
        return -EINVAL;
    }
    if ((s32)id < 0 || (req.which == WAIT_PID && (s32)id == 0))
        return req.which == WAIT_ALL ? -ECHILD : -EINVAL;
    req.id = (u32)id ? (u32)id : proc_pgid(proc_current());
    found = proc_wait(&req);
    if (found < 0)
        return found;
    if (found && rusage_out(rusage, &req.times))
        return -EFAULT;
    return siginfo_of_child(info, &req, found > 0) ? -EFAULT : 0;
}

/* --- ids --- */

long sys_getpid(void)
{
    return proc_id(proc_current());
}

long sys_gettid(void)
{
    return current->tid;
}

long sys_getppid(void)
{
    return __atomic_load_n(&proc_current()->parent_id, __ATOMIC_RELAXED);
}

/* The process with this id or, for 0, the caller's; runs fn on it. */
static long with_process(u32 pid, u32 (*fn)(struct proc *))
{
    struct proc *proc;
    long result;

    if (pid == 0)
        return fn(proc_current());
    proc = proc_find_get(pid);
    if (!proc)
        return -ESRCH;
    result = fn(proc);
    proc_put(proc);
    return result ? result : -ESRCH; /* 0: reaped meanwhile */
}

long sys_getpgid(u64 pid)
{
    return with_process((u32)pid, proc_pgid);
}

long sys_getsid(u64 pid)
{
    return with_process((u32)pid, proc_sid);
}

long sys_setpgid(u64 pid, u64 pgid)
{
    if ((s32)pgid < 0)
        return -EINVAL;
    if ((s32)pid < 0)
        return -ESRCH;
    return proc_setpgid((u32)pid, (u32)pgid);
}

long sys_setsid(void)
{
    return proc_setsid();
}

/* --- threads --- */

long sys_set_tid_address(u64 to)
{
    current->user->clear_child_tid = to;
    return current->tid;
}

#define ROBUST_HEAD_SIZE 24

long sys_set_robust_list(u64 head, u64 size)
{
    if (size != ROBUST_HEAD_SIZE)
        return -EINVAL;
    current->user->robust_list = head;
    return 0;
}

long sys_get_robust_list(u64 tid, u64 head_out, u64 size_out)
{
    u64 size = ROBUST_HEAD_SIZE, head = 0;
    int err = 0;
    u64 state = spin_lock_irqsave(&proc_lock);
    struct uthread *u = (u32)tid ? uthread_find_locked((u32)tid) : current->user;

    if (!u)
        err = -ESRCH;
    else if (u->proc != proc_current() && !cred_is_root(current->cred))
        err = -EPERM;
    else
        head = u->robust_list;
    spin_unlock_irqrestore(&proc_lock, state);
    if (err)
        return err;
    return copyout(size_out, &size, sizeof(size)) || copyout(head_out, &head, sizeof(head))
               ? -EFAULT
               : 0;
}
