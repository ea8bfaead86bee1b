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

int user_path_get(struct user_path *path, u64 address)
{
    s64 n = copyin_str(path->few, address, PATH_SHORT);

    path->text = path->few;
    if (n != -ENAMETOOLONG)
        return n < 0 ? (int)n : 0;
    path->text = mem_alloc(PATH_MAX);
    if (!path->text)
        return -ENOMEM;
    n = copyin_str(path->text, address, PATH_MAX);
    if (n < 0) {
        mem_free(path->text);
        return (int)n;
    }
    return 0;
}

unsigned walk_flags(u64 at_flags)
{
    return (at_flags & AT_SYMLINK_NOFOLLOW ? 0 : WALK_FOLLOW) |
           (at_flags & AT_EMPTY_PATH ? WALK_EMPTY : 0);
}

int user_lookup(int dirfd, u64 address, unsigned flags, struct path *out)
{
    struct user_path path;
    int r = user_path_get(&path, address);

    if (r)
        return r;
    r = path_lookup_at(dirfd, path.text, flags, out);
    user_path_put(&path);
    return r;
}

bool user_range_ok(u64 address, u64 n)
{
    return n <= USER_END && address <= USER_END - n;
}
