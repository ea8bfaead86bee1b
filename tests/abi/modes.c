/* SPDX-License-Identifier: MIT */
/* umask, chmod, set-id and sticky bits, directories that inherit a group. */
#include "t.h"

static void mode(const char *path)
{
    struct stat st;
    lstat(path, &st);
    printf("%s %o gid %d\n", path, st.st_mode, st.st_gid);
}

int main(void)
{
    R(umask(027));
    R(umask(01777));
    R(umask(0));
    umask(077);
    close(open("a", O_RDWR | O_CREAT, 0777));
    mode("a");
    mkdir("d", 0777);
    mode("d");
    mkfifo("p", 0666);
    mode("p");
    symlink("a", "s");
    mode("s");
    umask(0);
    close(open("b", O_RDWR | O_CREAT, 06777));
    mode("b");
    mkdir("e", 07777);
    mode("e");
    R(chmod("a", 0));
    mode("a");
    R(chmod("a", 0177777));
    mode("a");
    R(chmod("s", 0640));
    mode("a");
    R(chmod("none", 0));
    int fd = open("a", O_RDONLY);
    R(fchmod(fd, 0600));
    mode("a");
    R(fchmod(99, 0));
    chown("e", 0, 55);
    chmod("e", 02777);
    close(open("e/f", O_RDWR | O_CREAT, 0644));
    mode("e/f");
    mkdir("e/g", 0755);
    mode("e/g");
    chmod("a", 06755);
    fd = open("a", O_WRONLY);
    R(chown("a", 1, 1));
    mode("a");
    R(lchown("s", 3, 3));
    mode("s");
    R(chown("none", 1, 1));
    R(fchown(fd, -1, -1));
    mode("a");
    return 0;
}
