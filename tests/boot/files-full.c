/* SPDX-License-Identifier: MIT */
/*
 * Files until memory is full: a write says ENOSPC or ENOMEM, or the writer is ended and that
 * is announced, files already there are whole, and removing them brings every frame back (the
 * runner counts).
 */
#include "t.h"

enum { CHUNK = 1 << 20, FILES = 2048 };

int main(void)
{
    static char data[CHUNK];
    char name[32];
    char *keep = t_map(4);
    for (int i = 0; i < 4; i++)
        t_fill(keep + i * PAGE, i);
    int *n = t_map_shared(1);
    memset(data, 0x77, sizeof data);
    pid_t pid = t_fork();
    if (pid == 0) {
        for (; *n < FILES; ++*n) {
            snprintf(name, sizeof name, "file-%d", *n);
            int fd = open(name, O_WRONLY | O_CREAT, 0600);
            if (fd < 0)
                _exit(errno == ENOSPC || errno == ENOMEM ? 3 : 4);
            long w = write(fd, data, CHUNK);
            if (w != CHUNK)
                _exit(w >= 0 || errno == ENOSPC || errno == ENOMEM ? 3 : 4);
            close(fd);
        }
        _exit(5);
    }
    int st = t_wait(pid);
    if (WIFEXITED(st) && WEXITSTATUS(st) == 5)
        t_skip("more memory than this test fills");
    CHECK(WIFSIGNALED(st) ? WTERMSIG(st) == SIGKILL : WEXITSTATUS(st) == 3, "%#x after %d MiB",
          st, *n);
    CHECK(*n > 20, "only %d MiB fitted", *n);
    for (int i = 0; i < 4; i++)
        CHECK(t_compare(keep + i * PAGE, i) < 0);
    for (int i = 0; i <= *n; i++) {
        snprintf(name, sizeof name, "file-%d", i);
        if (i % 16 == 0 && i < *n) {
            int fd = open(name, O_RDONLY);
            CHECK(read(fd, data, CHUNK) == CHUNK, "%s", name);
            for (int k = 0; k < CHUNK; k += 512)
                CHECK(data[k] == 0x77, "%s byte %d", name, k);
            close(fd);
        }
        CHECK(unlink(name) == 0 || i == *n);
    }
    int fd = open("again", O_WRONLY | O_CREAT, 0600);
    CHECK(write(fd, data, CHUNK) == CHUNK);
    return 0;
}
