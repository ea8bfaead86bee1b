/* SPDX-License-Identifier: MIT */
/* Paths out of user memory. */
#include <linux/file.h>

#include <arch/riscv/page.h>
#include <lib/string.h>
#include <linux/errno.h>
#include <linux/fcntl.h>
#include <linux/limits.h>
#include <mem/cache.h>
#include <vm/uaccess.h>

int user_path(u64 address, char **out)
{
    char *path = mem_alloc(PATH_MAX);
    s64 n;

    if (!path)
        return -ENOMEM;
    n = copyin_str(path, address, PATH_MAX);
    if (n < 0) {
        mem_free(path);
        return (int)n;
    }
    *out = path;
    return 0;
}

int user_path_flags(u64 address, u64 at_flags, char **out)
{
    int r = user_path(address, out);

    if (r)
        return r;
    if (!**out && !(at_flags & AT_EMPTY_PATH)) {
        user_path_free(*out);
        return -ENOENT;
    }
    return 0;
}

void user_path_free(char *path)
{
    mem_free(path);
}

unsigned walk_flags(u64 at_flags)
{
    return (at_flags & AT_SYMLINK_NOFOLLOW ? 0 : WALK_FOLLOW) |
           (at_flags & AT_EMPTY_PATH ? WALK_EMPTY : 0);
}

int user_lookup(int dirfd, u64 address, unsigned flags, struct path *out)
{
    char *path = NULL;
    int r = user_path(address, &path);

    if (r)
        return r;
    r = path_lookup_at(dirfd, path, flags, out);
    user_path_free(path);
    return r;
}

bool user_range_ok(u64 address, u64 n)
{
    return n <= USER_END && address <= USER_END - n;
}
