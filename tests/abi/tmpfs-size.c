/* SPDX-License-Identifier: MIT */
/* mount -o size=: ENOSPC, what statfs tells, room that comes back, holes, SIGBUS where a mapping
 * finds none, remount. */
#include "t.h"
#include <setjmp.h>
#include <sys/mount.h>
#include <sys/statfs.h>

static char data[256 * 1024];

static void room(const char *when)
{
    struct statfs sf;
    statfs("m", &sf);
    printf("%s: %ld blocks of %ld, %ld free, %ld available\n", when, (long)sf.f_blocks,
           (long)sf.f_bsize, (long)sf.f_bfree, (long)sf.f_bavail);
}

static void options(void)
{
    char line[400];
    FILE *f = fopen("/proc/mounts", "r");
    while (fgets(line, sizeof line, f)) {
        char *at = strstr(line, "/m tmpfs "), *size = at ? strstr(at, ",size=") : NULL;
        if (at)
            printf("mounts:%.*s\n", size ? (int)strcspn(size + 1, ", ") + 1 : 0,
                   size ? size : "");
    }
    fclose(f);
}

static void filling(void)
{
    R(mount("none", "m", "tmpfs", 0, "size=64k"));
    options();
    room("empty");
    int fd = P(open("m/f", O_RDWR | O_CREAT, 0600));
    R(write(fd, data, 100000));
    R(write(fd, data, 1));
    R(pwrite(fd, data, 100, 1000));
    room("full");
    int other = P(open("m/g", O_RDWR | O_CREAT, 0600));
    R(write(other, data, 1));
    R(ftruncate(other, 1 << 20));
    R(pwrite(other, data, 10, 500000));
    R(ftruncate(fd, 8192));
    room("after truncation");
    R(pwrite(other, data, 10, 500000));
    R(pread(other, data, 10, 100000));
    room("one page in a hole");
    R(fallocate(other, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 491520, 8192));
    room("punched");
    R(fallocate(fd, 0, 0, 40960));
    room("reserved");
    R(unlink("m/f"));
    room("no name, but open");
    close(fd);
    room("closed");
    R(rename("m/g", "m/h"));
    R(truncate("m/h", 0));
    close(other);
    room("empty again");
}

static sigjmp_buf env;

static void on_bus(int sig)
{
    siglongjmp(env, sig);
}

static void mapping(void)
{
    signal(SIGBUS, on_bus);
    int fd = P(open("m/map", O_RDWR | O_CREAT, 0600));
    R(ftruncate(fd, 20 * PAGE));
    volatile char *m = mmap(NULL, 20 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    volatile int n = 0;
    int sig = sigsetjmp(env, 1);
    if (sig == 0)
        for (n = 0; n < 20; n++)
            m[n * PAGE] = 1;
    signal(SIGBUS, SIG_DFL);
    printf("%d pages, then SIG%s\n", n, sig ? t_signame(sig) : "none");
    room("mapped");
    char *p = mmap(NULL, 20 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
    for (int i = 0; i < 16; i++)
        p[i * PAGE] = 2;
    room("private copies");
    R(read(fd, (char *)m + 17 * PAGE, 100));
    munmap((char *)m, 20 * PAGE);
    munmap(p, 20 * PAGE);
    close(fd);
    R(unlink("m/map"));
    room("gone");
}

static void remounting(void)
{
    int fd = P(open("m/f", O_RDWR | O_CREAT, 0600));
    R(write(fd, data, 8 * PAGE));
    R(mount("none", "m", "tmpfs", MS_REMOUNT, "size=128k"));
    options();
    room("larger");
    R(mount("none", "m", "tmpfs", MS_REMOUNT, "size=16k"));
    R(mount("none", "m", "tmpfs", MS_REMOUNT, "size=what"));
    R(mount("none", "m", "tmpfs", MS_REMOUNT, NULL));
    room("as it was");
    R(mount("none", "m", "tmpfs", MS_REMOUNT, "size=32k"));
    R(write(fd, data, 1));
    close(fd);
    R(umount("m"));
}

static void words(void)
{
    static const char *const good[] = {"size=1m",          "size=5000",     "nr_blocks=3",
                                       "mode=700,size=1M", "size=1G,uid=3", "nr_blocks=1k"};
    static const char *const bad[] = {"size=x", "size=1x", "size=", "nr_blocks=y"};

    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        printf("%s: %s\n", good[i],
               mount("none", "m", "tmpfs", 0, good[i]) ? t_errname(errno) : "ok");
        options();
        room(good[i]);
        umount("m");
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        printf("%s: %s\n", bad[i],
               mount("none", "m", "tmpfs", 0, bad[i]) ? t_errname(errno) : "ok");
    R(mount("none", "m", "tmpfs", 0, "size=10%"));
    R(umount("m"));
    R(mount("none", "m", "tmpfs", 0, "size=0"));
    int fd = P(open("m/f", O_RDWR | O_CREAT, 0600));
    R(write(fd, data, sizeof data));
    close(fd);
    R(umount("m"));
}

int main(void)
{
    mkdir("m", 0755);
    filling();
    mapping();
    remounting();
    words();
    return 0;
}
