/* SPDX-License-Identifier: MIT */
/* mount and umount, crossing mounts by name and by "..", read-only and noexec, memory files,
 * files without a name. */
#include "t.h"
#include <sys/mount.h>
#include <sys/statfs.h>
#include <sys/statvfs.h>

static void show_dev(const char *a, const char *b)
{
    struct stat x, y;
    stat(a, &x);
    stat(b, &y);
    printf("%s %s one file system %d\n", a, b, x.st_dev == y.st_dev);
}

static void mounting(void)
{
    char here[200], cwd[200];
    struct stat st;
    getcwd(here, sizeof here);
    mkdir("m", 0755);
    t_write_file("m/hidden", "h", 1);
    t_write_file("file", "f", 1);
    R(mount("none", "m", "nonsense", 0, NULL));
    R(mount("none", "missing", "tmpfs", 0, NULL));
    R(mount("none", "file", "tmpfs", 0, NULL));
    R(mount("none", "m", "tmpfs", 0, "mode=0750,uid=5"));
    stat("m", &st);
    printf("root of it %o uid %d\n", st.st_mode, st.st_uid);
    show_dev("m", ".");
    show_dev("m/..", ".");
    R(access("m/hidden", F_OK));
    R(mkdir("m/d", 0755));
    R(rmdir("m"));
    R(rename("m", "n"));
    R(rename("m/d", "d"));
    R(link("file", "m/file"));
    R(chdir("m/d"));
    getcwd(cwd, sizeof cwd);
    printf("cwd %s\n", cwd + strlen(here));
    R(umount("../../m"));
    R(chdir("../.."));
    getcwd(cwd, sizeof cwd);
    printf("back %d\n", !strcmp(cwd, here));
    R(mount("none", "m", "tmpfs", 0, NULL));
    R(access("m/d", F_OK));
    R(umount("m"));
    R(access("m/d", F_OK));
    int fd = open("m/d", O_RDONLY);
    R(umount("m"));
    R(umount2("m", MNT_DETACH));
    R(access("m/hidden", F_OK));
    R(fstat(fd, &st));
    close(fd);
    R(umount("m"));
    R(umount2("file", 0));
}

static void read_only(void)
{
    struct statfs sf;
    R(mount("none", "m", "tmpfs", MS_NOSUID, NULL));
    t_write_file("m/f", "f", 1);
    mkdir("m/d", 0755);
    R(mount("none", "m", "tmpfs", MS_REMOUNT | MS_RDONLY | MS_NOEXEC, NULL));
    R(open("m/f", O_RDWR));
    R(open("m/new", O_RDWR | O_CREAT, 0600));
    R(close(open("m/f", O_RDONLY)));
    R(unlink("m/f"));
    R(mkdir("m/d", 0755));
    R(mkdir("m/e", 0755));
    R(rmdir("m/d"));
    R(chmod("m/f", 0600));
    R(chown("m/f", 1, 1));
    R(truncate("m/f", 0));
    R(utimensat(AT_FDCWD, "m/f", NULL, 0));
    R(access("m/f", W_OK));
    R(rename("m/f", "m/g"));
    R(link("m/f", "m/g"));
    R(symlink("a", "m/g"));
    R(statfs("m", &sf));
    printf("type %#lx read-only %d\n", (long)sf.f_type, !!(sf.f_flags & ST_RDONLY));
    R(mount("none", "m", "tmpfs", MS_REMOUNT, NULL));
    R(unlink("m/f"));
    R(umount("m"));
}

static void without_names(void)
{
    char b[8] = "", path[64];
    struct stat st;
    int fd = P(open(".", O_TMPFILE | O_RDWR, 0640));
    R(write(fd, "tmp", 3));
    fstat(fd, &st);
    printf("mode %o nlink %ld\n", st.st_mode, (long)st.st_nlink);
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    R(linkat(AT_FDCWD, path, AT_FDCWD, "linked", AT_SYMLINK_FOLLOW));
    fstat(fd, &st);
    printf("nlink %ld\n", (long)st.st_nlink);
    close(fd);
    fd = P(open("linked", O_RDONLY));
    R(read(fd, b, sizeof b));
    puts(b);
    close(fd);
    R(open(".", O_TMPFILE | O_RDONLY, 0640));
    R(open("file", O_TMPFILE | O_RDWR, 0640));
    fd = P(memfd_create("name", 0));
    R(write(fd, "memory", 6));
    R(ftruncate(fd, 10000));
    R(lseek(fd, 0, SEEK_END));
    char *m = mmap(NULL, 10000, PROT_READ, MAP_SHARED, fd, 0);
    printf("%.6s\n", m);
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    b[readlink(path, b, 7)] = 0;
    puts(b);
    close(fd);
}

int main(void)
{
    umask(022);
    mounting();
    read_only();
    without_names();
    return 0;
}
