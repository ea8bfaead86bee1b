/* SPDX-License-Identifier: MIT */
/*
 * Who may do what with a file, and what stat(2) tells of it; changing mode, owner and times.
 *
 * Root (fsuid 0) may read, write and search everything, and execute what anybody may execute.
 */
#include <vfs/attr.h>

#include <debug/assert.h>
#include <lib/string.h>
#include <linux/errno.h>
#include <linux/mount.h>
#include <sched/timer.h>
#include <vfs/internal.h>

int inode_permission(struct inode *inode, int mask)
{
    const struct cred *cred = caller_cred();
    u32 mode;

    if (inode->ops->refresh) {
        int r = inode->ops->refresh(inode);

        if (r)
            return r;
    }
    mode = inode->mode;
    if (cred->fsuid == 0) {
        if (!(mask & MAY_EXEC) || S_ISDIR(mode) || (mode & 0111))
            return 0;
        return -EACCES;
    }
    if (cred->fsuid == inode->uid)
        mode >>= 6;
    else if (cred_in_group(cred, inode->gid))
        mode >>= 3;
    return (mask & ~mode & 7) ? -EACCES : 0;
}

bool caller_owns(const struct inode *inode)
{
    const struct cred *cred = caller_cred();

    return cred->fsuid == 0 || cred->fsuid == inode->uid;
}

int path_may_change(const struct path *path)
{
    return path->mount->flags & MS_RDONLY ? -EROFS : 0;
}

static struct statx_timestamp timestamp(nsec_t t)
{
    s64 sec = t / NSEC_PER_SEC, nsec = t % NSEC_PER_SEC;

    if (nsec < 0) {
        sec--;
        nsec += NSEC_PER_SEC;
    }
    return (struct statx_timestamp){.tv_sec = sec, .tv_nsec = (u32)nsec};
}

int vfs_stat(struct inode *inode, struct statx *out)
{
    int r = inode->ops->refresh ? inode->ops->refresh(inode) : 0;

    if (r)
        return r;
    memset(out, 0, sizeof(*out));
    out->stx_mask = STATX_BASIC_STATS | STATX_BTIME;
    out->stx_blksize = 4096;
    out->stx_nlink = inode->nlink;
    out->stx_uid = inode->uid;
    out->stx_gid = inode->gid;
    out->stx_mode = (u16)inode->mode;
    out->stx_ino = inode->ino;
    out->stx_size = inode->object ? inode_size(inode) : inode->other_size;
    if (inode->object)
        out->stx_blocks = __atomic_load_n(&inode->object->n_pages, __ATOMIC_RELAXED) * 8;
    out->stx_atime = timestamp(inode->atime);
    out->stx_mtime = timestamp(inode->mtime);
    out->stx_ctime = timestamp(inode->ctime);
    out->stx_btime = timestamp(inode->btime);
    out->stx_rdev_major = dev_major(inode->rdev);
    out->stx_rdev_minor = dev_minor(inode->rdev);
    out->stx_dev_major = dev_major(inode->sb->dev);
    out->stx_dev_minor = dev_minor(inode->sb->dev);
    return 0;
}

int vfs_chmod(const struct path *path, u32 mode)
{
    struct inode *inode = path->dentry->inode;
    int r = path_may_change(path);

    if (r)
        return r;
    if (S_ISLNK(inode->mode))
        return -EOPNOTSUPP;
    if (!caller_owns(inode))
        return -EPERM;
    if (caller_cred()->fsuid != 0 && !cred_in_group(caller_cred(), inode->gid))
        mode &= ~(u32)S_ISGID;
    mutex_lock(&inode->lock);
    inode->mode = (inode->mode & S_IFMT) | (mode & 07777);
    inode->ctime = clock_realtime();
    mutex_unlock(&inode->lock);
    return 0;
}

/* Only root gives files away; the owner may pass them to a group he is in. */
static int may_chown(const struct inode *inode, u32 uid, u32 gid)
{
    const struct cred *cred = caller_cred();

    if (cred->fsuid == 0)
        return 0;
    if (cred->fsuid != inode->uid)
        return -EPERM;
    if (uid != UINT32_MAX && uid != inode->uid)
        return -EPERM;
    if (gid != UINT32_MAX && gid != inode->gid && !cred_in_group(cred, gid))
        return -EPERM;
    return 0;
}

void inode_drop_suid(struct inode *inode)
{
    assert(mutex_is_held(&inode->lock));
    if (S_ISDIR(inode->mode))
        return;
    if ((inode->mode & (S_ISGID | 0010)) == (S_ISGID | 0010))
        inode->mode &= ~(u32)S_ISGID;
    inode->mode &= ~(u32)S_ISUID;
}

int vfs_chown(const struct path *path, u32 uid, u32 gid)
{
    struct inode *inode = path->dentry->inode;
    int r = path_may_change(path);

    if (!r)
        r = may_chown(inode, uid, gid);
    if (r)
        return r;
    mutex_lock(&inode->lock);
    if (uid != UINT32_MAX)
        inode->uid = uid;
    if (gid != UINT32_MAX)
        inode->gid = gid;
    inode_drop_suid(inode);
    inode->ctime = clock_realtime();
    mutex_unlock(&inode->lock);
    return 0;
}

int vfs_set_times(const struct path *path, const nsec_t *atime, const nsec_t *mtime,
                  bool to_now)
{
    struct inode *inode = path->dentry->inode;
    int r = path_may_change(path);

    if (r)
        return r;
    if (!caller_owns(inode)) {
        if (!to_now)
            return -EPERM;
        r = inode_permission(inode, MAY_WRITE);
        if (r)
            return r;
    }
    mutex_lock(&inode->lock);
    if (atime)
        inode->atime = *atime;
    if (mtime)
        inode->mtime = *mtime;
    inode->ctime = clock_realtime();
    mutex_unlock(&inode->lock);
    return 0;
}

void file_accessed(struct file *file)
{
    struct inode *inode = file->inode;
    nsec_t now;

    if ((file->flags & O_NOATIME) || (file->path.mount->flags & (MS_NOATIME | MS_RDONLY)))
        return;
    if (inode->atime > inode->mtime && inode->atime > inode->ctime)
        return; /* as with relatime; a day's age does not matter here */
    now = clock_realtime();
    inode->atime = now;
}
