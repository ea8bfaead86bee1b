/* SPDX-License-Identifier: MIT */
/*
 * System calls: user and group ids. Each change makes a copy of the thread's credentials, edits
 * it, and puts it in place; credentials(7), setreuid(2).
 */
#include <linux/syscall.h>

#include <linux/capability.h>
#include <linux/errno.h>
#include <proc/proc.h>
#include <vfs/cred.h>
#include <vm/uaccess.h>

#define KEEP UINT32_MAX /* -1: leave as it is */

/* The new one takes the place of the thread's; others may be looking at the old one. */
static long cred_install(struct cred *new)
{
    struct proc *proc = proc_current();
    struct cred *old = current->cred;
    u64 state = spin_lock_irqsave(&proc->sig_lock);

    current->cred = new;
    proc->uid = new->uid;
    if (new->euid != old->euid || new->egid != old->egid)
        proc->dumpable = false;
    spin_unlock_irqrestore(&proc->sig_lock, state);
    cred_put(old);
    return 0;
}

/* Three ids in the order real, effective, saved: may the caller set each to `wanted`? */
static bool may_set(u32 wanted, u32 a, u32 b, u32 c)
{
    return wanted == KEEP || cred_is_root(current->cred) || wanted == a || wanted == b ||
           wanted == c;
}

/* --- users --- */

static long set_uids(u32 ruid, u32 euid, u32 suid)
{
    struct cred *new;
    int err = cred_copy(current->cred, &new);

    if (err)
        return err;
    if (ruid != KEEP)
        new->uid = ruid;
    if (euid != KEEP)
        new->euid = euid;
    if (suid != KEEP)
        new->suid = suid;
    new->fsuid = new->euid;
    return cred_install(new);
}

long sys_setuid(u64 uid)
{
    const struct cred *c = current->cred;
    u32 to = (u32)uid;

    if (to == KEEP)
        return -EINVAL;
    if (cred_is_root(c))
        return set_uids(to, to, to);
    return to == c->uid || to == c->suid ? set_uids(KEEP, to, KEEP) : -EPERM;
}

long sys_setreuid(u64 ruid, u64 euid)
{
    const struct cred *c = current->cred;
    u32 r = (u32)ruid, e = (u32)euid;
    bool save = r != KEEP || (e != KEEP && e != c->uid);

    if (!may_set(r, c->uid, c->euid, KEEP) || !may_set(e, c->uid, c->euid, c->suid))
        return -EPERM;
    return set_uids(r, e, save ? (e != KEEP ? e : c->euid) : KEEP);
}

long sys_setresuid(u64 ruid, u64 euid, u64 suid)
{
    const struct cred *c = current->cred;

    if (!may_set((u32)ruid, c->uid, c->euid, c->suid) ||
        !may_set((u32)euid, c->uid, c->euid, c->suid) ||
        !may_set((u32)suid, c->uid, c->euid, c->suid))
        return -EPERM;
    return set_uids((u32)ruid, (u32)euid, (u32)suid);
}

static long three_out(u64 a_out, u64 b_out, u64 c_out, u32 a, u32 b, u32 c)
{
    if (copyout(a_out, &a, 4) || copyout(b_out, &b, 4) || copyout(c_out, &c, 4))
        return -EFAULT;
    return 0;
}

long sys_getresuid(u64 ruid, u64 euid, u64 suid)
{
    const struct cred *c = current->cred;

    return three_out(ruid, euid, suid, c->uid, c->euid, c->suid);
}

/* Returns the old one, whatever happens. */
long sys_setfsuid(u64 uid)
{
    const struct cred *c = current->cred;
    u32 old = c->fsuid, to = (u32)uid;
    struct cred *new;

    if (to == KEEP || (!may_set(to, c->uid, c->euid, c->suid) && to != old))
        return old;
    if (cred_copy(c, &new) == 0) {
        new->fsuid = to;
        cred_install(new);
    }
    return old;
}

long sys_getuid(void)
{
    return current->cred->uid;
}

long sys_geteuid(void)
{
    return current->cred->euid;
}

/* --- groups --- */

static long set_gids(u32 rgid, u32 egid, u32 sgid)
{
    struct cred *new;
    int err = cred_copy(current->cred, &new);

    if (err)
        return err;
    if (rgid != KEEP)
        new->gid = rgid;
    if (egid != KEEP)
        new->egid = egid;
    if (sgid != KEEP)
        new->sgid = sgid;
    new->fsgid = new->egid;
    return cred_install(new);
}

long sys_setgid(u64 gid)
{
    const struct cred *c = current->cred;
    u32 to = (u32)gid;

    if (to == KEEP)
        return -EINVAL;
    if (cred_is_root(c))
        return set_gids(to, to, to);
    return to == c->gid || to == c->sgid ? set_gids(KEEP, to, KEEP) : -EPERM;
}

long sys_setregid(u64 rgid, u64 egid)
{
    const struct cred *c = current->cred;
    u32 r = (u32)rgid, e = (u32)egid;
    bool save = r != KEEP || (e != KEEP && e != c->gid);

    if (!may_set(r, c->gid, c->egid, KEEP) || !may_set(e, c->gid, c->egid, c->sgid))
        return -EPERM;
    return set_gids(r, e, save ? (e != KEEP ? e : c->egid) : KEEP);
}

long sys_setresgid(u64 rgid, u64 egid, u64 sgid)
{
    const struct cred *c = current->cred;

    if (!may_set((u32)rgid, c->gid, c->egid, c->sgid) ||
        !may_set((u32)egid, c->gid, c->egid, c->sgid) ||
        !may_set((u32)sgid, c->gid, c->egid, c->sgid))
        return -EPERM;
    return set_gids((u32)rgid, (u32)egid, (u32)sgid);
}

long sys_getresgid(u64 rgid, u64 egid, u64 sgid)
{
    const struct cred *c = current->cred;

    return three_out(rgid, egid, sgid, c->gid, c->egid, c->sgid);
}

long sys_setfsgid(u64 gid)
{
    const struct cred *c = current->cred;
    u32 old = c->fsgid, to = (u32)gid;
    struct cred *new;

    if (to == KEEP || (!may_set(to, c->gid, c->egid, c->sgid) && to != old))
        return old;
    if (cred_copy(c, &new) == 0) {
        new->fsgid = to;
        cred_install(new);
    }
    return old;
}

long sys_getgid(void)
{
    return current->cred->gid;
}

long sys_getegid(void)
{
    return current->cred->egid;
}

long sys_getgroups(u64 size, u64 out)
{
    const struct cred *c = current->cred;

    if ((s32)size < 0)
        return -EINVAL;
    if (size == 0)
        return c->n_groups;
    if ((u32)size < c->n_groups)
        return -EINVAL;
    return copyout(out, c->groups, c->n_groups * sizeof(u32)) ? -EFAULT : (long)c->n_groups;
}

long sys_setgroups(u64 size, u64 from)
{
    struct cred *new;
    int err;

    if (!cred_is_root(current->cred))
        return -EPERM;
    if (size > ARRAY_SIZE(new->groups))
        return -EINVAL;
    err = cred_copy(current->cred, &new);
    if (err)
        return err;
    new->n_groups = (u32)size;
    if (copyin(new->groups, from, size * sizeof(u32))) {
        cred_put(new);
        return -EFAULT;
    }
    return cred_install(new);
}

/* --- capabilities: all for root, none for others --- */

#define CAP_ALL ((1UL << (CAP_LAST_CAP + 1)) - 1)

/* Version 3 has two words of each set. */
static int cap_header_check(u64 header_at, struct __user_cap_header_struct *header)
{
    if (copyin(header, header_at, sizeof(*header)))
        return -EFAULT;
    if (header->version == _LINUX_CAPABILITY_VERSION_3)
        return header->pid < 0 ? -EINVAL : 0;
    header->version = _LINUX_CAPABILITY_VERSION_3;
    return copyout(header_at, header, sizeof(*header)) ? -EFAULT : -EINVAL;
}

long sys_capget(u64 header_at, u64 out)
{
    struct __user_cap_header_struct header;
    struct __user_cap_data_struct data[2] = {{0}};
    struct cred *cred;
    struct proc *proc;
    int err = cap_header_check(header_at, &header);

    if (err)
        return err == -EINVAL && !out && header.pid >= 0 ? 0 : err;
    proc = header.pid ? proc_find_get((u32)header.pid) : NULL;
    if (header.pid && !proc)
        return -ESRCH;
    cred = proc_cred_get(proc ? proc : proc_current());
    for (int i = 0; i < 2; i++) {
        u32 all = (u32)(CAP_ALL >> (32 * i));

        data[i].effective = cred && cred->euid == 0 ? all : 0;
        data[i].permitted =
            cred && (cred->uid == 0 || cred->euid == 0 || cred->suid == 0) ? all : 0;
    }
    if (cred)
        cred_put(cred);
    if (proc)
        proc_put(proc);
    return out && copyout(out, data, sizeof(data)) ? -EFAULT : 0;
}

/* Giving up what one has is accepted and has no effect; asking for more is refused. */
long sys_capset(u64 header_at, u64 from)
{
    struct __user_cap_header_struct header;
    struct __user_cap_data_struct data[2];
    int err = cap_header_check(header_at, &header);

    if (err)
        return err;
    if (header.pid && (u32)header.pid != proc_id(proc_current()))
        return -EPERM;
    if (copyin(data, from, sizeof(data)))
        return -EFAULT;
    if (!cred_is_root(current->cred) &&
        (data[0].permitted | data[0].effective | data[1].permitted | data[1].effective))
        return -EPERM;
    return 0;
}
