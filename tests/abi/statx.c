/* SPDX-License-Identifier: MIT */
/* statx(2): the mask, the fields, and what is refused. */
#include "t.h"
#include <sys/sysmacros.h>

static void show(const struct statx *x)
{
    printf("basic %d mode %o nlink %u uid %u gid %u size %llu blocks %llu rdev %u:%u\n",
           (x->stx_mask & STATX_BASIC_STATS) == STATX_BASIC_STATS, x->stx_mode, x->stx_nlink,
           x->stx_uid, x->stx_gid,
           S_ISDIR(x->stx_mode) ? 0ull : (unsigned long long)x->stx_size,
           S_ISDIR(x->stx_mode) ? 0ull : (unsigned long long)x->stx_blocks, x->stx_rdev_major,
           x->stx_rdev_minor);
}

int main(void)
{
    struct statx x;
    struct stat st;
    t_write_file("f", "hello world", 11);
    symlink("f", "s");
    R(statx(AT_FDCWD, "f", 0, STATX_BASIC_STATS, &x));
    show(&x);
    R(stat("f", &st));
    printf("inode %d mtime %d ctime %d dev %d\n", st.st_ino == x.stx_ino,
           st.st_mtim.tv_sec == x.stx_mtime.tv_sec &&
               (unsigned)st.st_mtim.tv_nsec == x.stx_mtime.tv_nsec,
           st.st_ctim.tv_sec == x.stx_ctime.tv_sec,
           makedev(x.stx_dev_major, x.stx_dev_minor) == st.st_dev);
    R(statx(AT_FDCWD, "s", 0, STATX_BASIC_STATS, &x));
    show(&x);
    R(statx(AT_FDCWD, "s", AT_SYMLINK_NOFOLLOW, STATX_BASIC_STATS, &x));
    show(&x);
    int fd = open("f", O_RDONLY);
    R(statx(fd, "", AT_EMPTY_PATH, STATX_BASIC_STATS, &x));
    show(&x);
    R(statx(fd, "", 0, STATX_BASIC_STATS, &x));
    R(statx(fd, "x", 0, STATX_BASIC_STATS, &x));
    R(statx(AT_FDCWD, "none", 0, STATX_BASIC_STATS, &x));
    R(statx(AT_FDCWD, "f", 0x40000000, STATX_BASIC_STATS, &x));
    R(statx(AT_FDCWD, "f", AT_STATX_FORCE_SYNC | AT_STATX_DONT_SYNC, STATX_BASIC_STATS, &x));
    R(statx(AT_FDCWD, "f", 0, STATX__RESERVED, &x));
    R(statx(AT_FDCWD, "f", 0, STATX_BASIC_STATS, (void *)16));
    R(statx(AT_FDCWD, "f", AT_STATX_DONT_SYNC, 0, &x));
    R(statx(AT_FDCWD, "/dev/zero", 0, STATX_BASIC_STATS, &x));
    printf("rdev %u:%u\n", x.stx_rdev_major, x.stx_rdev_minor);
    R(statx(AT_FDCWD, ".", 0, STATX_TYPE | STATX_MODE, &x));
    printf("type %o\n", x.stx_mode & S_IFMT);
    return 0;
}
