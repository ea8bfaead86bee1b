/* SPDX-License-Identifier: MIT */
/*
 * Files: descriptors, and what can be done with a descriptor alone. Names are in path.c.
 *
 * Differences that this file makes up for: struct stat, NOFILE descriptors, read() of a
 * directory, and a write that begins behind the end of the file, which xv6 refuses and Linux
 * fills up with a hole. The last can only happen after somebody emptied the file, so the
 * question costs its two calls only in programs that open with O_TRUNC.
 */
#include <asm/errno.h>
#define stat linux_stat
#include <asm/stat.h>
#undef stat
#include <linux/fs.h>
#include <linux/stat.h>

#include "sys.h"
#include "path.h"
#include "kernel/stat.h"
#include "user/user.h"

static short type_of(unsigned mode)
{
    switch (mode & S_IFMT) {
    case S_IFDIR:
        return T_DIR;
    case S_IFREG:
        return T_FILE;
    case S_IFLNK:
        return T_SYMLINK;
    default:
        return T_DEVICE;
    }
}

static int stat_give(long result, const struct linux_stat *from, struct stat *to)
{
    if (result < 0 || !user_writable(to, sizeof(*to)))
        return -1;
    to->dev = (int)from->st_dev;
    to->ino = (uint)from->st_ino;
    to->type = type_of(from->st_mode);
    to->nlink = (short)from->st_nlink;
    to->size = (uint64)from->st_size;
    return 0;
}

int fstat(int fd, struct stat *st)
{
    struct linux_stat own;

    return stat_give(sys3(__NR_fstat, fd, (long)&own, 0), &own, st);
}

int stat(const char *path, struct stat *st)
{
    struct linux_stat own;

    return stat_give(path_stat(path, &own), &own, st);
}

int read(int fd, void *buf, int n)
{
    long got = sys3(__NR_read, fd, (long)buf, n);

    return (int)(got == -EISDIR ? directory_read(fd, buf, n) : sys_result(got));
}

static bool position_behind_end(int fd)
{
    struct linux_stat own;
    long at = sys3(__NR_lseek, fd, 0, SEEK_CUR);

    return at > 0 && sys3(__NR_fstat, fd, (long)&own, 0) == 0 &&
           type_of(own.st_mode) == T_FILE && at > own.st_size;
}

int write(int fd, const void *buf, int n)
{
    if (path_truncates && position_behind_end(fd))
        return -1;
    return (int)sys_result(sys3(__NR_write, fd, (long)buf, n));
}

int close(int fd)
{
    return (int)sys_result(sys3(__NR_close, fd, 0, 0));
}

int dup(int fd)
{
    return descriptor_limit(sys3(__NR_dup, fd, 0, 0));
}

int pipe(int *fds)
{
    int own[2];

    if (sys3(__NR_pipe2, (long)own, 0, 0) < 0)
        return -1;
    if (descriptor_limit(own[0]) >= 0 && descriptor_limit(own[1]) >= 0 &&
        user_writable(fds, sizeof(own))) {
        fds[0] = own[0];
        fds[1] = own[1];
        return 0;
    }
    close(own[0]);
    close(own[1]); /* closed already when it was beyond the limit: harmless */
    return -1;
}
