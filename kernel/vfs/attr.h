/* SPDX-License-Identifier: MIT */
/* Attributes of files: rights, owners, times. The checks of Linux are made here; errors as in
 * the man pages. */
#pragma once

#include <linux/fcntl.h>
#include <vfs/inode.h>

bool caller_owns(const struct inode *inode);
/* -EROFS on a mount that is read-only. */
int must_check path_may_change(const struct path *path);
int must_check vfs_chmod(const struct path *path, u32 mode);
int must_check vfs_chown(const struct path *path, u32 uid, u32 gid); /* UINT32_MAX: as it is */
/* NULL: as it is. `to_now`: both become the present, for which the right to write is enough. */
int must_check vfs_set_times(const struct path *path, const nsec_t *atime, const nsec_t *mtime,
                             bool to_now);
/* A write or a new owner takes the set-id bits away. Locks: inode->lock. */
void inode_drop_suid(struct inode *inode);
/* Sets the access time as "relatime" does. */
void file_accessed(struct file *file);

/* Device numbers as in struct stat: 12 bits of major, 20 of minor, spread as user space
 * expects. */
static inline u32 dev_major(u64 dev)
{
    return (u32)(dev >> 8 & 0xfff);
}
static inline u32 dev_minor(u64 dev)
{
    return (u32)((dev & 0xff) | (dev >> 12 & 0xfff00));
}
static inline u64 dev_make(u32 major, u32 minor)
{
    return (minor & 0xff) | (u64)major << 8 | (u64)(minor & ~0xffu) << 12;
}
