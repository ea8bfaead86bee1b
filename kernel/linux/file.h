/* SPDX-License-Identifier: MIT */
/* What the file system calls (file*.c) share. */
#pragma once

#include <lib/types.h>
#include <vfs/inode.h>

/* Bytes that one call moves at most, as on Linux. */
#define MAX_RW_COUNT 0x7ffff000UL

/* A path from user memory. Gives a buffer for user_path_free(). 0, -EFAULT, -ENAMETOOLONG,
 * -ENOMEM. */
int must_check user_path(u64 address, char **out);
/* As user_path; "" is refused with -ENOENT unless AT_EMPTY_PATH is among the flags. */
int must_check user_path_flags(u64 address, u64 at_flags, char **out);
void user_path_free(char *path);
/* What the path in user memory leads to. flags: WALK_*. Gives references. */
int must_check user_lookup(int dirfd, u64 address, unsigned flags, struct path *out);
/* WALK_* for AT_SYMLINK_NOFOLLOW and AT_EMPTY_PATH. */
unsigned walk_flags(u64 at_flags);
/* May [address, address + n) be user memory at all? */
bool user_range_ok(u64 address, u64 n);
