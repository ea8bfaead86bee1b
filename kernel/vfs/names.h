/* SPDX-License-Identifier: MIT */
/* Changing names: what mkdirat(2) and its kin do, with kernel strings. Errors as in the man
 * pages. */
#pragma once

#include <vfs/inode.h>

int must_check vfs_mkdir_at(int dirfd, const char *path, u32 mode);
int must_check vfs_mknod_at(int dirfd, const char *path, u32 mode, u64 rdev);
int must_check vfs_symlink_at(const char *target, int dirfd, const char *path);
int must_check vfs_link_at(const struct path *old, int dirfd, const char *path);
int must_check vfs_remove_at(int dirfd, const char *path, bool as_dir);

struct rename_end {
    int dirfd;
    const char *path;
};
/* flags: RENAME_NOREPLACE, RENAME_EXCHANGE of <linux/fs.h>. */
int must_check vfs_rename_at(const struct rename_end *from, const struct rename_end *to,
                             unsigned flags);
