/* SPDX-License-Identifier: MIT */
/*
 * stress: several processes write files of their own at once and read them back, again and
 * again. Each file is filled with a pattern that names its writer.
 *
 *   stress [PROCESSES [ROUNDS]]
 */
#include "kernel/types.h"
#include "kernel/stat.h"
#include "user/user.h"
#include "kernel/fcntl.h"

enum { BLOCK = 512, BLOCKS = 20 };

static void fail(const char *what, const char *name)
{
    printf("stress: %s %s\n", what, name);
    exit(1);
}

static void fill_and_check(const char *name, char mark)
{
    char block[BLOCK];
    int fd = open(name, O_CREATE | O_RDWR | O_TRUNC);

    if (fd < 0)
        fail("cannot make", name);
    memset(block, mark, sizeof(block));
    for (int i = 0; i < BLOCKS; i++) {
        if (write(fd, block, sizeof(block)) != sizeof(block))
            fail("cannot write", name);
    }
    close(fd);
    fd = open(name, O_RDONLY);
    for (int i = 0; i < BLOCKS; i++) {
        if (read(fd, block, sizeof(block)) != sizeof(block))
            fail("cannot read back", name);
        for (int at = 0; at < BLOCK; at++) {
            if (block[at] != mark)
                fail("somebody else's bytes in", name);
        }
    }
    close(fd);
    if (unlink(name) < 0)
        fail("cannot remove", name);
}

int main(int argc, char *argv[])
{
    int processes = argc > 1 ? atoi(argv[1]) : 4, rounds = argc > 2 ? atoi(argv[2]) : 10;
    int failed = 0, status;

    for (int i = 0; i < processes; i++) {
        char name[] = {'s', 't', 'r', 'e', 's', 's', (char)('A' + i % 26), 0};
        int pid = fork();

        if (pid < 0)
            fail("cannot fork for", name);
        if (pid > 0)
            continue;
        for (int round = 0; round < rounds; round++)
            fill_and_check(name, (char)('a' + (i + round) % 26));
        exit(0);
    }
    while (wait(&status) >= 0)
        failed |= status != 0;
    printf("stress: %s\n", failed ? "FAILED" : "OK");
    exit(failed);
}
