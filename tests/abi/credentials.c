/* SPDX-License-Identifier: MIT */
/* Credentials: real, effective, saved ids; groups; what dropping privileges forbids. */
#include "t.h"
#include <grp.h>
#include <sys/fsuid.h>

static void ids(const char *what)
{
    uid_t r, e, s;
    gid_t rg, eg, sg;
    getresuid(&r, &e, &s);
    getresgid(&rg, &eg, &sg);
    printf("%s: uid %d %d %d gid %d %d %d\n", what, r, e, s, rg, eg, sg);
}

static void dropping(void)
{
    gid_t groups[3] = {10, 20, 30}, got[8];
    R(setgroups(3, groups));
    R(getgroups(8, got));
    R(getgroups(0, NULL));
    R(getgroups(2, got));
    R(setresgid(100, 100, 100));
    R(setresuid(1000, 1000, 1000));
    ids("dropped");
    R(setuid(0));
    R(setgid(0));
    R(setreuid(0, 0));
    R(setresuid(-1, 1000, -1));
    R(setgroups(1, groups));
    R(setuid(1000));
    R(chroot("/"));
    R(open("secret", O_RDONLY));
    R(open("secret", O_WRONLY));
    R(open("group", O_RDONLY) >= 0);
    R(open("group", O_WRONLY));
    R(chmod("group", 0777));
    R(chown("group", 1000, 1000));
    R(unlink("group"));
    R(mkdir("x", 0755));
    R(open("new", O_RDWR | O_CREAT, 0644));
    R(rename("group", "open/group"));
    R(access("group", R_OK));
    R(access("group", W_OK));
    int fd = open("open/mine", O_RDWR | O_CREAT, 0600);
    struct stat st;
    fstat(fd, &st);
    printf("owner %d %d\n", st.st_uid, st.st_gid);
    R(fchmod(fd, 04755));
    R(fchown(fd, 0, 0));
    R(fchown(fd, -1, 20));
    fstat(fd, &st);
    printf("mode %o group %d\n", st.st_mode, st.st_gid);
    R(chdir("closed"));
    R(open("closed/f", O_RDONLY));
    R(access("closed/f", F_OK));
    R(unlink("sticky/theirs"));
    R(rename("sticky/theirs", "sticky/ours"));
}

static void switching(void)
{
    R(setresuid(-1, 1000, -1));
    ids("effective");
    R(open("secret", O_RDONLY));
    R(access("secret", R_OK));
    R(faccessat(AT_FDCWD, "secret", R_OK, AT_EACCESS));
    R(setresuid(-1, 0, -1));
    ids("back");
    R(seteuid(5));
    R(setuid(7));
    ids("setuid without privilege");
    R(setuid(0));
    ids("saved");
    R(setreuid(3, 4));
    ids("setreuid");
}

int main(void)
{
    ids("start");
    t_write_file("secret", "s", 1);
    chmod("secret", 0600);
    t_write_file("group", "g", 1);
    chown("group", 0, 20);
    chmod("group", 0640);
    mkdir("open", 0777);
    chmod("open", 0777);
    mkdir("closed", 0700);
    t_write_file("closed/f", "f", 1);
    mkdir("sticky", 0777);
    chmod("sticky", 01777);
    t_write_file("sticky/theirs", "t", 1);
    IN_CHILD("dropping", dropping());
    IN_CHILD("switching", switching());
    return 0;
}
