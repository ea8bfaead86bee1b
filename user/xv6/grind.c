/* SPDX-License-Identifier: MIT */
/*
 * grind: two processes draw calls by lot, with good and bad arguments, for a while; the
 * kernel has to survive, and both have to end by themselves.
 *
 *   grind [STEPS [SEED]]
 */
#include "kernel/types.h"
#include "kernel/stat.h"
#include "user/user.h"
#include "kernel/fcntl.h"
#include "kernel/memlayout.h"
#include "kernel/riscv.h"

enum { NAMES = 6, HEAP_MAX = 64 };

static const char *const names[NAMES] = {"a",           "b", "grinddir/a",
                                         "../grind0/b", ".", "grinddir"};
static uint64 state;
static char *heap_start;

static uint draw(uint below)
{
    state = state * 6364136223846793005 + 1442695040888963407;
    return (uint)(state >> 33) % below;
}

static const char *any_name(void)
{
    return names[draw(NAMES)];
}

static void heap_step(void)
{
    long pages = (sbrk(0) - heap_start) / PGSIZE;
    char *p = draw(2) && pages < HEAP_MAX ? sbrk(PGSIZE) : SBRK_ERROR;

    if (p != SBRK_ERROR)
        *p = 1;
    else if (pages > 0)
        sbrk(-PGSIZE);
}

/* A child that does one more thing and ends, or is killed on its way. */
static void child_step(void)
{
    char *args[] = {"echo", 0};
    int pid = fork();

    if (pid < 0)
        return;
    if (pid == 0) {
        close(1);
        if (draw(2))
            exec("/xv6/echo", args);
        *(heap_start - 1) = 1;
        exit(0);
    }
    if (draw(2))
        kill(pid);
    wait(0);
}

static void pipe_step(void)
{
    int fds[2];
    char text[16] = "grind";

    if (pipe(fds) < 0)
        return;
    write(fds[1], text, (int)sizeof(text));
    if (draw(2))
        read(fds[0], text, (int)sizeof(text));
    close(fds[draw(2)]);
    close(fds[0]);
    close(fds[1]);
}

static void file_step(void)
{
    static char block[2000];
    int fd =
        open(any_name(), (int)draw(3) | (draw(2) ? O_CREATE : 0) | (draw(4) ? 0 : O_TRUNC));

    if (fd < 0)
        return;
    write(fd, block, (int)draw(sizeof(block)));
    read(fd, block, (int)draw(sizeof(block)));
    write(fd, (char *)KERNBASE, 10);
    close(fd);
}

static void name_step(void)
{
    switch (draw(4)) {
    case 0:
        mkdir(any_name());
        return;
    case 1:
        unlink(any_name());
        return;
    case 2:
        link(any_name(), any_name());
        return;
    default:
        if (chdir("grinddir") == 0)
            chdir("..");
    }
}

static void grind(const char *place, uint64 seed, int steps)
{
    static void (*const kinds[])(void) = {heap_step, child_step, pipe_step, file_step,
                                          name_step};

    mkdir(place);
    if (chdir(place) < 0)
        exit(1);
    heap_start = sbrk(0);
    state = seed;
    while (steps-- > 0)
        kinds[draw(sizeof(kinds) / sizeof(kinds[0]))]();
    exit(0);
}

int main(int argc, char *argv[])
{
    static const char *const places[] = {"grind0", "grind1"};
    int steps = argc > 1 ? atoi(argv[1]) : 500, failed = 0, status;
    uint64 seed = argc > 2 ? (uint64)atoi(argv[2]) : 1;

    for (int i = 0; i < 2; i++) {
        int pid = fork();

        if (pid < 0)
            exit(1);
        if (pid == 0)
            grind(places[i], seed + (uint64)i, steps);
    }
    while (wait(&status) >= 0)
        failed |= status != 0;
    printf("grind: %s\n", failed ? "FAILED" : "OK");
    exit(failed);
}
