/* SPDX-License-Identifier: MIT */
/*
 * execve: a process becomes another program.
 *
 *   1. find the file; a script's `#!` line leads to another one, up to five times
 *   2. collect the strings of argv and envp
 *   3. build the new address space aside: program, bss, stack, vDSO, strings
 *   4. end the sibling threads
 *   5. commit: swap the address space, reset signals, close files, set the registers
 *
 * EXEC-1 Until step 5 nothing of the caller has changed, and any error is returned to it.
 * EXEC-2 After step 4 nothing can fail.
 *
 * Sources: execve(2); System V gABI chapter 5; RISC-V psABI.
 */
#include <proc/exec.h>

#include <arch/riscv/fpu.h>
#include <arch/riscv/trapframe.h>
#include <debug/assert.h>
#include <lib/printf.h>
#include <lib/string.h>
#include <linux/errno.h>
#include <linux/fcntl.h>
#include <linux/mount.h>
#include <linux/signal.h>
#include <linux/stat.h>
#include <mem/cache.h>
#include <proc/exec_internal.h>
#include <proc/internal.h>
#include <vfs/cred.h>
#include <vfs/fdtable.h>
#include <vfs/inode.h>
#include <vfs/vfs.h>
#include <vm/aspace.h>
#include <vm/mmap.h>

static int exec_prepare(struct exec *x);
static int program_find(struct exec *x);
static int creds_prepare(struct exec *x);
static int tables_prepare(struct exec *x);
static int image_build(struct exec *x);
static void exec_commit(struct exec *x, struct thread *t);
static void exec_release(struct exec *x);

static long exec_run(struct exec *x, struct thread *t)
{
    int err = exec_prepare(x);

    if (!err)
        err = proc_end_siblings();
    if (!err)
        exec_commit(x, t);
    exec_release(x);
    return err;
}

static struct exec *exec_alloc(int dirfd, const char *path, int at_flags)
{
    struct exec *x = mem_alloc(sizeof(*x));

    if (!x)
        return NULL;
    memset(x, 0, offsetof(struct exec, prefix_buf));
    memset(&x->strings, 0, offsetof(struct exec, elf) - offsetof(struct exec, strings));
    x->dirfd = dirfd;
    x->path = path;
    x->at_flags = at_flags;
    x->prefix = x->prefix_end = x->prefix_buf + sizeof(x->prefix_buf);
    return x;
}

long proc_exec(int dirfd, const char *path, vaddr_t argv, vaddr_t envp, int at_flags)
{
    struct exec *x = exec_alloc(dirfd, path, at_flags);
    long result;

    if (!x)
        return -ENOMEM;
    x->source.argv = argv;
    x->source.envp = envp;
    result = exec_run(x, current);
    mem_free(x);
    return result;
}

long proc_exec_kernel(struct thread *t, const char *path, const char *const *argv,
                      const char *const *envp)
{
    struct exec *x = exec_alloc(AT_FDCWD, path, 0);
    long result;

    if (!x)
        return -ENOMEM;
    x->source.kernel_argv = argv;
    x->source.kernel_envp = envp;
    result = exec_run(x, t);
    mem_free(x);
    return result;
}

static int exec_prepare(struct exec *x)
{
    int err = program_find(x);

    if (!err)
        err = exec_copy_strings(x);
    if (!err)
        err = creds_prepare(x);
    if (!err)
        err = tables_prepare(x);
    if (!err)
        err = image_build(x);
    return err;
}

static void exec_release(struct exec *x)
{
    arg_strings_free(&x->strings);
    if (x->aspace)
        aspace_put(x->aspace);
    if (x->cred)
        cred_put(x->cred);
    if (x->sighand)
        sighand_put(x->sighand);
    if (x->files)
        fdtable_put(x->files);
    if (x->interp_file)
        file_put(x->interp_file);
    if (x->file)
        file_put(x->file);
}

/* --- 1. the file --- */

/* Few files have so many program headers that the first part is not enough. */
s64 exec_read_header(struct exec *x, struct file *file)
{
    s64 n = vfs_read_kernel(file, x->header, EXEC_HEADER_FIRST, 0);

    if (n < EXEC_HEADER_FIRST || elf_headers_end(x->header, n) <= EXEC_HEADER_FIRST)
        return n;
    return vfs_read_kernel(file, x->header, EXEC_HEADER_SIZE, 0);
}

/* Puts a string of n bytes in front of the others. */
static void prefix_push(struct exec *x, const char *text, size_t n)
{
    x->prefix -= n + 1;
    assert(x->prefix >= x->prefix_buf);
    memcpy(x->prefix, text, n);
    x->prefix[n] = 0;
    x->n_prefix++;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

/* The `#!` line: an interpreter and at most one argument, which may contain blanks.
 * Returns its path, pushed in front of the argument; or -ENOEXEC. */
static int script_parse(struct exec *x, size_t n)
{
    char *p = x->header + 2;
    char *limit = x->header + min(n, (size_t)SCRIPT_LINE_MAX + 1);
    char *end = memchr(p, '\n', limit - p);
    char *name, *arg;
    bool is_cut = !end && n > SCRIPT_LINE_MAX;

    if (!end)
        end = limit;
    while (p < end && is_blank(*p))
        p++;
    while (end > p && is_blank(end[-1]))
        end--;
    name = p;
    while (p < end && !is_blank(*p) && *p)
        p++;
    if (p == name || (is_cut && p == end))
        return -ENOEXEC; /* no name, or one that may go on behind what we see */
    arg = p;
    while (arg < end && is_blank(*arg))
        arg++;
    if (arg < end)
        prefix_push(x, arg, strnlen(arg, end - arg));
    prefix_push(x, name, p - name);
    return 0;
}

static int script_follow(struct exec *x, size_t n, const char *script)
{
    struct file *next;
    int err;

    if (x->path == x->fd_path && fd_get_cloexec(x->dirfd) > 0)
        return -ENOENT; /* it would be closed when the interpreter looks */
    if (x->n_prefix == 0) {
        if (strlen(script) > SCRIPT_LINE_MAX)
            return -ENAMETOOLONG;
        prefix_push(x, script, strlen(script));
    }
    err = script_parse(x, n);
    if (!err)
        err = vfs_open_exec(AT_FDCWD, x->prefix, 0, &next);
    if (err)
        return err;
    file_put(x->file);
    x->file = next;
    return 0;
}

/* The name under which the new program, or the interpreter of a script, finds the file again. */
static int path_by_descriptor(struct exec *x)
{
    int n = ksnprintf(x->fd_path, sizeof(x->fd_path), "/dev/fd/%d%s%s", x->dirfd,
                      x->path[0] ? "/" : "", x->path);

    if (n >= (int)sizeof(x->fd_path))
        return -ENAMETOOLONG;
    x->path = x->fd_path;
    return 0;
}

static int program_find(struct exec *x)
{
    int err = vfs_open_exec(x->dirfd, x->path, x->at_flags, &x->file);
    s64 n;

    if (err)
        return err;
    if (x->path[0] != '/' && x->dirfd != AT_FDCWD) {
        err = path_by_descriptor(x);
        if (err)
            return err;
    }
    for (int depth = 0; depth <= SCRIPT_DEPTH; depth++) {
        n = exec_read_header(x, x->file);
        if (n < 0)
            return (int)n;
        if (n < 2 || x->header[0] != '#' || x->header[1] != '!')
            return elf_check(x->header, n, &x->elf);
        err = script_follow(x, n, x->path);
        if (err)
            return err;
    }
    return -ELOOP;
}

/* --- credentials, signals, files: private copies where they are shared --- */

static int creds_prepare(struct exec *x)
{
    struct inode *inode = x->file->inode;
    struct cred *old = current->cred;
    bool suid = inode->mode & S_ISUID;
    bool sgid = (inode->mode & (S_ISGID | S_IXGRP)) == (S_ISGID | S_IXGRP);
    int err;

    if ((x->file->path.mount->flags & MS_NOSUID) || proc_current()->no_new_privs)
        suid = sgid = false;
    x->is_secure = (suid && inode->uid != old->uid) || (sgid && inode->gid != old->gid);
    if (!suid && !sgid && old->suid == old->euid && old->sgid == old->egid)
        return 0;
    err = cred_copy(old, &x->cred);
    if (err)
        return err;
    if (suid)
        x->cred->euid = inode->uid;
    if (sgid)
        x->cred->egid = inode->gid;
    x->cred->suid = x->cred->fsuid = x->cred->euid;
    x->cred->sgid = x->cred->fsgid = x->cred->egid;
    return 0;
}

static int tables_prepare(struct exec *x)
{
    struct sighand *sh = proc_current()->sighand;

    if (__atomic_load_n(&sh->count, __ATOMIC_RELAXED) > 1) {
        int err = sighand_copy(sh, &x->sighand);
        if (err)
            return err;
    }
    if (fdtable_is_shared(current->files))
        return fdtable_copy(current->files, &x->files);
    return 0;
}

/* --- 3. the new address space --- */

static int image_build(struct exec *x)
{
    struct proc *proc = proc_current();
    struct aspace *old;
    int err = aspace_create(&x->aspace);

    if (err)
        return err;
    x->aspace->limit_as = proc->limits[RLIMIT_AS].rlim_cur;
    x->aspace->limit_data = proc->limits[RLIMIT_DATA].rlim_cur;
    x->aspace->limit_stack = proc->limits[RLIMIT_STACK].rlim_cur;
    x->aspace->limit_memlock = proc->limits[RLIMIT_MEMLOCK].rlim_cur;
    if (current->aspace) /* the first program has none to inherit from */
        x->aspace->engine = current->aspace->engine;
    old = aspace_use(x->aspace);
    err = exec_load(x);
    if (!err)
        err = exec_build_stack(x);
    aspace_use(old);
    return err;
}

/* --- 5. commit --- */

static void commit_memory(struct exec *x)
{
    struct thread *me = current;
    struct proc *proc = me->proc;
    struct aspace *old = me->aspace;

    if (old)
        uthread_release_memory(me->user);
    file_get(x->file);
    x->aspace->exe = x->file;
    u64 state = spin_lock_irqsave(&proc->sig_lock);
    proc->aspace = x->aspace;
    aspace_use(x->aspace);
    spin_unlock_irqrestore(&proc->sig_lock, state);
    x->aspace = NULL;
    /* now, before descriptors are closed: who sees that may rely on the old memory being gone */
    if (old)
        aspace_put(old);
}

static void commit_tables(struct exec *x)
{
    struct thread *me = current;
    struct proc *proc = me->proc;
    u64 state = spin_lock_irqsave(&proc->sig_lock);

    if (x->cred) {
        struct cred *old = me->cred;
        me->cred = x->cred;
        x->cred = old;
        proc->dumpable = false;
    }
    if (x->files) {
        struct fdtable *old = me->files;
        me->files = x->files;
        x->files = old;
    }
    if (x->sighand) {
        struct sighand *old = proc->sighand;
        proc->sighand = x->sighand;
        x->sighand = old;
    }
    sighand_reset(proc->sighand);
    spin_unlock_irqrestore(&proc->sig_lock, state);
    fdtable_close_on_exec(me->files);
}

static void commit_process(struct exec *x, struct thread *t)
{
    struct proc *proc = proc_current();
    struct uthread *u = current->user;
    const char *base = strrchr(x->path, '/');

    strlcpy(t->name, base ? base + 1 : x->path, sizeof(t->name));
    posix_timers_delete_all(proc);
    u->altstack_base = u->altstack_size = u->altstack_flags = 0;
    u->set_child_tid = 0;
    u64 state = spin_lock_irqsave(&proc_lock);
    proc->has_execed = true;
    proc->exit_signal = SIGCHLD;
    spin_unlock_irqrestore(&proc_lock, state);
}

static void commit_registers(struct exec *x, struct thread *t)
{
    struct trapframe *tf = thread_trapframe(t);

    memset(tf->regs, 0, sizeof(tf->regs));
    tf->epc = x->entry;
    tf->sp = x->sp;
    tf->cause = ~0UL; /* nothing to restart */
    fpu_reset(t);
    thread_frame_replaced(t);
}

static void exec_commit(struct exec *x, struct thread *t)
{
    commit_memory(x);
    commit_tables(x);
    commit_process(x, t);
    commit_registers(x, t);
}
