/* SPDX-License-Identifier: MIT */
/*
 * The calls that take a name of a file.
 *
 * On xv6 a path has fewer than MAXPATH bytes, or the call fails; and of each component only
 * the first DIRSIZ characters count. Tests look for both. Linux's names are longer, and a
 * program here should still be able to read them, so: a name that is to be *made* is cut; a
 * name that should be *there* is tried as it stands first, and then cut.
 */
#include <asm/errno.h>
#include <linux/fcntl.h>
#include <linux/stat.h>

#define LINUX_O_CREAT    O_CREAT
#define LINUX_O_TRUNC    O_TRUNC
#define LINUX_O_NOFOLLOW O_NOFOLLOW
enum {
    FLAG_CREATE = LINUX_O_CREAT,
    FLAG_TRUNCATE = LINUX_O_TRUNC,
    FLAG_NOFOLLOW = LINUX_O_NOFOLLOW,
    FLAG_PATH = O_PATH,
    ACCESS_MASK = O_ACCMODE,
};
#undef O_RDONLY
#undef O_WRONLY
#undef O_RDWR
#undef O_TRUNC
#undef O_NOFOLLOW

#include "path.h"
#include "kernel/fcntl.h"
#include "kernel/fs.h"
#include "kernel/param.h"
#include "user/user.h"

enum {
    MODE_FILE = 0666,
    MODE_DIRECTORY = 0777,
    XV6_CONSOLE = 1, /* its major number there; the minor number is 0 */
    LINUX_CONSOLE = (5 << 8) | 1,
};

bool path_truncates;

static bool path_ok(const char *path)
{
    return user_string(path) && strlen(path) < MAXPATH;
}

/* Copies the path with each component cut to DIRSIZ. Returns the copy. */
static const char *path_cut(const char *path, char *to)
{
    char *start = to;
    int length = 0;

    for (; *path; path++) {
        length = *path == '/' ? 0 : length + 1;
        if (length <= DIRSIZ)
            *to++ = *path;
    }
    *to = 0;
    return start;
}

static long linux_open(const char *path, int flags)
{
    return sys6(__NR_openat, AT_FDCWD, (long)path, flags, MODE_FILE, 0, 0);
}

static long open_existing(const char *path, int flags)
{
    char cut[MAXPATH];
    long fd = linux_open(path, flags);

    if (fd == -ELOOP && (flags & FLAG_NOFOLLOW))
        fd = linux_open(path, FLAG_NOFOLLOW | FLAG_PATH); /* the link itself, for fstat */
    return fd == -ENOENT ? linux_open(path_cut(path, cut), flags) : fd;
}

int open(const char *path, int xv6_flags)
{
    int flags = xv6_flags & ACCESS_MASK;
    char cut[MAXPATH];
    long fd;

    if (!path_ok(path))
        return -1;
    if (xv6_flags & O_TRUNC) {
        flags |= FLAG_TRUNCATE;
        path_truncates = 1;
    }
    if (xv6_flags & O_NOFOLLOW)
        flags |= FLAG_NOFOLLOW;
    if (!(xv6_flags & O_CREATE))
        return descriptor_limit(open_existing(path, flags));
    fd = linux_open(path_cut(path, cut), flags | FLAG_CREATE);
    return descriptor_limit(fd == -ENOENT ? linux_open(path, flags | FLAG_CREATE) : fd);
}

int mkdir(const char *path)
{
    char cut[MAXPATH];

    if (!path_ok(path))
        return -1;
    return (int)sys_result(
        sys3(__NR_mkdirat, AT_FDCWD, (long)path_cut(path, cut), MODE_DIRECTORY));
}

int mknod(const char *path, short major, short minor)
{
    long device = major == XV6_CONSOLE ? LINUX_CONSOLE : (major << 8) | (minor & 0xff);
    char cut[MAXPATH];

    if (!path_ok(path))
        return -1;
    return (int)sys_result(sys6(__NR_mknodat, AT_FDCWD, (long)path_cut(path, cut),
                                S_IFCHR | MODE_FILE, device, 0, 0));
}

static long unlink_one(const char *path)
{
    long r = sys3(__NR_unlinkat, AT_FDCWD, (long)path, 0);

    /* xv6 removes an empty directory with the same call */
    return r == -EISDIR ? sys3(__NR_unlinkat, AT_FDCWD, (long)path, AT_REMOVEDIR) : r;
}

int unlink(const char *path)
{
    char cut[MAXPATH];
    long r;

    if (!path_ok(path))
        return -1;
    r = unlink_one(path);
    return (int)sys_result(r == -ENOENT ? unlink_one(path_cut(path, cut)) : r);
}

static long link_cut(const char *old, const char *new)
{
    char cut[MAXPATH];

    return sys6(__NR_linkat, AT_FDCWD, (long)old, AT_FDCWD, (long)path_cut(new, cut), 0, 0);
}

int link(const char *old, const char *new)
{
    char cut[MAXPATH];
    long r;

    if (!path_ok(old) || !path_ok(new))
        return -1;
    r = link_cut(old, new);
    return (int)sys_result(r == -ENOENT ? link_cut(path_cut(old, cut), new) : r);
}

WEAK int symlink(const char *target, const char *path)
{
    char cut[MAXPATH];

    if (!path_ok(target) || !path_ok(path))
        return -1;
    return (int)sys_result(
        sys3(__NR_symlinkat, (long)target, AT_FDCWD, (long)path_cut(path, cut)));
}

static long stat_one(const char *path, void *linux_stat)
{
    return sys6(__NR_newfstatat, AT_FDCWD, (long)path, (long)linux_stat, 0, 0, 0);
}

long path_stat(const char *path, void *linux_stat)
{
    char cut[MAXPATH];
    long r;

    if (!path_ok(path))
        return -1;
    r = stat_one(path, linux_stat);
    return r == -ENOENT ? stat_one(path_cut(path, cut), linux_stat) : r;
}

int chdir(const char *path)
{
    char cut[MAXPATH];
    long r;

    if (!path_ok(path))
        return -1;
    r = sys3(__NR_chdir, (long)path, 0, 0);
    return (int)sys_result(r == -ENOENT ? sys3(__NR_chdir, (long)path_cut(path, cut), 0, 0)
                                        : r);
}
