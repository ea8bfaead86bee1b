/* SPDX-License-Identifier: MIT */
/*
 * System calls about rights, owners, times and sizes.
 */
#include <linux/syscall.h>

#include <linux/errno.h>
#include <linux/fadvise.h>
#include <linux/fcntl.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/mount.h>
#include <linux/resource.h>
#include <linux/signal.h>
#include <linux/stat.h>
#include <linux/time_types.h>
#include <proc/signal.h>
#include <sched/thread.h>
#include <sched/timer.h>
#include <vfs/attr.h>
#include <vfs/fdtable.h>
#include <vfs/file.h>
#include <vm/uaccess.h>

/* tv_nsec of utimensat(2); no header that a kernel may include has them. */
#define UTIME_NOW  ((1l << 30) - 1l)
#define UTIME_OMIT ((1l << 30) - 2l)

/* --- access --- */

static int path_access(const struct path *path, int mode)
{
    struct inode *inode = path->dentry->inode;
    bool special = !S_ISREG(inode->mode) && !S_ISDIR(inode->mode) && !S_ISLNK(inode->mode);
    int r;

    if ((mode & MAY_EXEC) && S_ISREG(inode->mode) && (path->mount->flags & MS_NOEXEC))
        return -EACCES;
    r = inode_permission(inode, mode);
    if (r || !(mode & MAY_WRITE) || special)
        return r;
    return path_may_change(path);
}

/* With the real ids in the place of the effective ones, as access(2) asks. */
static int access_as_real(int dirfd, const char *name, int mode, unsigned walk)
{
    struct cred *own = current->cred, *real = NULL;
    struct path path;
    int r;

    if (own->uid != own->fsuid || own->gid != own->fsgid) {
        r = cred_copy(own, &real);
        if (r)
            return r;
        real->fsuid = own->uid;
        real->fsgid = own->gid;
        current->cred = real;
    }
    r = path_lookup_at(dirfd, name, walk, &path);
    if (!r) {
        r = mode ? path_access(&path, mode) : 0;
        path_put(&path);
    }
    current->cred = own;
    if (real)
        cred_put(real);
    return r;
}

static int access_as_effective(int dirfd, const char *name, int mode, unsigned walk)
{
    struct path path;
    int r = path_lookup_at(dirfd, name, walk, &path);

    if (r)
        return r;
    r = mode ? path_access(&path, mode) : 0;
    path_put(&path);
    return r;
}

long sys_faccessat2(u64 dirfd, u64 address, u64 mode, u64 flags)
{
    struct user_path name;
    int r;

    if (((u32)mode & ~7u) ||
        ((u32)flags & ~(u32)(AT_EACCESS | AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH)))
        return -EINVAL;
    r = user_path_get(&name, address);
    if (r)
        return r;
    if (flags & AT_EACCESS)
        r = access_as_effective((int)dirfd, name.text, (int)mode, walk_flags(flags));
    else
        r = access_as_real((int)dirfd, name.text, (int)mode, walk_flags(flags));
    user_path_put(&name);
    return r;
}

long sys_faccessat(u64 dirfd, u64 address, u64 mode)
{
    return sys_faccessat2(dirfd, address, mode, 0);
}

/* --- mode and owner --- */

long sys_fchmod(u64 fd, u64 mode)
{
    struct file *file = fd_get((int)fd);
    int r;

    if (!file)
        return -EBADF;
    r = vfs_chmod(&file->path, (u32)mode);
    file_put(file);
    return r;
}

static long chmod_at(u64 dirfd, u64 address, u64 mode, unsigned walk)
{
    struct path path;
    int r = user_lookup((int)dirfd, address, walk, &path);

    if (r)
        return r;
    r = vfs_chmod(&path, (u32)mode);
    path_put(&path);
    return r;
}

long sys_fchmodat(u64 dirfd, u64 address, u64 mode)
{
    return chmod_at(dirfd, address, mode, WALK_FOLLOW);
}

long sys_fchmodat2(u64 dirfd, u64 address, u64 mode, u64 flags)
{
    if ((u32)flags & ~(u32)(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH))
        return -EINVAL;
    return chmod_at(dirfd, address, mode, walk_flags(flags));
}

long sys_fchown(u64 fd, u64 uid, u64 gid)
{
    struct file *file = fd_get((int)fd);
    int r;

    if (!file)
        return -EBADF;
    r = vfs_chown(&file->path, (u32)uid, (u32)gid);
    file_put(file);
    return r;
}

long sys_fchownat(u64 dirfd, u64 address, u64 uid, u64 gid, u64 flags)
{
    struct path path;
    int r;

    if ((u32)flags & ~(u32)(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH))
        return -EINVAL;
    r = user_lookup((int)dirfd, address, walk_flags(flags), &path);
    if (r)
        return r;
    r = vfs_chown(&path, (u32)uid, (u32)gid);
    path_put(&path);
    return r;
}

/* --- times --- */

struct times {
    nsec_t at[2];       /* access, modification */
    const nsec_t *p[2]; /* NULL: stays as it is */
    bool to_now;        /* both are now */
};

static int time_decode(const struct __kernel_timespec *ts, nsec_t now, nsec_t *out)
{
    if (ts->tv_nsec == UTIME_NOW) {
        *out = now;
        return 0;
    }
    if (ts->tv_nsec < 0 || ts->tv_nsec >= NSEC_PER_SEC)
        return -EINVAL;
    if (__builtin_mul_overflow((s64)ts->tv_sec, NSEC_PER_SEC, out) ||
        __builtin_add_overflow(*out, (s64)ts->tv_nsec, out))
        *out = ts->tv_sec < 0 ? INT64_MIN : INT64_MAX; /* as far as our clock goes */
    return 0;
}

static int times_decode(u64 address, struct times *t)
{
    struct __kernel_timespec ts[2] = {{.tv_nsec = UTIME_NOW}, {.tv_nsec = UTIME_NOW}};
    nsec_t now = clock_realtime();

    if (address && copyin(ts, address, sizeof(ts)))
        return -EFAULT;
    t->to_now = ts[0].tv_nsec == UTIME_NOW && ts[1].tv_nsec == UTIME_NOW;
    for (int i = 0; i < 2; i++) {
        t->p[i] = NULL;
        if (ts[i].tv_nsec == UTIME_OMIT)
            continue;
        if (time_decode(&ts[i], now, &t->at[i]))
            return -EINVAL;
        t->p[i] = &t->at[i];
    }
    return 0;
}

static int times_set(const struct path *path, const struct times *t)
{
    if (!t->p[0] && !t->p[1])
        return 0;
    return vfs_set_times(path, t->p[0], t->p[1], t->to_now);
}

long sys_utimensat(u64 dirfd, u64 address, u64 times_address, u64 flags)
{
    struct times t;
    struct path path;
    struct file *file;
    int r;

    if ((u32)flags & ~(u32)(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH))
        return -EINVAL;
    r = times_decode(times_address, &t);
    if (r)
        return r;
    if (!address && (int)dirfd != AT_FDCWD) { /* futimens(3) */
        file = flags ? NULL : fd_get((int)dirfd);
        if (!file)
            return flags ? -EINVAL : -EBADF;
        r = times_set(&file->path, &t);
        file_put(file);
        return r;
    }
    r = user_lookup((int)dirfd, address, walk_flags(flags), &path);
    if (r)
        return r;
    r = times_set(&path, &t);
    path_put(&path);
    return r;
}

/* --- sizes --- */

/* A size beyond the limit is also a signal. */
static long size_error(int r)
{
    if (r == -EFBIG && vfs_rlimit(RLIMIT_FSIZE) <= INT64_MAX)
        signal_send_thread(current->user, SIGXFSZ, NULL);
    return r;
}

long sys_truncate(u64 address, u64 size)
{
    struct path path;
    int r;

    if ((s64)size < 0)
        return -EINVAL;
    r = user_lookup(AT_FDCWD, address, WALK_FOLLOW, &path);
    if (r)
        return r;
    if (S_ISDIR(path.dentry->inode->mode))
        r = -EISDIR;
    else if (!S_ISREG(path.dentry->inode->mode))
        r = -EINVAL;
    else
        r = path_may_change(&path);
    if (!r)
        r = inode_permission(path.dentry->inode, MAY_WRITE);
    if (!r)
        r = vfs_truncate(path.dentry->inode, size);
    path_put(&path);
    return size_error(r);
}

long sys_ftruncate(u64 fd, u64 size)
{
    struct file *file;
    int r;

    if ((s64)size < 0)
        return -EINVAL;
    file = fd_get((int)fd);
    if (!file)
        return -EBADF;
    if (!S_ISREG(file->inode->mode) || (file->flags & O_ACCMODE) == O_RDONLY)
        r = -EINVAL;
    else
        r = vfs_truncate(file->inode, size);
    file_put(file);
    return size_error(r);
}

static int may_allocate(const struct file *file)
{
    if ((file->flags & O_ACCMODE) == O_RDONLY)
        return -EBADF;
    if (S_ISFIFO(file->inode->mode))
        return -ESPIPE;
    if (S_ISDIR(file->inode->mode))
        return -EISDIR;
    return S_ISREG(file->inode->mode) && file->inode->object ? 0 : -ENODEV;
}

long sys_fallocate(u64 fd, u64 mode, u64 offset, u64 length)
{
    struct file *file = fd_get((int)fd);
    int r;

    if (!file)
        return -EBADF;
    if ((s64)offset < 0 || (s64)length <= 0)
        r = -EINVAL;
    else
        r = may_allocate(file);
    if (!r)
        r = data_allocate(file->inode, (int)mode, offset, length);
    file_put(file);
    return size_error(r);
}

/* --- to the store --- */

long sys_sync(void)
{
    return 0; /* every file system lives in memory */
}

long sys_fsync(u64 fd)
{
    struct file *file = fd_get((int)fd);
    int r = -EINVAL;

    if (!file)
        return -EBADF;
    if (file->ops->fsync)
        r = file->ops->fsync(file);
    else if (S_ISREG(file->inode->mode) || S_ISDIR(file->inode->mode))
        r = 0;
    file_put(file);
    return r;
}

long sys_fdatasync(u64 fd)
{
    return sys_fsync(fd);
}

long sys_syncfs(u64 fd)
{
    struct file *file = fd_get((int)fd);

    if (!file)
        return -EBADF;
    file_put(file);
    return 0;
}

long sys_fadvise64(u64 fd, u64 offset, u64 length, u64 advice)
{
    struct file *file = fd_get((int)fd);
    int r = 0;

    if (!file)
        return -EBADF;
    if (S_ISFIFO(file->inode->mode))
        r = -ESPIPE;
    else if ((s64)length < 0 || (u32)advice > POSIX_FADV_NOREUSE)
        r = -EINVAL;
    file_put(file);
    return r;
}
