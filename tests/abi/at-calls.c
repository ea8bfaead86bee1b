/* SPDX-License-Identifier: MIT */
/* The *at calls: names relative to a directory descriptor. */
#include "t.h"
#include <sys/sysmacros.h>

static void nodes_and_removal(int d, int f)
{
    struct stat st;
    R(mknodat(d, "pipe", S_IFIFO | 0644, 0));
    R(mknodat(d, "node", S_IFCHR | 0644, makedev(1, 3)));
    R(mknodat(d, "plain", S_IFREG | 0644, 0));
    R(mknodat(d, "plain", S_IFREG | 0644, 0));
    R(fstatat(d, "node", &st, 0));
    printf("is char device %d major %d minor %d\n", S_ISCHR(st.st_mode), major(st.st_rdev),
           minor(st.st_rdev));
    R(renameat(d, "g", d, "g2"));
    R(renameat(d, "g", d, "g2"));
    R(renameat(d, "g2", AT_FDCWD, "g3"));
    R(unlinkat(d, "sub", 0));
    R(unlinkat(d, "f", AT_REMOVEDIR));
    R(unlinkat(d, "none", 0));
    R(unlinkat(d, "sub", AT_REMOVEDIR));
    R(unlinkat(d, "f", 0x4000));
    R(unlinkat(AT_FDCWD, "d", AT_REMOVEDIR));
    R(fchownat(d, "f", 5, 6, 0));
    R(fstatat(d, "f", &st, 0));
    printf("owner %d %d\n", st.st_uid, st.st_gid);
    R(fchown(f, -1, 7));
    R(fstat(f, &st));
    printf("owner %d %d\n", st.st_uid, st.st_gid);
}

int main(void)
{
    char b[64] = "";
    struct stat st;
    R(mkdir("d", 0755));
    int d = P(open("d", O_RDONLY | O_DIRECTORY));
    int f = P(openat(d, "f", O_RDWR | O_CREAT, 0644));
    R(write(f, "abc", 3));
    R(fstatat(AT_FDCWD, "d/f", &st, 0));
    printf("size %ld\n", (long)st.st_size);
    R(openat(f, "x", O_RDONLY));
    R(openat(999, "x", O_RDONLY));
    R(openat(-1, "x", O_RDONLY));
    R(close(P(openat(999, "/", O_RDONLY))));
    R(mkdirat(d, "sub", 0700));
    R(mkdirat(d, "sub", 0700));
    R(mkdirat(f, "sub", 0700));
    R(mkdirat(d, "no/sub", 0700));
    R(faccessat(d, "sub", R_OK | W_OK | X_OK, 0));
    R(faccessat(d, "f", R_OK, 0));
    R(faccessat(d, "none", F_OK, 0));
    R(fchmodat(d, "f", 0600, 0));
    R(fstatat(d, "f", &st, 0));
    printf("mode %o\n", st.st_mode);
    R(linkat(d, "f", d, "g", 0));
    R(linkat(d, "f", d, "g", 0));
    R(linkat(d, "sub", d, "sub2", 0));
    R(linkat(d, "f", AT_FDCWD, "h", 0));
    R(fstatat(d, "g", &st, 0));
    printf("nlink %ld\n", (long)st.st_nlink);
    R(symlinkat("f", d, "sym"));
    R(symlinkat("f", d, "sym"));
    R(symlinkat("", d, "empty"));
    R(readlinkat(d, "sym", b, sizeof b));
    puts(b);
    R(readlinkat(d, "f", b, sizeof b));
    R(readlinkat(d, "sym", b, 0));
    R(fstatat(d, "sym", &st, AT_SYMLINK_NOFOLLOW));
    printf("is link %d size %ld\n", S_ISLNK(st.st_mode), (long)st.st_size);
    R(fstatat(d, "sym", &st, 0));
    printf("is file %d\n", S_ISREG(st.st_mode));
    R(fstatat(d, "", &st, 0));
    R(fstatat(d, "", &st, AT_EMPTY_PATH));
    printf("is directory %d\n", S_ISDIR(st.st_mode));
    R(fstatat(d, "f", &st, 0x40000000));
    R(linkat(d, "sym", d, "symlink2", 0));
    R(linkat(d, "sym", d, "file2", AT_SYMLINK_FOLLOW));
    R(fstatat(d, "symlink2", &st, AT_SYMLINK_NOFOLLOW));
    printf("is link %d\n", S_ISLNK(st.st_mode));
    R(fstatat(d, "file2", &st, AT_SYMLINK_NOFOLLOW));
    printf("is file %d nlink %ld\n", S_ISREG(st.st_mode), (long)st.st_nlink);
    nodes_and_removal(d, f);
    return 0;
}
