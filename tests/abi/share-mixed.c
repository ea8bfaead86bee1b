/* SPDX-License-Identifier: MIT */
/* fork with shared memory and files next to private memory, in one 2 MiB span and one GiB. */
#include "share.h"

enum { N = 100 };

static int file;

static void file_make(void)
{
    char *page = malloc(PAGE);

    file = open("f", O_RDWR | O_CREAT, 0600);
    for (int i = 0; i < 8; i++) {
        paint(page, 1, 70 + i);
        write(file, page, PAGE);
    }
    free(page);
}

static char *map_file(char *at, int flags)
{
    char *got = mmap(at, 8 * PAGE, RW, flags | MAP_FIXED_NOREPLACE, file, 0);

    printf("file mapped: %d\n", got == at);
    return got;
}

static void look(const char *who, char *anon, char *shared, char *mine, char *common)
{
    show(who, anon, N);
    show(" shared", shared, 8);
    show(" private file", mine, 8);
    show(" shared file", common, 8);
}

/* The four kinds lie beside each other from `at` on. */
static void beside(const char *what, char *at, long apart)
{
    printf("-- %s\n", what);
    char *anon = map_at(at, N * PAGE);
    char *shared = mmap(at + N * PAGE + apart, 8 * PAGE, RW,
                        MAP_SHARED | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
    char *mine = map_file(shared + 8 * PAGE + apart, MAP_PRIVATE);
    char *common = map_file(mine + 8 * PAGE + apart, MAP_SHARED);
    paint(anon, N, 1);
    paint(shared, 8, 2);
    paint(mine, 2, 3);
    pid_t pid = fork();
    if (pid == 0) {
        look("child", anon, shared, mine, common);
        paint(anon + PAGE, 2, 11);
        paint(shared + PAGE, 1, 12);
        paint(mine + PAGE, 3, 13);
        paint(common + PAGE, 1, 14);
        IN_CHILD("grandchild", look(" in it", anon, shared, mine, common);
                 paint(anon + 4 * PAGE, 1, 21); paint(shared + 4 * PAGE, 1, 22);
                 paint(mine + 6 * PAGE, 1, 23); paint(common + 6 * PAGE, 1, 24));
        look("child later", anon, shared, mine, common);
        _exit(0);
    }
    t_wait("child", pid);
    look("parent", anon, shared, mine, common);
    paint(anon, N, 4);
    paint(mine, 8, 5);
    look("parent wrote", anon, shared, mine, common);
    munmap(at, common + 8 * PAGE - at);
}

/* A file grows shorter while parent and child have it mapped next to shared tables. */
static void truncated(void)
{
    printf("-- truncated\n");
    char *anon = map_at(GIANT(0), N * PAGE), *mine = map_file(GIANT(N), MAP_PRIVATE);
    struct turn child = turn_make(), parent = turn_make();

    paint(anon, N, 1);
    paint(mine, 6, 2);
    pid_t pid = fork();
    if (pid == 0) {
        show("child", mine, 8);
        turn_go(parent);
        turn_await(child);
        show("child, file truncated", mine, 8);
        show(" beside", anon, N);
        _exit(0);
    }
    turn_await(parent);
    R(ftruncate(file, 3 * PAGE));
    turn_go(child);
    t_wait("child", pid);
    show("parent", mine, 8);
    show(" beside", anon, N);
    munmap(anon, (N + 8) * PAGE);
}

int main(void)
{
    file_make();
    beside("one 2 MiB span", GIANT(0), 0);
    beside("over a 2 MiB boundary", GIANT(512 - N / 2), 0);
    beside("over a GiB boundary", GIANT(-N / 2), 0);
    beside("2 MiB apart in one GiB", GIANT(0), 2 * MIB);
    beside("across two GiB", GIANT(-N), 4 * MIB);
    truncated();
    return 0;
}
