/* SPDX-License-Identifier: MIT */
/*
 * System calls that change names, and those that change where a process stands.
 */
#include <linux/syscall.h>

#include <lib/string.h>
#include <linux/errno.h>
#include <linux/fcntl.h>
#include <linux/file.h>
#include <linux/limits.h>
#include <mem/cache.h>
#include <sched/thread.h>
#include <vfs/attr.h>
#include <vfs/fdtable.h>
#include <vfs/names.h>
#include <vm/uaccess.h>

long sys_mkdirat(u64 dirfd, u64 address, u64 mode)
{
    struct user_path path;
    int r = user_path_get(&path, address);

    if (r)
        return r;
    r = vfs_mkdir_at((int)dirfd, path.text, (u32)mode);
    user_path_put(&path);
    return r;
}

long sys_mknodat(u64 dirfd, u64 address, u64 mode, u64 dev)
{
    struct user_path path;
    int r = user_path_get(&path, address);

    if (r)
        return r;
    r = vfs_mknod_at((int)dirfd, path.text, (u32)mode, (u32)dev);
    user_path_put(&path);
    return r;
}

long sys_unlinkat(u64 dirfd, u64 address, u64 flags)
{
    struct user_path path;
    int r;

    if ((u32)flags & ~(u32)AT_REMOVEDIR)
        return -EINVAL;
    r = user_path_get(&path, address);
    if (r)
        return r;
    r = vfs_remove_at((int)dirfd, path.text, flags & AT_REMOVEDIR);
    user_path_put(&path);
    return r;
}

long sys_symlinkat(u64 target_address, u64 dirfd, u64 address)
{
    struct user_path target, path;
    int r = user_path_get(&target, target_address);

    if (r)
        return r;
    r = user_path_get(&path, address);
    if (!r) {
        r = vfs_symlink_at(target.text, (int)dirfd, path.text);
        user_path_put(&path);
    }
    user_path_put(&target);
    return r;
}

long sys_linkat(u64 old_dirfd, u64 old_address, u64 dirfd, u64 address, u64 flags)
{
    unsigned walk = (flags & AT_SYMLINK_FOLLOW ? WALK_FOLLOW : 0) |
                    (flags & AT_EMPTY_PATH ? WALK_EMPTY : 0);
    struct path old;
    struct user_path path;
    int r;

    if ((u32)flags & ~(u32)(AT_SYMLINK_FOLLOW | AT_EMPTY_PATH))
        return -EINVAL;
    r = user_lookup((int)old_dirfd, old_address, walk, &old);
    if (r)
        return r;
    r = user_path_get(&path, address);
    if (!r) {
        r = vfs_link_at(&old, (int)dirfd, path.text);
        user_path_put(&path);
    }
    path_put(&old);
    return r;
}

long sys_renameat2(u64 old_dirfd, u64 old_address, u64 dirfd, u64 address, u64 flags)
{
    struct user_path from, to;
    int r = user_path_get(&from, old_address);

    if (r)
        return r;
    r = user_path_get(&to, address);
    if (!r) {
        struct rename_end a = {(int)old_dirfd, from.text}, b = {(int)dirfd, to.text};

        r = vfs_rename_at(&a, &b, (unsigned)flags);
        user_path_put(&to);
    }
    user_path_put(&from);
    return r;
}

/* --- where the process stands --- */

/* The directory becomes the working directory or the root, if it may be searched. */
static int stand_at(struct path *which, const struct path *dir)
{
    int r = inode_permission(dir->dentry->inode, MAY_EXEC);

    if (!r)
        fs_context_set(current->fs, which, dir);
    return r;
}

long sys_chdir(u64 address)
{
    struct path dir;
    int r = user_lookup(AT_FDCWD, address, WALK_FOLLOW | WALK_DIRECTORY, &dir);

    if (r)
        return r;
    r = stand_at(&current->fs->cwd, &dir);
    path_put(&dir);
    return r;
}

long sys_fchdir(u64 fd)
{
    struct file *file = fd_get_any((int)fd);
    int r;

    if (!file)
        return -EBADF;
    r = S_ISDIR(file->inode->mode) ? stand_at(&current->fs->cwd, &file->path) : -ENOTDIR;
    file_put(file);
    return r;
}

long sys_chroot(u64 address)
{
    struct path dir;
    int r = user_lookup(AT_FDCWD, address, WALK_FOLLOW | WALK_DIRECTORY, &dir);

    if (r)
        return r;
    r = cred_is_root(current->cred) ? stand_at(&current->fs->root, &dir) : -EPERM;
    path_put(&dir);
    return r;
}

static void cwd_get(struct path *out)
{
    struct fs_context *fs = current->fs;

    spin_lock(&fs->lock);
    *out = fs->cwd;
    path_get(out);
    spin_unlock(&fs->lock);
}

long sys_getcwd(u64 address, u64 size)
{
    char *name = mem_alloc(PATH_MAX);
    struct path cwd;
    s64 n;

    if (!name)
        return -ENOMEM;
    cwd_get(&cwd);
    n = cwd.dentry->is_deleted ? -ENOENT : path_name_marked(&cwd, name, PATH_MAX);
    path_put(&cwd);
    if (n >= 0 && (u64)n + 1 > size)
        n = -ERANGE;
    if (n >= 0)
        n = copyout(address, name, (size_t)n + 1) ? -EFAULT : n + 1;
    mem_free(name);
    return n;
}

long sys_umask(u64 mask)
{
    struct fs_context *fs = current->fs;
    u32 old;

    spin_lock(&fs->lock);
    old = fs->umask;
    fs->umask = (u32)mask & 0777;
    spin_unlock(&fs->lock);
    return old;
}
