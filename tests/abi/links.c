/* SPDX-License-Identifier: MIT */
/* Hard links, symbolic links, loops, depth, removal. */
#include "t.h"

static void loops(void)
{
    R(symlink("loop", "loop"));
    R(open("loop", O_RDONLY));
    R(open("loop/x", O_RDONLY));
    R(symlink("pong", "ping"));
    R(symlink("ping", "pong"));
    R(access("ping", F_OK));
    R(chdir("ping"));
    R(unlink("ping"));
    R(unlink("pong"));
}

static void depth(void)
{
    char a[32], b[32];
    t_write_file("l0", "deep", 4);
    for (int i = 1; i <= 45; i++) {
        snprintf(a, sizeof a, "l%d", i - 1);
        snprintf(b, sizeof b, "l%d", i);
        symlink(a, b);
    }
    R(access("l39", F_OK));
    R(access("l40", F_OK));
    R(access("l41", F_OK));
    R(access("l45", F_OK));
}

static void reading(void)
{
    char b[300];
    R(symlink("target", "s"));
    memset(b, '#', sizeof b);
    R(readlink("s", b, sizeof b));
    printf("no terminator added %d\n", b[6] == '#');
    memset(b, '#', sizeof b);
    R(readlink("s", b, 3));
    printf("%.4s\n", b);
    R(readlink("s", b, -1));
    R(readlink("none", b, 10));
    R(readlink("l0", b, 10));
    R(readlink("s/x", b, 10));
    char longtarget[5000];
    memset(longtarget, 'x', sizeof longtarget);
    longtarget[4095] = 0;
    R(symlink(longtarget, "long"));
    longtarget[4095] = 'x';
    longtarget[4096] = 0;
    R(symlink(longtarget, "toolong"));
    static char big[5000];
    R(readlink("long", big, sizeof big));
}

static void resolution(void)
{
    mkdir("d", 0755);
    mkdir("d/sub", 0755);
    t_write_file("d/sub/f", "F", 1);
    R(symlink("d/sub", "in"));
    R(access("in/f", F_OK));
    R(access("in/../sub/f", F_OK));
    R(access("in/../../l0", F_OK));
    R(symlink("../sub/f", "d/sub/rel"));
    R(access("in/rel", F_OK));
    R(symlink("/dev/null", "abs"));
    R(access("abs", F_OK));
    R(rmdir("in"));
    R(rmdir("in/"));
    R(unlink("in/"));
    R(mkdir("in", 0755));
    R(mkdir("newlink/", 0755));
    R(unlink("in"));
}

static void hard(void)
{
    struct stat st;
    R(link("l0", "h"));
    R(link("none", "x"));
    R(link("d", "x"));
    R(link("l0", "h"));
    R(link("l0", "none/x"));
    R(unlink("l0"));
    R(stat("h", &st));
    printf("nlink %ld\n", (long)st.st_nlink);
    R(unlink("d"));
    R(rmdir("h"));
    R(rmdir("d"));
    R(rmdir("d/."));
    R(rmdir("d/.."));
    R(rmdir("/"));
    R(unlink(""));
    R(unlink("h/x"));
    R(rmdir("none"));
    int fd = open("h", O_RDWR);
    R(unlink("h"));
    R(write(fd, "still", 5));
    R(fstat(fd, &st));
    printf("nlink %ld size %ld\n", (long)st.st_nlink, (long)st.st_size);
}

int main(void)
{
    loops();
    depth();
    reading();
    resolution();
    hard();
}
