/* SPDX-License-Identifier: MIT */
/* getdents64(2): every name once, types, positions, small buffers, removed directories. */
#include "t.h"
#include <dirent.h>

struct entry {
    uint64_t ino;
    int64_t off;
    uint16_t reclen;
    uint8_t type;
    char name[];
};

static int by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static void list(int fd, size_t size)
{
    char *names[600], buf[4096];
    int n = 0;
    long r;
    lseek(fd, 0, SEEK_SET);
    while ((r = syscall(SYS_getdents64, fd, buf, size)) > 0)
        for (long o = 0; o < r;) {
            struct entry *e = (void *)(buf + o);
            char line[80];
            if (e->reclen % 8 || e->ino == 0)
                printf("bad record %d\n", e->reclen);
            snprintf(line, sizeof line, "%s type %d", e->name, e->type);
            names[n++] = strdup(line);
            o += e->reclen;
        }
    printf("end %ld, %d entries\n", r, n);
    qsort(names, n, sizeof *names, by_name);
    for (int i = 0; i < n; i++) {
        if (n < 20)
            puts(names[i]);
        free(names[i]);
    }
}

int main(void)
{
    char name[32], buf[512];
    mkdir("d", 0755);
    int fd = P(open("d", O_RDONLY | O_DIRECTORY));
    list(fd, 4096);
    close(open("d/file", O_RDWR | O_CREAT, 0644));
    mkdir("d/dir", 0755);
    symlink("file", "d/link");
    mkfifo("d/fifo", 0644);
    list(fd, 4096);
    list(fd, 48);
    lseek(fd, 0, SEEK_SET);
    R(syscall(SYS_getdents64, fd, buf, 10));
    R(syscall(SYS_getdents64, fd, (void *)16, 512));
    int file = open("d/file", O_RDONLY);
    R(syscall(SYS_getdents64, file, buf, 512));
    R(syscall(SYS_getdents64, 99, buf, 512));
    for (int i = 0; i < 300; i++) {
        snprintf(name, sizeof name, "d/many-%d", i);
        close(open(name, O_RDWR | O_CREAT, 0644));
    }
    list(fd, 512);
    for (int i = 0; i < 300; i += 2) {
        snprintf(name, sizeof name, "d/many-%d", i);
        unlink(name);
    }
    list(fd, 4096);
    DIR *d = opendir("d");
    int n = 0;
    for (struct dirent *e; (e = readdir(d)); n++)
        if (!strncmp(e->d_name, "many", 4))
            unlinkat(dirfd(d), e->d_name, 0);
    printf("seen while removing %d\n", n);
    rewinddir(d);
    for (n = 0; readdir(d); n++)
        ;
    printf("left %d\n", n);
    closedir(d);
    R(mkdir("gone", 0755));
    int gone = open("gone", O_RDONLY);
    R(rmdir("gone"));
    R(syscall(SYS_getdents64, gone, buf, 512));
    R(openat(gone, "x", O_RDWR | O_CREAT, 0600));
    return 0;
}
