/* SPDX-License-Identifier: MIT */
/*
 * System calls that make, copy, change and close descriptors.
 */
#include <linux/syscall.h>

#include <asm/ioctls.h>
#include <ipc/pipe.h>
#include <linux/close_range.h>
#include <linux/errno.h>
#include <linux/fcntl.h>
#include <linux/file.h>
#include <linux/file_lock.h>
#include <linux/fs.h>
#include <linux/resource.h>
#include <sched/thread.h>
#include <vfs/fdtable.h>
#include <vfs/file.h>
#include <vm/uaccess.h>

/* Gives the file a descriptor, or lets it go. */
static long install_or_put(struct file *file, int min, bool cloexec)
{
    int fd = fd_install(file, min, cloexec);

    if (fd < 0)
        file_put(file);
    return fd;
}

long sys_openat(u64 dirfd, u64 path_address, u64 flags, u64 mode)
{
    struct file *file;
    struct user_path path;
    int r = user_path_get(&path, path_address);

    if (r)
        return r;
    r = flags & O_CREAT ? fd_room() : 0; /* no file is made that cannot be opened */
    if (!r)
        r = vfs_open_at((int)dirfd, path.text, (int)flags | (flags & O_PATH ? 0 : O_LARGEFILE),
                        (u32)mode, &file);
    user_path_put(&path);
    return r ? r : install_or_put(file, 0, flags & O_CLOEXEC);
}

long sys_close(u64 fd)
{
    return fd_close((int)fd);
}

long sys_dup(u64 fd)
{
    struct file *file = fd_get_any((int)fd);

    return file ? install_or_put(file, 0, false) : -EBADF;
}

long sys_dup3(u64 old_fd, u64 new_fd, u64 flags)
{
    struct file *file;
    int r;

    if (((u32)flags & ~(u32)O_CLOEXEC) || (int)old_fd == (int)new_fd)
        return -EINVAL;
    file = fd_get_any((int)old_fd);
    if (!file)
        return -EBADF;
    r = fd_install_at(file, (int)new_fd, flags & O_CLOEXEC);
    if (r < 0)
        file_put(file);
    return r;
}

long sys_close_range(u64 first, u64 last, u64 flags)
{
    u32 to = (u32)last;

    if (((u32)flags & ~(u32)(CLOSE_RANGE_UNSHARE | CLOSE_RANGE_CLOEXEC)) || (u32)first > to)
        return -EINVAL;
    if (flags & CLOSE_RANGE_UNSHARE) {
        struct fdtable *old = current->files, *fresh;
        int r = fdtable_copy(old, &fresh);

        if (r)
            return r;
        current->files = fresh;
        fdtable_put(old);
    }
    if ((u32)first > INT32_MAX)
        return 0;
    for (int fd = fdtable_next(current->files, (int)first); fd >= 0 && (u32)fd <= to;
         fd = fdtable_next(current->files, fd + 1)) {
        if (flags & CLOSE_RANGE_CLOEXEC)
            fd_set_cloexec(fd, true);
        else
            fd_close(fd);
    }
    return 0;
}

static int pipe_install(struct file *read_end, struct file *write_end, u64 flags, int fds[2])
{
    fds[0] = fd_install(read_end, 0, flags & O_CLOEXEC);
    if (fds[0] < 0) {
        file_put(read_end);
        file_put(write_end);
        return fds[0];
    }
    fds[1] = fd_install(write_end, 0, flags & O_CLOEXEC);
    if (fds[1] < 0) {
        fd_close(fds[0]);
        file_put(write_end);
        return fds[1];
    }
    return 0;
}

long sys_pipe2(u64 fds_address, u64 flags)
{
    struct file *read_end, *write_end;
    int fds[2], r;

    if ((u32)flags & ~(u32)(O_CLOEXEC | O_NONBLOCK))
        return -EINVAL;
    r = pipe_create((int)flags, &read_end, &write_end);
    if (!r)
        r = pipe_install(read_end, write_end, flags, fds);
    if (r)
        return r;
    if (copyout(fds_address, fds, sizeof(fds))) {
        fd_close(fds[0]);
        fd_close(fds[1]);
        return -EFAULT;
    }
    return 0;
}

/* --- fcntl --- */

static long duplicate(struct file *file, u64 min, bool cloexec)
{
    int fd;

    if ((s32)min < 0 || (u64)(u32)min >= vfs_rlimit(RLIMIT_NOFILE))
        return -EINVAL;
    file_get(file);
    fd = fd_install(file, (int)min, cloexec);
    if (fd < 0)
        file_put(file);
    return fd;
}

/* What also works on O_PATH descriptors. -ENOTTY: not among them. */
static long fcntl_any(int fd, struct file *file, int cmd, u64 arg)
{
    int r;

    switch (cmd) {
    case F_DUPFD:
        return duplicate(file, arg, false);
    case F_DUPFD_CLOEXEC:
        return duplicate(file, arg, true);
    case F_GETFD:
        r = fd_get_cloexec(fd);
        return r < 0 ? r : r ? FD_CLOEXEC : 0;
    case F_SETFD:
        return fd_set_cloexec(fd, arg & FD_CLOEXEC);
    case F_GETFL:
        return file->flags;
    default:
        return -ENOTTY;
    }
}

static long fcntl_open_file(struct file *file, int cmd, u64 arg)
{
    switch (cmd) {
    case F_SETFL:
        return file_set_status_flags(file, (u32)arg);
    case F_GETOWN:
        return (s32)file->owner_pid;
    case F_SETOWN:
        file->owner_pid = (u32)arg;
        return 0;
    case F_GETSIG:
        return 0;
    case F_GETPIPE_SZ:
        return pipe_get_size(file);
    case F_SETPIPE_SZ:
        return pipe_set_size(file, (u32)arg);
    case F_GETLK:
    case F_SETLK:
    case F_SETLKW:
    case F_OFD_GETLK:
    case F_OFD_SETLK:
    case F_OFD_SETLKW:
        return fcntl_lock(file, cmd, arg);
    default:
        return -EINVAL;
    }
}

long sys_fcntl(u64 fd, u64 cmd, u64 arg)
{
    struct file *file = fd_get_any((int)fd);
    long r;

    if (!file)
        return -EBADF;
    r = fcntl_any((int)fd, file, (int)cmd, arg);
    if (r == -ENOTTY)
        r = file->flags & O_PATH ? -EBADF : fcntl_open_file(file, (int)cmd, arg);
    file_put(file);
    return r;
}

/* --- ioctl --- */

static long set_status_flag(struct file *file, u32 flag, u64 address)
{
    s32 on;

    if (copyin(&on, address, sizeof(on)))
        return -EFAULT;
    file_set_status_flags(file, on ? file->flags | flag : file->flags & ~flag);
    return 0;
}

static long bytes_to_read(struct file *file, u64 address)
{
    u64 size = inode_size(file->inode);
    s32 n = size > file->pos ? (s32)min(size - file->pos, (u64)INT32_MAX) : 0;

    return copyout(address, &n, sizeof(n));
}

static long ioctl_file(int fd, struct file *file, u32 cmd, u64 arg)
{
    switch (cmd) {
    case FIOCLEX:
        return fd_set_cloexec(fd, true);
    case FIONCLEX:
        return fd_set_cloexec(fd, false);
    case FIONBIO:
        return set_status_flag(file, O_NONBLOCK, arg);
    case FIOASYNC:
        return set_status_flag(file, FASYNC, arg);
    }
    if (cmd == FIONREAD && S_ISREG(file->inode->mode) && file->inode->object)
        return bytes_to_read(file, arg);
    return file->ops->ioctl ? file->ops->ioctl(file, cmd, arg) : -ENOTTY;
}

long sys_ioctl(u64 fd, u64 cmd, u64 arg)
{
    struct file *file = fd_get((int)fd);
    long r;

    if (!file)
        return -EBADF;
    r = ioctl_file((int)fd, file, (u32)cmd, arg);
    file_put(file);
    return r;
}
