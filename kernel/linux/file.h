/* SPDX-License-Identifier: MIT */
/* What the file system calls (file*.c) share. */
#pragma once

#include <lib/types.h>
#include <mem/cache.h>
#include <vfs/inode.h>

/* Bytes that one call moves at most, as on Linux. */
#define MAX_RW_COUNT 0x7ffff000UL

/* A path out of user memory: short ones need no allocation, so that removing never does. */
#define PATH_SHORT   112
struct user_path {
    char *text;
    char few[PATH_SHORT];
};
/* 0, -EFAULT, -ENAMETOOLONG, -ENOMEM. */
int must_check user_path_get(struct user_path *path, u64 address);
static inline void user_path_put(struct user_path *path)
{
    if (path->text != path->few)
        mem_free(path->text);
}
/* What the path in user memory leads to. flags: WALK_*. Gives references. */
int must_check user_lookup(int dirfd, u64 address, unsigned flags, struct path *out);
/* WALK_* for AT_SYMLINK_NOFOLLOW and AT_EMPTY_PATH. */
unsigned walk_flags(u64 at_flags);
/* May [address, address + n) be user memory at all? */
bool user_range_ok(u64 address, u64 n);
