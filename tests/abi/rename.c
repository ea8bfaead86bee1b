/* SPDX-License-Identifier: MIT */
/* rename(2) and renameat2(2). */
#include "t.h"
#include <sys/syscall.h>

static long rename2(const char *from, const char *to, unsigned flags)
{
    return syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, flags);
}

static void content(const char *path)
{
    char b[32] = "";
    int fd = open(path, O_RDONLY);
    if (fd < 0) {
        printf("%s: %s\n", path, t_errname(errno));
        return;
    }
    read(fd, b, sizeof b - 1);
    printf("%s: %s\n", path, b);
    close(fd);
}

static void files(void)
{
    t_write_file("a", "A", 1);
    t_write_file("b", "B", 1);
    R(rename("a", "c"));
    content("a");
    content("c");
    int fd = open("b", O_RDONLY);
    R(rename("c", "b"));
    content("b");
    char c = 0;
    R(read(fd, &c, 1));
    printf("the replaced file still reads %c\n", c);
    struct stat st;
    R(fstat(fd, &st));
    printf("nlink %ld\n", (long)st.st_nlink);
    R(link("b", "b2"));
    R(rename("b", "b2"));
    content("b");
    content("b2");
    R(rename("b", "b"));
    R(rename("none", "x"));
    R(rename("b", "none/x"));
    R(rename("b", ""));
}

static void directories(void)
{
    struct stat st;
    R(mkdir("d", 0755));
    R(mkdir("d/e", 0755));
    R(mkdir("empty", 0755));
    R(mkdir("full", 0755));
    t_write_file("full/x", "X", 1);
    R(rename("d", "d/e/f"));
    R(rename("d", "d"));
    R(rename("b", "d"));
    R(rename("d", "b"));
    R(rename("d/e", "full"));
    R(rename("d/e", "empty"));
    R(rename("empty", "d/e2"));
    R(stat("d", &st));
    printf("links of d %ld\n", (long)st.st_nlink);
    R(rename("d/e2", "e2"));
    R(stat("d", &st));
    printf("links of d %ld\n", (long)st.st_nlink);
    R(rename("e2/.", "x"));
    R(rename("e2/..", "x"));
    R(rename("full/", "full2/"));
    content("full2/x");
    R(rename("b/", "q"));
    R(rename("b", "q/"));
    R(rename("/", "q"));
}

static void flags(void)
{
    t_write_file("m", "M", 1);
    t_write_file("n", "N", 1);
    R(rename2("m", "n", RENAME_NOREPLACE));
    R(rename2("m", "new", RENAME_NOREPLACE));
    content("new");
    R(rename2("new", "n", RENAME_EXCHANGE));
    content("new");
    content("n");
    R(rename2("new", "missing", RENAME_EXCHANGE));
    R(rename2("missing", "new", RENAME_EXCHANGE));
    R(rename2("n", "full2", RENAME_EXCHANGE));
    content("full2");
    content("n/x");
    R(rename2("n", "full2", RENAME_EXCHANGE | RENAME_NOREPLACE));
    R(rename2("n", "full2", 0x80));
}

static void links(void)
{
    R(symlink("new", "s"));
    R(rename("s", "s2"));
    content("s2");
    R(rename("new", "s2"));
    content("s2");
    R(symlink("n", "to-dir"));
    R(rename("to-dir/", "y"));
    R(rename("to-dir", "y"));
    content("y/x");
}

int main(void)
{
    files();
    directories();
    flags();
    links();
}
