/* SPDX-License-Identifier: MIT */
/* flock(2) and the record locks of fcntl(2): from Linux's structs to vfs/lock.h and back. */
#include <linux/file_lock.h>

#include <linux/errno.h>
#include <linux/fcntl.h>
#include <linux/fs.h>
#include <linux/syscall.h>
#include <proc/proc.h>
#include <sched/thread.h>
#include <vfs/fdtable.h>
#include <vfs/lock.h>
#include <vm/uaccess.h>

/* Bytes first..last of a struct flock. l_len may be negative: the bytes before l_start. */
static int range_decode(struct file *file, const struct flock *fl, struct lock_request *req)
{
    s64 base = 0, start, end;

    if (fl->l_whence == SEEK_CUR)
        base = (s64)file->pos;
    else if (fl->l_whence == SEEK_END)
        base = (s64)inode_size(file->inode);
    else if (fl->l_whence != SEEK_SET)
        return -EINVAL;
    if (__builtin_add_overflow(base, fl->l_start, &start))
        return -EOVERFLOW;
    if (start < 0)
        return -EINVAL;
    if (fl->l_len == 0) {
        end = INT64_MAX;
    } else if (fl->l_len > 0) {
        if (__builtin_add_overflow(start, fl->l_len - 1, &end))
            return -EOVERFLOW;
    } else {
        end = start - 1;
        if (__builtin_add_overflow(start, fl->l_len, &start))
            return -EOVERFLOW;
        if (start < 0)
            return -EINVAL;
    }
    req->start = (u64)start;
    req->end = end == INT64_MAX ? UINT64_MAX : (u64)end;
    return 0;
}

static int request_decode(struct file *file, int cmd, const struct flock *fl,
                          struct lock_request *req)
{
    bool is_ofd = cmd == F_OFD_GETLK || cmd == F_OFD_SETLK || cmd == F_OFD_SETLKW;

    if (fl->l_type != F_RDLCK && fl->l_type != F_WRLCK && fl->l_type != F_UNLCK)
        return -EINVAL;
    if (is_ofd && fl->l_pid != 0)
        return -EINVAL;
    *req = (struct lock_request){
        .kind = LOCK_KIND_RECORD,
        .type = fl->l_type,
        .wait = cmd == F_SETLKW || cmd == F_OFD_SETLKW,
        .owner = is_ofd ? (const void *)file : current->files,
        .pid = is_ofd ? -1 : (s32)proc_id(proc_current()),
    };
    return range_decode(file, fl, req);
}

static void found_encode(const struct lock_request *found, struct flock *fl)
{
    fl->l_type = found->type;
    if (found->type == F_UNLCK)
        return;
    fl->l_whence = SEEK_SET;
    fl->l_start = (s64)found->start;
    fl->l_len = found->end == UINT64_MAX ? 0 : (s64)(found->end - found->start + 1);
    fl->l_pid = found->pid;
}

static int may_lock(const struct file *file, short type)
{
    u32 mode = file->flags & O_ACCMODE;

    if ((type == F_RDLCK && mode == O_WRONLY) || (type == F_WRLCK && mode == O_RDONLY))
        return -EBADF;
    return 0;
}

long fcntl_lock(struct file *file, int cmd, u64 address)
{
    struct lock_request req, found;
    struct flock fl;
    int r;

    if (copyin(&fl, address, sizeof(fl)))
        return -EFAULT;
    r = request_decode(file, cmd, &fl, &req);
    if (r)
        return r;
    if (cmd == F_GETLK || cmd == F_OFD_GETLK) {
        if (req.type == F_UNLCK)
            return -EINVAL;
        lock_test(file->inode, &req, &found);
        found_encode(&found, &fl);
        return copyout(address, &fl, sizeof(fl));
    }
    r = may_lock(file, fl.l_type);
    if (r)
        return r;
    if (req.owner == file)
        file->has_lock = true;
    return lock_apply(file->inode, &req);
}

long sys_flock(u64 fd, u64 op)
{
    struct lock_request req = {.kind = LOCK_KIND_FLOCK, .end = UINT64_MAX};
    struct file *file;
    int r;

    switch ((u32)op & ~(u32)LOCK_NB) {
    case LOCK_SH:
        req.type = F_RDLCK;
        break;
    case LOCK_EX:
        req.type = F_WRLCK;
        break;
    case LOCK_UN:
        req.type = F_UNLCK;
        break;
    default:
        return -EINVAL;
    }
    file = fd_get((int)fd);
    if (!file)
        return -EBADF;
    req.wait = !(op & LOCK_NB);
    req.owner = file;
    req.pid = (s32)proc_id(proc_current());
    file->has_lock = true;
    r = lock_apply(file->inode, &req);
    file_put(file);
    return r;
}
