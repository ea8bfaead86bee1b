/* SPDX-License-Identifier: MIT */
/* mount(2) and umount2(2). */
#include <linux/syscall.h>

#include <lib/string.h>
#include <linux/errno.h>
#include <linux/fcntl.h>
#include <linux/file.h>
#include <linux/limits.h>
#include <linux/mount.h>
#include <mem/cache.h>
#include <sched/thread.h>
#include <vm/uaccess.h>

/* What a mount remembers of the flags. */
#define KEPT_FLAGS \
    (MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC | MS_SYNCHRONOUS | MS_NOATIME | MS_RELATIME)
/* Who sees whose mounts: there is one view for all. */
#define PROPAGATION     (MS_SHARED | MS_PRIVATE | MS_SLAVE | MS_UNBINDABLE)

#define MNT_FORCE       1
#define MNT_DETACH      2
#define MNT_EXPIRE      4
#define UMOUNT_NOFOLLOW 8

struct mount_args {
    struct user_path source, type, options;
    u32 flags;
};

/* A string that may be missing: "" then. */
static int string_import(u64 address, struct user_path *out)
{
    if (address)
        return user_path_get(out, address);
    out->text = out->few;
    out->few[0] = 0;
    return 0;
}

static void args_free(struct mount_args *a)
{
    user_path_put(&a->source);
    user_path_put(&a->type);
    user_path_put(&a->options);
}

/* On failure nothing is left to free. */
static int args_import(struct mount_args *a, u64 source, u64 type, u64 options)
{
    int r = string_import(source, &a->source);

    if (r)
        return r;
    r = string_import(type, &a->type);
    if (r)
        goto put_source;
    r = string_import(options, &a->options);
    if (!r)
        return 0;
    user_path_put(&a->type);
put_source:
    user_path_put(&a->source);
    return r;
}

static int mount_new(const struct mount_args *a, const struct path *at)
{
    struct fs_type *type = fs_find(a->type.text);
    struct superblock *sb;
    int r;

    if (!type)
        return *a->type.text ? -ENODEV : -EINVAL;
    r = fs_get_sb(type, a->source.text, a->options.text, &sb);
    if (r)
        return r;
    r = mount_at(sb, *a->source.text ? a->source.text : "none", a->flags & KEPT_FLAGS, at);
    if (r && !sb->is_permanent)
        sb_destroy(sb);
    return r;
}

static int mount_change(const struct mount_args *a, struct mount *mount)
{
    const struct superblock_ops *ops = mount->sb->ops;
    int r = ops && ops->remount ? ops->remount(mount->sb, a->options.text) : 0;

    if (!r)
        __atomic_store_n(&mount->flags, a->flags & KEPT_FLAGS, __ATOMIC_RELAXED);
    return r;
}

static int mount_do(const struct mount_args *a, const struct path *at)
{
    if (a->flags & PROPAGATION)
        return 0;
    if (a->flags & (MS_BIND | MS_MOVE))
        return -EINVAL;
    if (!(a->flags & MS_REMOUNT))
        return mount_new(a, at);
    if (at->dentry != at->mount->root)
        return -EINVAL;
    return mount_change(a, at->mount);
}

long sys_mount(u64 source, u64 target, u64 type, u64 flags, u64 options)
{
    struct mount_args a;
    struct path at;
    int r = args_import(&a, source, type, options);

    if (r)
        return r;
    a.flags = (u32)flags;
    if ((a.flags & MS_MGC_MSK) == MS_MGC_VAL)
        a.flags &= ~(u32)MS_MGC_MSK;
    r = user_lookup(AT_FDCWD, target, WALK_FOLLOW, &at);
    if (!r) {
        r = cred_is_root(current->cred) ? mount_do(&a, &at) : -EPERM;
        path_put(&at);
    }
    args_free(&a);
    return r;
}

long sys_umount2(u64 target, u64 flags)
{
    struct path at;
    struct mount *m;
    int r;

    if ((u32)flags & ~(u32)(MNT_FORCE | MNT_DETACH | MNT_EXPIRE | UMOUNT_NOFOLLOW))
        return -EINVAL;
    r = user_lookup(AT_FDCWD, target, flags & UMOUNT_NOFOLLOW ? 0 : WALK_FOLLOW, &at);
    if (r)
        return r;
    m = at.mount;
    if (at.dentry != m->root)
        r = -EINVAL;
    else if (!cred_is_root(current->cred))
        r = -EPERM;
    mount_get(m);
    path_put(&at); /* the one reference that is left besides the tree's is ours */
    if (!r)
        r = mount_remove(m, flags & MNT_DETACH);
    mount_put(m);
    return r;
}
