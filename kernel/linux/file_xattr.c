/* SPDX-License-Identifier: MIT */
/*
 * Extended attributes: no file system here has any, which these calls say as Linux does for
 * such a file system: reading, writing and removing is -EOPNOTSUPP, the list is empty. The file
 * must exist all the same.
 */
#include <linux/syscall.h>

#include <linux/errno.h>
#include <linux/fcntl.h>
#include <linux/file.h>
#include <vfs/fdtable.h>

static long path_has_none(u64 address, unsigned walk, long answer)
{
    struct path path;
    int r = user_lookup(AT_FDCWD, address, walk, &path);

    if (r)
        return r;
    path_put(&path);
    return answer;
}

static long fd_has_none(u64 fd, long answer)
{
    struct file *file = fd_get((int)fd);

    if (!file)
        return -EBADF;
    file_put(file);
    return answer;
}

long sys_setxattr(u64 path, u64 name, u64 value, u64 size, u64 flags)
{
    return path_has_none(path, WALK_FOLLOW, -EOPNOTSUPP);
}

long sys_lsetxattr(u64 path, u64 name, u64 value, u64 size, u64 flags)
{
    return path_has_none(path, 0, -EOPNOTSUPP);
}

long sys_fsetxattr(u64 fd, u64 name, u64 value, u64 size, u64 flags)
{
    return fd_has_none(fd, -EOPNOTSUPP);
}

long sys_getxattr(u64 path, u64 name, u64 value, u64 size)
{
    return path_has_none(path, WALK_FOLLOW, -EOPNOTSUPP);
}

long sys_lgetxattr(u64 path, u64 name, u64 value, u64 size)
{
    return path_has_none(path, 0, -EOPNOTSUPP);
}

long sys_fgetxattr(u64 fd, u64 name, u64 value, u64 size)
{
    return fd_has_none(fd, -EOPNOTSUPP);
}

long sys_listxattr(u64 path, u64 list, u64 size)
{
    return path_has_none(path, WALK_FOLLOW, 0);
}

long sys_llistxattr(u64 path, u64 list, u64 size)
{
    return path_has_none(path, 0, 0);
}

long sys_flistxattr(u64 fd, u64 list, u64 size)
{
    return fd_has_none(fd, 0);
}

long sys_removexattr(u64 path, u64 name)
{
    return path_has_none(path, WALK_FOLLOW, -EOPNOTSUPP);
}

long sys_lremovexattr(u64 path, u64 name)
{
    return path_has_none(path, 0, -EOPNOTSUPP);
}

long sys_fremovexattr(u64 fd, u64 name)
{
    return fd_has_none(fd, -EOPNOTSUPP);
}
