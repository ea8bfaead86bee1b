/* SPDX-License-Identifier: MIT */
/*
 * Making, linking and removing names. (Renaming: rename.c)
 *
 * Each call walks to the directory of the last component, takes the names of that file system
 * for writing, looks the name up again under the lock, checks, asks the file system, and then
 * changes the dentries.
 */
#include <vfs/names.h>

#include <debug/assert.h>
#include <lib/string.h>
#include <linux/errno.h>
#include <linux/fcntl.h>
#include <sched/timer.h>
#include <vfs/attr.h>
#include <vfs/internal.h>

int may_create_in(const struct path *dir)
{
    int r;

    if (dir->dentry->is_deleted)
        return -ENOENT;
    r = path_may_change(dir);
    return r ? r : inode_permission(dir->dentry->inode, MAY_WRITE | MAY_EXEC);
}

/* In a sticky directory only the owners of the name or of the directory remove it. */
static bool is_sticky_for_caller(const struct inode *dir, const struct inode *victim)
{
    u32 fsuid = caller_cred()->fsuid;

    return (dir->mode & S_ISVTX) && fsuid != 0 && fsuid != victim->uid && fsuid != dir->uid;
}

int may_delete(const struct path *dir, struct dentry *victim, bool as_dir)
{
    int r = may_create_in(dir);

    if (r)
        return r;
    if (is_sticky_for_caller(dir->dentry->inode, victim->inode))
        return -EPERM;
    if (as_dir && !S_ISDIR(victim->inode->mode))
        return -ENOTDIR;
    if (!as_dir && S_ISDIR(victim->inode->mode))
        return -EISDIR;
    return victim->is_mountpoint ? -EBUSY : 0;
}

u32 caller_umask(void)
{
    return current->fs ? current->fs->umask : 0;
}

int name_create_locked(const struct path *dir, const struct name *name, u32 mode, u64 rdev,
                       const char *target, struct dentry **out)
{
    struct inode *parent = dir->dentry->inode, *inode;
    int r = may_create_in(dir);

    if (r)
        return r;
    if (name->len > NAME_MAX)
        return -ENAMETOOLONG;
    if (!parent->ops->create)
        return -EPERM;
    if (!S_ISLNK(mode))
        mode &= ~caller_umask();
    r = parent->ops->create(parent, mode, rdev, target, &inode);
    if (r)
        return r;
    r = dentry_create(dir->dentry, name, inode, out);
    if (r) {
        inode_put(inode);
        return r;
    }
    /* commit */
    if (S_ISDIR(mode)) {
        inode->nlink = 2;
        parent->nlink++;
    }
    dentry_hash(*out);
    inode_touch(parent);
    return 0;
}

/* `path` names something that is to be made: walks to its directory. */
static int create_begin(struct walk *w, int dirfd, const char *path)
{
    int r;

    if (!*path)
        return -ENOENT;
    r = walk_begin(w, dirfd, path);
    if (r)
        return r;
    r = walk_to_last(w);
    if (!r && (w->last.len == 0 || name_is_dot(&w->last) || name_is_dotdot(&w->last)))
        r = -EEXIST;
    if (r)
        walk_end(w);
    return r;
}

/* The name must be free. Locks: sb->names. */
static int must_not_exist(struct walk *w, bool is_dir)
{
    struct dentry *found;
    int r = dentry_lookup_locked(w->at.dentry, &w->last, &found);

    if (!r) {
        dentry_put(found);
        return -EEXIST;
    }
    if (r == -ENOENT)
        return w->last_is_dir && !is_dir ? -ENOENT : 0;
    return r;
}

static int make_node(int dirfd, const char *path, u32 mode, u64 rdev, const char *target)
{
    struct walk w;
    struct dentry *made;
    struct superblock *sb;
    int r = create_begin(&w, dirfd, path);

    if (r)
        return r;
    sb = w.at.dentry->inode->sb;
    rw_write_lock(&sb->names);
    r = must_not_exist(&w, S_ISDIR(mode));
    if (!r)
        r = name_create_locked(&w.at, &w.last, mode, rdev, target, &made);
    rw_write_unlock(&sb->names);
    if (!r)
        dentry_put(made);
    walk_end(&w);
    return r;
}

int vfs_mkdir_at(int dirfd, const char *path, u32 mode)
{
    return make_node(dirfd, path, (mode & 01777) | S_IFDIR, 0, NULL);
}

int vfs_mknod_at(int dirfd, const char *path, u32 mode, u64 rdev)
{
    switch (mode & S_IFMT) {
    case 0:
        mode |= S_IFREG;
        break;
    case S_IFREG:
    case S_IFIFO:
    case S_IFSOCK:
        break;
    case S_IFCHR:
    case S_IFBLK:
        if (caller_cred()->fsuid != 0)
            return -EPERM;
        break;
    case S_IFDIR:
        return -EPERM;
    default:
        return -EINVAL;
    }
    return make_node(dirfd, path, mode & (S_IFMT | 07777), rdev, NULL);
}

int vfs_symlink_at(const char *target, int dirfd, const char *path)
{
    if (!*target)
        return -ENOENT;
    return make_node(dirfd, path, S_IFLNK | 0777, 0, target);
}

/* Another name for what `old` is. */
static int link_locked(struct walk *w, const struct path *old)
{
    struct inode *inode = old->dentry->inode, *dir = w->at.dentry->inode;
    struct dentry *made;
    int r = must_not_exist(w, false);

    if (!r && old->mount->sb != w->at.mount->sb)
        r = -EXDEV;
    if (!r)
        r = may_create_in(&w->at);
    if (!r && S_ISDIR(inode->mode))
        r = -EPERM;
    if (!r && inode->nlink == 0 && !inode->is_linkable)
        r = -ENOENT;
    if (!r && !dir->ops->create)
        r = -EPERM;
    if (!r && dir->ops->link)
        r = dir->ops->link(dir, &w->last, inode);
    if (r)
        return r;
    inode_get(inode);
    r = dentry_create(w->at.dentry, &w->last, inode, &made);
    if (r) {
        inode_put(inode);
        return r;
    }
    /* commit */
    inode->nlink++;
    inode->is_linkable = false;
    inode->ctime = clock_realtime();
    dentry_hash(made);
    dentry_put(made);
    inode_touch(dir);
    return 0;
}

int vfs_link_at(const struct path *old, int dirfd, const char *path)
{
    struct superblock *sb;
    struct walk w;
    int r = create_begin(&w, dirfd, path);

    if (r)
        return r;
    sb = w.at.dentry->inode->sb;
    rw_write_lock(&sb->names);
    r = link_locked(&w, old);
    rw_write_unlock(&sb->names);
    walk_end(&w);
    return r;
}

static int remove_locked(struct walk *w, struct dentry *victim, bool as_dir)
{
    struct inode *inode = victim->inode, *dir = w->at.dentry->inode;
    int r = may_delete(&w->at, victim, as_dir);

    if (r)
        return r;
    if (as_dir && dentry_has_children(victim))
        return -ENOTEMPTY;
    if (!dir->ops->create)
        return -EPERM;
    if (dir->ops->unlink)
        r = dir->ops->unlink(dir, victim);
    if (r)
        return r;
    /* commit */
    if (as_dir) {
        inode->nlink = 0;
        dir->nlink--;
    } else {
        inode->nlink--;
    }
    inode->ctime = clock_realtime();
    dentry_delete(victim);
    inode_touch(dir);
    return 0;
}

static int remove_last(struct walk *w, bool as_dir)
{
    struct superblock *sb = w->at.dentry->inode->sb;
    struct dentry *victim;
    int r;

    rw_write_lock(&sb->names);
    r = dentry_lookup_locked(w->at.dentry, &w->last, &victim);
    if (!r) {
        if (!as_dir && w->last_is_dir)
            r = S_ISDIR(victim->inode->mode) ? -EISDIR : -ENOTDIR;
        else
            r = remove_locked(w, victim, as_dir);
        rw_write_unlock(&sb->names);
        dentry_put(victim); /* perhaps the last: frees a whole file, so without the lock */
        return r;
    }
    rw_write_unlock(&sb->names);
    return r;
}

/* Names that cannot be removed, before anything is looked up. */
static int refuse_special(const struct walk *w, bool as_dir)
{
    if (w->last.len == 0)
        return as_dir ? -EBUSY : -EISDIR;
    if (name_is_dot(&w->last))
        return as_dir ? -EINVAL : -EISDIR;
    if (name_is_dotdot(&w->last))
        return as_dir ? -ENOTEMPTY : -EISDIR;
    return 0;
}

int vfs_remove_at(int dirfd, const char *path, bool as_dir)
{
    struct walk w;
    int r;

    if (!*path)
        return -ENOENT;
    r = walk_begin(&w, dirfd, path);
    if (r)
        return r;
    r = walk_to_last(&w);
    if (!r)
        r = refuse_special(&w, as_dir);
    if (!r)
        r = remove_last(&w, as_dir);
    walk_end(&w);
    return r;
}
