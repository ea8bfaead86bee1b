/* SPDX-License-Identifier: MIT */
/* The file system in memory, also under the names rootfs, ramfs and devtmpfs. */
#pragma once

#include <vfs/inode.h>

int must_check tmpfs_init(void);
/* A new one. `type` is what /proc/mounts shows. */
int must_check tmpfs_create(const char *type, u32 root_mode, struct superblock **out);
/* A file in memory without a name in the tree; `name` is for /proc. */
int must_check memfd_file_create(const char *name, struct file **out);
