/* SPDX-License-Identifier: MIT */
/* access, utimensat, statfs, fsync: small file calls. */
#include "t.h"
#include <sys/statfs.h>

static void accessing(void)
{
    t_write_file("f", "x", 1);
    R(access("f", F_OK));
    R(access("f", R_OK | W_OK));
    R(access("f", X_OK));
    R(access("f", 8));
    R(access("none", F_OK));
    R(access("f/x", F_OK));
    R(access((void *)16, F_OK));
    R(syscall(SYS_faccessat2, AT_FDCWD, "f", R_OK, AT_EACCESS));
    R(syscall(SYS_faccessat2, AT_FDCWD, "f", R_OK, 0x1));
    chmod("f", 0711);
    R(access("f", X_OK));
}

static void times(void)
{
    struct stat st;
    struct timespec t[2] = {{1000, 500}, {2000, 600}};
    R(utimensat(AT_FDCWD, "f", t, 0));
    stat("f", &st);
    printf("%ld.%ld %ld.%ld\n", (long)st.st_atim.tv_sec, st.st_atim.tv_nsec,
           (long)st.st_mtim.tv_sec, st.st_mtim.tv_nsec);
    t[0].tv_nsec = UTIME_OMIT;
    t[1].tv_sec = 3000;
    R(utimensat(AT_FDCWD, "f", t, 0));
    stat("f", &st);
    printf("%ld %ld\n", (long)st.st_atim.tv_sec, (long)st.st_mtim.tv_sec);
    t[0].tv_nsec = UTIME_NOW;
    t[1].tv_nsec = UTIME_OMIT;
    R(utimensat(AT_FDCWD, "f", t, 0));
    stat("f", &st);
    printf("now %d, kept %ld\n", st.st_atim.tv_sec != 1000, (long)st.st_mtim.tv_sec);
    t[0].tv_nsec = 1000000000;
    R(utimensat(AT_FDCWD, "f", t, 0));
    R(utimensat(AT_FDCWD, "none", NULL, 0));
    R(utimensat(AT_FDCWD, "f", NULL, 0));
    stat("f", &st);
    printf("both now %d\n", st.st_mtim.tv_sec != 3000);
    symlink("f", "s");
    struct timespec u[2] = {{7, 0}, {8, 0}};
    R(utimensat(AT_FDCWD, "s", u, AT_SYMLINK_NOFOLLOW));
    lstat("s", &st);
    printf("link %ld\n", (long)st.st_mtim.tv_sec);
    int fd = open("f", O_RDONLY);
    R(futimens(fd, u));
    fstat(fd, &st);
    printf("descriptor %ld\n", (long)st.st_mtim.tv_sec);
    R(futimens(99, u));
    fd = open("f", O_RDWR);
    write(fd, "y", 1);
    fstat(fd, &st);
    printf("a write sets the time %d\n", st.st_mtim.tv_sec != 8);
    IN_CHILD("not the owner", setuid(1000); R(utimensat(AT_FDCWD, "f", u, 0));
             R(utimensat(AT_FDCWD, "f", NULL, 0)));
}

static void filesystems(void)
{
    struct statfs fs;
    R(statfs(".", &fs));
    printf("type %lx block %ld name %ld free %d\n", (long)fs.f_type, (long)fs.f_bsize,
           (long)fs.f_namelen, fs.f_bfree > 0 && fs.f_bfree <= fs.f_blocks);
    R(statfs("/proc", &fs));
    printf("type %lx\n", (long)fs.f_type);
    R(fstatfs(open("f", O_RDONLY), &fs));
    R(statfs("none", &fs));
    R(fstatfs(99, &fs));
    R(statfs(".", (void *)16));
}

static void rest(void)
{
    int fd = open("f", O_RDWR), p[2];
    pipe(p);
    R(fsync(fd));
    R(fdatasync(fd));
    R(fsync(p[0]));
    R(fsync(99));
    R(posix_fadvise(fd, 0, 0, POSIX_FADV_SEQUENTIAL));
    R(posix_fadvise(p[0], 0, 0, POSIX_FADV_SEQUENTIAL) == ESPIPE);
}

int main(void)
{
    accessing();
    times();
    filesystems();
    rest();
}
