/* SPDX-License-Identifier: MIT */
/*
 * System calls that move bytes: read and write in all their forms, lseek, sendfile,
 * copy_file_range.
 *
 * read and write of one buffer are the hot path: no allocation, and no reference to the file
 * when the descriptor table is not shared. Signals that a failed write sends (SIGPIPE, SIGXFSZ)
 * are raised here; the layers below return codes.
 */
#include <linux/syscall.h>

#include <linux/errno.h>
#include <linux/fcntl.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/resource.h>
#include <linux/signal.h>
#include <linux/uio.h>
#include <mem/cache.h>
#include <proc/signal.h>
#include <sched/thread.h>
#include <vfs/fdtable.h>
#include <vfs/file.h>
#include <vm/uaccess.h>

#define FEW_VECTORS 8

/* The signals that go with an error of a write. */
static s64 write_error(s64 r)
{
    if (r == -EPIPE)
        signal_send_thread(current->user, SIGPIPE, NULL);
    else if (r == -EFBIG && vfs_rlimit(RLIMIT_FSIZE) <= INT64_MAX)
        signal_send_thread(current->user, SIGXFSZ, NULL);
    return r;
}

/* One buffer. */
static int buffer_import(struct iobuf *b, struct iovec *v, u64 address, u64 n)
{
    if ((s64)n < 0)
        return -EINVAL;
    n = min(n, MAX_RW_COUNT);
    if (!user_range_ok(address, n))
        return -EFAULT;
    *v = (struct iovec){(void *)address, n};
    iobuf_init_user(b, v, n);
    return 0;
}

long sys_read(u64 fd, u64 address, u64 n)
{
    struct iovec v;
    struct iobuf b;
    bool put;
    struct file *file = fd_borrow((int)fd, &put);
    s64 r;

    if (!file)
        return -EBADF;
    r = buffer_import(&b, &v, address, n);
    if (!r)
        r = vfs_read(file, &b, NULL);
    if (put)
        file_put(file);
    return r;
}

long sys_write(u64 fd, u64 address, u64 n)
{
    struct iovec v;
    struct iobuf b;
    bool put;
    struct file *file = fd_borrow((int)fd, &put);
    s64 r;

    if (!file)
        return -EBADF;
    r = buffer_import(&b, &v, address, n);
    if (!r)
        r = vfs_write(file, &b, NULL);
    if (put)
        file_put(file);
    return unlikely(r < 0) ? write_error(r) : r;
}

/* Reading and writing at a given place: only what can seek. */
static int may_position(const struct file *file, u64 pos)
{
    if ((s64)pos < 0)
        return -EINVAL;
    return file->ops->lseek ? 0 : -ESPIPE;
}

static s64 move(struct file *file, struct iobuf *b, u64 *pos, bool write)
{
    s64 r = pos ? may_position(file, *pos) : 0;

    if (r)
        return r;
    if (!write)
        return vfs_read(file, b, pos);
    r = vfs_write(file, b, pos);
    return r < 0 ? write_error(r) : r;
}

static long move_at(u64 fd, u64 address, u64 n, u64 pos, bool write)
{
    struct iovec v;
    struct iobuf b;
    struct file *file;
    s64 r;

    if ((s64)pos < 0)
        return -EINVAL;
    file = fd_get((int)fd);
    if (!file)
        return -EBADF;
    r = buffer_import(&b, &v, address, n);
    if (!r)
        r = move(file, &b, &pos, write);
    file_put(file);
    return r;
}

long sys_pread64(u64 fd, u64 address, u64 n, u64 pos)
{
    return move_at(fd, address, n, pos, false);
}

long sys_pwrite64(u64 fd, u64 address, u64 n, u64 pos)
{
    return move_at(fd, address, n, pos, true);
}

/* Checks the vector and cuts its sum at MAX_RW_COUNT. */
static s64 vector_check(struct iovec *v, u64 n)
{
    u64 total = 0;

    for (u64 i = 0; i < n; i++) {
        if ((s64)v[i].iov_len < 0)
            return -EINVAL;
        v[i].iov_len = min((u64)v[i].iov_len, MAX_RW_COUNT - total);
        if (!user_range_ok((u64)v[i].iov_base, v[i].iov_len))
            return -EFAULT;
        total += v[i].iov_len;
    }
    return (s64)total;
}

/* A vector from user memory: into `few` if it is short, else allocated. */
static int vector_import(struct iobuf *b, struct iovec *few, struct iovec **out, u64 address,
                         u64 n)
{
    struct iovec *v = few;
    s64 total;
    int r;

    *out = NULL;
    if (n > UIO_MAXIOV)
        return -EINVAL;
    if (n > FEW_VECTORS) {
        v = *out = mem_alloc(n * sizeof(*v));
        if (!v)
            return -ENOMEM;
    }
    r = copyin(v, address, n * sizeof(*v));
    total = r ? r : vector_check(v, n);
    if (total < 0)
        return (int)total;
    iobuf_init_user(b, v, (size_t)total);
    return 0;
}

static long move_vector(u64 fd, u64 address, u64 n, u64 *pos, bool write)
{
    struct iovec few[FEW_VECTORS], *many;
    struct iobuf b;
    bool put;
    struct file *file = fd_borrow((int)fd, &put);
    s64 r;

    if (!file)
        return -EBADF;
    r = vector_import(&b, few, &many, address, n);
    if (!r)
        r = move(file, &b, pos, write);
    mem_free(many);
    if (put)
        file_put(file);
    return r;
}

long sys_readv(u64 fd, u64 address, u64 n)
{
    return move_vector(fd, address, n, NULL, false);
}

long sys_writev(u64 fd, u64 address, u64 n)
{
    return move_vector(fd, address, n, NULL, true);
}

/* The high half of the position is only of use to 32-bit programs. */
long sys_preadv(u64 fd, u64 address, u64 n, u64 pos, u64 pos_high)
{
    return (s64)pos < 0 ? -EINVAL : move_vector(fd, address, n, &pos, false);
}

long sys_pwritev(u64 fd, u64 address, u64 n, u64 pos, u64 pos_high)
{
    return (s64)pos < 0 ? -EINVAL : move_vector(fd, address, n, &pos, true);
}

/* Hints about urgency and durability are true of memory anyway. */
static bool rw_flags_ok(u64 flags)
{
    return !(flags & ~(u64)(RWF_HIPRI | RWF_DSYNC | RWF_SYNC));
}

long sys_preadv2(u64 fd, u64 address, u64 n, u64 pos, u64 pos_high, u64 flags)
{
    if (!rw_flags_ok(flags))
        return -EOPNOTSUPP;
    if (pos == UINT64_MAX)
        return sys_readv(fd, address, n);
    return sys_preadv(fd, address, n, pos, pos_high);
}

long sys_pwritev2(u64 fd, u64 address, u64 n, u64 pos, u64 pos_high, u64 flags)
{
    if (!rw_flags_ok(flags))
        return -EOPNOTSUPP;
    if (pos == UINT64_MAX)
        return sys_writev(fd, address, n);
    return sys_pwritev(fd, address, n, pos, pos_high);
}

long sys_lseek(u64 fd, u64 offset, u64 whence)
{
    struct file *file = fd_get((int)fd);
    s64 r;

    if (!file)
        return -EBADF;
    r = (u32)whence > SEEK_MAX ? -EINVAL : file_lseek(file, (s64)offset, (int)whence);
    file_put(file);
    return r;
}

/* --- from file to file --- */

static int may_send(const struct file *in, const struct file *out)
{
    if ((in->flags & O_ACCMODE) == O_WRONLY || (out->flags & O_ACCMODE) == O_RDONLY)
        return -EBADF;
    if (S_ISDIR(in->inode->mode) || !in->ops->read || !out->ops->write ||
        (out->flags & O_APPEND))
        return -EINVAL;
    return 0;
}

static s64 send_file(struct file *out, struct file *in, u64 pos_address, u64 n)
{
    u64 pos;
    s64 r = may_send(in, out);

    if (r)
        return r;
    n = min(n, MAX_RW_COUNT);
    if (!pos_address)
        return vfs_copy(in, NULL, out, NULL, n);
    if (copyin(&pos, pos_address, sizeof(pos)))
        return -EFAULT;
    r = may_position(in, pos);
    if (r)
        return r;
    r = vfs_copy(in, &pos, out, NULL, n);
    if (r >= 0 && copyout(pos_address, &pos, sizeof(pos)))
        return -EFAULT;
    return r;
}

long sys_sendfile(u64 out_fd, u64 in_fd, u64 pos_address, u64 n)
{
    struct file *in = fd_get((int)in_fd), *out = fd_get((int)out_fd);
    s64 r = in && out ? send_file(out, in, pos_address, n) : -EBADF;

    if (in)
        file_put(in);
    if (out)
        file_put(out);
    return r < 0 ? write_error(r) : r;
}

struct copy_end {
    struct file *file;
    u64 address; /* of the position in user memory; 0: the file's own */
    u64 pos;
};

static int copy_end_begin(struct copy_end *e, u64 fd, u64 address)
{
    e->file = fd_get((int)fd);
    e->address = address;
    if (!e->file)
        return -EBADF;
    if (address)
        return copyin(&e->pos, address, sizeof(e->pos));
    e->pos = e->file->pos;
    return 0;
}

/* Gives the new position to where the old one came from. */
static int copy_end_finish(struct copy_end *e)
{
    if (e->address)
        return copyout(e->address, &e->pos, sizeof(e->pos));
    e->file->pos = e->pos;
    return 0;
}

static s64 copy_range(struct copy_end *in, struct copy_end *out, u64 n)
{
    s64 r;

    if ((in->file->flags & O_ACCMODE) == O_WRONLY ||
        (out->file->flags & O_ACCMODE) == O_RDONLY || (out->file->flags & O_APPEND))
        return -EBADF;
    if (S_ISDIR(in->file->inode->mode) || S_ISDIR(out->file->inode->mode))
        return -EISDIR;
    if (!S_ISREG(in->file->inode->mode) || !S_ISREG(out->file->inode->mode))
        return -EINVAL;
    if ((s64)in->pos < 0 || (s64)out->pos < 0)
        return -EINVAL;
    n = min(n, MAX_RW_COUNT);
    if (in->file->inode == out->file->inode && in->pos < out->pos + n && out->pos < in->pos + n)
        return -EINVAL;
    r = vfs_copy(in->file, &in->pos, out->file, &out->pos, n);
    if (r > 0 && (copy_end_finish(in) || copy_end_finish(out)))
        return -EFAULT;
    return r;
}

long sys_copy_file_range(u64 in_fd, u64 in_pos, u64 out_fd, u64 out_pos, u64 n, u64 flags)
{
    struct copy_end in, out = {.file = NULL};
    s64 r = copy_end_begin(&in, in_fd, in_pos);

    if (!r)
        r = copy_end_begin(&out, out_fd, out_pos);
    if (!r && flags)
        r = -EINVAL;
    if (!r)
        r = copy_range(&in, &out, n);
    if (in.file)
        file_put(in.file);
    if (out.file)
        file_put(out.file);
    return r < 0 ? write_error(r) : r;
}
