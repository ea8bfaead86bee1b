/* SPDX-License-Identifier: MIT */
/* stat(2) and friends: which fields say what. */
#include "t.h"
#include <sys/sysmacros.h>

static void show(const char *path)
{
    struct stat st;
    if (R(lstat(path, &st)))
        return;
    int dir = S_ISDIR(st.st_mode);
    printf("mode %o nlink %ld uid %d gid %d size %ld blocks %ld blksize %ld\n", st.st_mode,
           (long)st.st_nlink, st.st_uid, st.st_gid, dir ? 0 : (long)st.st_size,
           dir ? 0 : (long)st.st_blocks, (long)st.st_blksize);
}

int main(void)
{
    struct stat a, b;
    t_write_file("f", "0123456789", 10);
    show("f");
    R(chmod("f", 04755));
    show("f");
    R(link("f", "g"));
    show("g");
    R(stat("f", &a));
    R(stat("g", &b));
    printf("same inode %d same device %d\n", a.st_ino == b.st_ino, a.st_dev == b.st_dev);
    R(unlink("f"));
    show("g");
    R(mkdir("d", 01777));
    show("d");
    R(mkdir("d/e", 0700));
    show("d");
    R(symlink("some/where", "s"));
    show("s");
    R(mkfifo("p", 0600));
    show("p");
    int big = open("big", O_RDWR | O_CREAT, 0644);
    R(ftruncate(big, 100000));
    show("big");
    R(pwrite(big, "x", 1, 50000));
    show("big");
    R(fstat(big, &a));
    R(stat("big", &b));
    printf("times equal %d\n", a.st_mtim.tv_sec == b.st_mtim.tv_sec);
    int p[2];
    R(pipe(p));
    R(fstat(p[0], &a));
    printf("fifo %d mode %o\n", S_ISFIFO(a.st_mode), a.st_mode & 0777);
    R(stat("/dev/null", &a));
    printf("char %d %d:%d\n", S_ISCHR(a.st_mode), major(a.st_rdev), minor(a.st_rdev));
    R(stat("nothing", &a));
    R(stat("g/x", &a));
    R(fstat(77, &a));
    R(stat("g", (void *)8));
    R(stat((void *)8, &a));
    R(stat("d/../d/./e/..", &a));
    printf("directory %d nlink %ld\n", S_ISDIR(a.st_mode), (long)a.st_nlink);
    R(rmdir("d/e"));
    show("d");
    return 0;
}
