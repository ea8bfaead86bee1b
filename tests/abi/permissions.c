/* SPDX-License-Identifier: MIT */
/* What others than root may do: modes, groups, sticky and set-group-id directories, owners. */
#include "t.h"
#include <grp.h>

static void become(int uid, int gid)
{
    gid_t extra[] = {50};
    setgroups(1, extra);
    setresgid(gid, gid, gid);
    setresuid(uid, uid, uid);
}

static void stranger(void)
{
    struct stat st;
    struct timespec past[2] = {{1, 0}, {1, 0}};
    become(1000, 1000);
    R(open("secret", O_RDONLY));
    R(close(open("public", O_RDONLY)));
    R(open("public", O_WRONLY));
    R(close(open("group", O_RDWR)));
    R(open("own-none", O_RDONLY));
    R(access("public", R_OK));
    R(access("public", R_OK | W_OK));
    R(access("public", X_OK));
    R(open("closed/in", O_RDONLY));
    R(open("searchable/in", O_RDONLY) >= 0);
    R(open("searchable", O_RDONLY));
    R(chdir("closed"));
    R(open("new", O_RDWR | O_CREAT, 0600));
    R(mkdir("new", 0700));
    R(unlink("public"));
    R(rename("public", "other"));
    R(symlink("a", "new"));
    R(chmod("public", 0777));
    R(chown("public", 1000, -1));
    R(chown("mine", 0, -1));
    R(chown("mine", -1, 50));
    R(chown("mine", -1, 7));
    R(utimensat(AT_FDCWD, "public", NULL, 0));
    R(utimensat(AT_FDCWD, "world", NULL, 0));
    R(utimensat(AT_FDCWD, "world", past, 0));
    R(utimensat(AT_FDCWD, "mine", past, 0));
    R(mknod("sticky/dev", S_IFCHR | 0600, 0x103));
    R(unlink("sticky/root-file"));
    R(rename("sticky/root-file", "sticky/x"));
    t_write_file("sticky/mine", "m", 1);
    R(unlink("sticky/mine"));
    t_write_file("setgid/f", "f", 1);
    stat("setgid/f", &st);
    printf("group inherited %d\n", st.st_gid);
    mkdir("setgid/d", 0755);
    stat("setgid/d", &st);
    printf("group inherited %d mode %o\n", st.st_gid, st.st_mode);
    R(chmod("mine", 06755));
    stat("mine", &st);
    printf("mode %o\n", st.st_mode);
    int fd = open("mine", O_RDWR);
    R(write(fd, "x", 1));
    fstat(fd, &st);
    printf("after a write %o\n", st.st_mode);
    R(chroot("."));
    R(open("public", O_RDONLY | O_NOATIME));
    R(truncate("public", 0));
    R(truncate("mine", 0));
}

static void real_and_effective(void)
{
    setresuid(1000, 0, 0);
    R(access("secret", R_OK));
    R(faccessat(AT_FDCWD, "secret", R_OK, AT_EACCESS));
    R(close(open("secret", O_RDONLY)));
}

static void make(const char *name, int uid, int gid, int mode)
{
    t_write_file(name, "x", 1);
    chown(name, uid, gid);
    chmod(name, mode);
}

int main(void)
{
    umask(022);
    make("secret", 0, 0, 0600);
    make("public", 0, 0, 0644);
    make("group", 0, 50, 0660);
    make("own-none", 1000, 1000, 0044);
    make("mine", 1000, 1000, 0644);
    make("world", 0, 0, 0666);
    mkdir("closed", 0700);
    make("closed/in", 0, 0, 0666);
    mkdir("searchable", 0711);
    make("searchable/in", 0, 0, 0666);
    mkdir("sticky", 0);
    chmod("sticky", 01777);
    make("sticky/root-file", 0, 0, 0666);
    mkdir("setgid", 0);
    chown("setgid", 0, 77);
    chmod("setgid", 02777);
    IN_CHILD("stranger", stranger());
    IN_CHILD("real and effective", real_and_effective());
    R(access("public", X_OK));
    chmod("public", 0);
    R(access("public", R_OK | W_OK));
    return 0;
}
