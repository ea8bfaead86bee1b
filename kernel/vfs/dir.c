/* SPDX-License-Identifier: MIT */
/* Open directories: positions, and the refusal to be read as bytes. */
#include <vfs/file.h>

#include <linux/errno.h>
#include <linux/fs.h>

s64 dir_read(struct file *file, struct iobuf *buf, u64 *pos)
{
    return -EISDIR;
}

s64 dir_lseek(struct file *file, s64 offset, int whence)
{
    s64 r = -EINVAL;

    mutex_lock(&file->pos_lock);
    if (whence == SEEK_SET)
        r = lseek_to(file, 0, offset, INT64_MAX);
    else if (whence == SEEK_CUR)
        r = lseek_to(file, file->pos, offset, INT64_MAX);
    mutex_unlock(&file->pos_lock);
    return r;
}

const struct file_ops dir_file_ops = {
    .read = dir_read,
    .lseek = dir_lseek,
    .readdir = dentry_readdir,
};
