/* SPDX-License-Identifier: MIT */
/*
 * cowtest: copy-on-write seen from a program for xv6. Each test forks, and then both sides
 * look whether they see what they should: their own stores, and nobody else's.
 *
 *   simple     more than half of the memory, forked: fits only when pages are shared
 *   three      three processes write the same pages
 *   file       the kernel writes into a shared page (read from a pipe)
 *   forkfork   many children fork and write at once
 *   last-bytes the first and the last word of each page survive the copy
 *   text       a store into the program's text still ends it, after fork as before
 *   holes      memory that nobody touched reads as zero on both sides
 *   chain      each child forks the next one and changes one page
 *   sole-owner after the children are gone, the parent's stores hit its own pages
 */
#include "kernel/types.h"
#include "kernel/stat.h"
#include "kernel/memlayout.h"
#include "kernel/riscv.h"
#include "user/user.h"

enum { WORDS_PER_PAGE = PGSIZE / sizeof(uint64) };

static const uint64 machine_bytes = PHYSTOP - KERNBASE;

static void fail(const char *what)
{
    printf("cowtest: %s (process %d)\n", what, getpid());
    exit(1);
}

static char *take(uint64 bytes)
{
    char *p = sbrk((int)bytes);

    if (p == SBRK_ERROR)
        fail("sbrk failed");
    return p;
}

static void give_back(uint64 bytes)
{
    if (sbrk(-(int)bytes) == SBRK_ERROR)
        fail("sbrk down failed");
}

static int fork_or_fail(void)
{
    int pid = fork();

    if (pid < 0)
        fail("fork failed");
    return pid;
}

static void wait_good(int n)
{
    while (n-- > 0) {
        int status;

        if (wait(&status) < 0)
            fail("a child is missing");
        if (status != 0)
            fail("a child failed");
    }
}

/* One word in each page, telling page and writer. */
static void mark(char *p, uint64 bytes, uint64 writer)
{
    for (uint64 at = 0; at < bytes; at += PGSIZE)
        *(uint64 *)(p + at) = at + writer;
}

static void check(const char *p, uint64 bytes, uint64 writer)
{
    for (uint64 at = 0; at < bytes; at += PGSIZE) {
        if (*(const uint64 *)(p + at) != at + writer)
            fail("a page holds what somebody else wrote");
    }
}

static void simple_test(void)
{
    uint64 bytes = machine_bytes / 3 * 2 / PGSIZE * PGSIZE;
    char *p = take(bytes);

    mark(p, bytes, 1);
    if (fork_or_fail() == 0) {
        check(p, bytes, 1);
        exit(0);
    }
    wait_good(1);
    check(p, bytes, 1);
    give_back(bytes);
}

static void three_test(void)
{
    uint64 bytes = machine_bytes / 8;
    char *p = take(bytes);

    mark(p, bytes, 1);
    for (uint64 writer = 2; writer < 4; writer++) {
        if (fork_or_fail() == 0) {
            check(p, bytes, 1);
            mark(p, bytes, writer);
            pause(1);
            check(p, bytes, writer);
            exit(0);
        }
    }
    mark(p, bytes / 2, 9);
    wait_good(2);
    check(p, bytes / 2, 9);
    check(p + bytes / 2, bytes / 2, 1 + bytes / 2); /* as it was before the forks */
    give_back(bytes);
}

static void file_test(void)
{
    enum { CHILDREN = 4 };
    static char buf[2 * PGSIZE];
    char *across = (char *)PGROUNDUP((uint64)buf) - 2; /* ends in one page, begins in another */
    int fds[2];

    memcpy(across, "none", 4);
    for (int i = 0; i < CHILDREN; i++) {
        char text[] = {'n', 'o', '.', (char)('0' + i)};

        if (pipe(fds) < 0)
            fail("pipe failed");
        if (fork_or_fail() == 0) {
            if (read(fds[0], across, 4) != 4 || memcmp(across, text, 4) != 0)
                fail("read gave something else");
            exit(0);
        }
        if (write(fds[1], text, 4) != 4)
            fail("write failed");
        wait_good(1);
        close(fds[0]);
        close(fds[1]);
        if (memcmp(across, "none", 4) != 0)
            fail("a child's read changed the parent's page");
    }
}

static void forkfork_test(void)
{
    enum { CHILDREN = 10, ROUNDS = 20 };
    uint64 bytes = 64 * PGSIZE;
    char *p = take(bytes);

    mark(p, bytes, 1);
    for (int i = 0; i < CHILDREN; i++) {
        if (fork_or_fail() > 0)
            continue;
        for (uint64 round = 0; round < ROUNDS; round++) {
            if (fork_or_fail() == 0) {
                mark(p, bytes, 1000 + round);
                check(p, bytes, 1000 + round);
                exit(0);
            }
            wait_good(1);
            check(p, bytes, 1);
        }
        exit(0);
    }
    wait_good(CHILDREN);
    check(p, bytes, 1);
    give_back(bytes);
}

static void last_bytes_test(void)
{
    uint64 bytes = 32 * PGSIZE;
    char *p = take(bytes);

    for (uint64 i = 0; i < bytes / sizeof(uint64); i++)
        ((uint64 *)p)[i] = i * 0x9e3779b97f4a7c15;
    if (fork_or_fail() == 0) {
        for (uint64 at = 0; at < bytes; at += PGSIZE)
            p[at + 100]++; /* breaks each page */
        for (uint64 i = 0; i < bytes / sizeof(uint64); i++) {
            uint64 value = i * 0x9e3779b97f4a7c15;

            if (i % WORDS_PER_PAGE != 100 / sizeof(uint64) && ((uint64 *)p)[i] != value)
                fail("a word got lost in the copy");
        }
        exit(0);
    }
    wait_good(1);
    give_back(bytes);
}

static void text_test(void)
{
    int status;

    for (int depth = 0; depth < 2; depth++) {
        if (fork_or_fail() == 0) {
            if (depth == 1 && fork_or_fail() > 0) {
                wait(&status);
                exit(status);
            }
            *(volatile uint *)(void *)text_test = 0;
            exit(0);
        }
        wait(&status);
        if (status != -1)
            fail("the program's text can be written");
    }
}

static void holes_test(void)
{
    uint64 bytes = 8 * 1024 * 1024;
    char *p = sbrklazy((int)bytes);

    if (p == SBRK_ERROR)
        fail("sbrklazy failed");
    for (uint64 at = 0; at < bytes; at += 512 * 1024)
        p[at] = 7;
    if (fork_or_fail() == 0) {
        for (uint64 at = 4 * PGSIZE; at < bytes; at += 512 * 1024) {
            if (p[at] != 0)
                fail("memory that nobody touched is not zero");
            p[at] = 9;
        }
        exit(0);
    }
    wait_good(1);
    for (uint64 at = 4 * PGSIZE; at < bytes; at += 512 * 1024) {
        if (p[at] != 0)
            fail("a child's store into a hole reached its parent");
    }
    give_back(bytes);
}

static void chain_from(char *p, uint64 bytes, uint64 depth)
{
    enum { DEPTH = 30 };
    uint64 *own = (uint64 *)(p + depth % (bytes / PGSIZE) * PGSIZE);
    uint64 was = *own;

    *own = depth;
    if (depth < DEPTH) {
        if (fork_or_fail() == 0)
            chain_from(p, bytes, depth + 1);
        wait_good(1);
    }
    if (*own != depth)
        fail("a descendant's store reached an ancestor");
    *own = was;
    if (depth)
        exit(0);
}

static void chain_test(void)
{
    uint64 bytes = 8 * PGSIZE;
    char *p = take(bytes);

    mark(p, bytes, 1);
    chain_from(p, bytes, 0);
    check(p, bytes, 1);
    give_back(bytes);
}

static void sole_owner_test(void)
{
    uint64 bytes = 256 * PGSIZE;
    char *p = take(bytes);

    mark(p, bytes, 1);
    for (uint64 round = 2; round < 6; round++) {
        if (fork_or_fail() == 0)
            exit(0);
        wait_good(1);
        mark(p, bytes, round);
        check(p, bytes, round);
    }
    give_back(bytes);
}

static const struct {
    const char *name;
    void (*run)(void);
} tests[] = {
    {"simple", simple_test},     {"simple", simple_test}, /* again: nothing may be lost */
    {"three", three_test},       {"file", file_test},
    {"forkfork", forkfork_test}, {"last-bytes", last_bytes_test},
    {"text", text_test},         {"holes", holes_test},
    {"chain", chain_test},       {"sole-owner", sole_owner_test},
};

int main(void)
{
    for (uint i = 0; i < sizeof(tests) / sizeof(tests[0]); i++) {
        printf("%s: ", tests[i].name);
        tests[i].run();
        printf("ok\n");
    }
    printf("ALL COW TESTS PASSED\n");
    exit(0);
}
