/* SPDX-License-Identifier: MIT */
/*
 * A file that grows until memory is full: the write says ENOSPC, processes still start, what
 * was written is there, and removing the file gives the memory back.
 */
#include "t.h"

static long free_kib(void)
{
    static char text[4096];
    int fd = open("/proc/meminfo", O_RDONLY);
    long n = read(fd, text, sizeof text - 1);
    close(fd);
    text[n > 0 ? n : 0] = 0;
    char *p = strstr(text, "MemFree:");
    return p ? atol(p + 8) : -1;
}

int main(void)
{
    static char block[65536];
    long before = free_kib(), blocks = 0;
    struct stat st;
    int fd = open("big", O_RDWR | O_CREAT, 0600);
    CHECK(fd >= 0);
    for (;;) {
        memset(block, blocks & 0xff, sizeof block);
        long n = write(fd, block, sizeof block);
        if (n < 0)
            break;
        blocks += n == (long)sizeof block;
    }
    CHECK(errno == ENOSPC);
    CHECK(blocks * 64 > before / 2, "%ld KiB free, %ld blocks written", before, blocks);
    fstat(fd, &st);
    CHECK(st.st_size >= blocks * 65536, "size %ld", (long)st.st_size);
    CHECK(mkdir("d", 0700) == 0 || errno == ENOSPC);
    pid_t pid = fork();
    CHECK(pid >= 0);
    if (pid == 0)
        _exit(7);
    int status;
    CHECK(waitpid(pid, &status, 0) == pid && WEXITSTATUS(status) == 7, "status %#x", status);
    for (long i = 0; i < blocks; i += 16) {
        CHECK(pread(fd, block, 100, i * 65536) == 100);
        CHECK((unsigned char)block[0] == (i & 0xff) && block[99] == block[0], "block %ld", i);
    }
    rmdir("d");
    unlink("big");
    CHECK(before - free_kib() > 1024, "an open file keeps its memory");
    close(fd);
    CHECK(before - free_kib() < 4096, "%ld of %ld KiB are back", free_kib(), before);
    return 0;
}
