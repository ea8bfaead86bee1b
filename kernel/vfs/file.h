/* SPDX-License-Identifier: MIT */
/* Open files, for those who implement them: creation, and the operations that regular files and
 * directories share. */
#pragma once

#include <vfs/inode.h>
#include <vfs/vfs.h>

/* An open file of what the path leads to; takes its own references. */
int must_check file_create(const struct path *path, const struct file_ops *ops, int flags,
                           struct file **out);
/* A place for an object that has no name in the tree, with a fresh inode. `name` without a
 * bracket gets the inode number: "pipe" becomes "pipe:[3]". Gives references. */
int must_check anon_path_create(u32 mode, const char *name, struct path *out);
/* The same for an inode of any file system; takes over the reference on success. */
int must_check anon_path_of(struct inode *inode, const char *name, struct path *out);
/* Counts an open file among its inode's writers until it is released. 0, -ETXTBSY. */
int must_check file_begin_write(struct file *file);

extern const struct file_ops
    no_file_ops; /* O_PATH, and files whose opening failed: nothing at all */
s64 file_lseek(struct file *file, s64 offset, int whence);
/* For lseek operations: sets base + offset, within 0..limit. Returns it, -EINVAL, -EOVERFLOW.
 */
s64 lseek_to(struct file *file, u64 base, s64 offset, u64 limit);
int file_set_status_flags(struct file *file, u32 flags);

/* Regular files whose bytes are in inode->object. */
s64 data_read(struct file *file, struct iobuf *buf, u64 *pos);
s64 data_write(struct file *file, struct iobuf *buf, u64 *pos);
s64 data_lseek(struct file *file, s64 offset, int whence);
extern const struct file_ops data_file_ops;
/* fallocate(2). */
int must_check data_allocate(struct inode *inode, int mode, u64 offset, u64 length);
/* Sets the size with all checks. Returns 0, -EFBIG, -EINVAL, -EISDIR, -ETXTBSY... */
int must_check vfs_truncate(struct inode *inode, u64 size);
/* To `in_pos` of one file from another, or from its own position when NULL. Bytes or -Exxx. */
s64 vfs_copy(struct file *in, u64 *in_pos, struct file *out, u64 *out_pos, u64 n);

extern const struct file_ops dir_file_ops; /* directories of hashed dentries */
s64 dir_read(struct file *file, struct iobuf *buf, u64 *pos); /* -EISDIR */
s64 dir_lseek(struct file *file, s64 offset, int whence);
