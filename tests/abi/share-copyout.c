/* SPDX-License-Identifier: MIT */
/* The kernel writes into, and reads from, pages that are reached through shared tables. */
#include "share.h"

enum { N = 1024 };

static char *base;
static int file, ends[2];

static void file_make(void)
{
    char *page = malloc(PAGE);

    file = open("f", O_RDWR | O_CREAT, 0600);
    for (int i = 0; i < 64; i++) {
        paint(page, 1, 100 + i);
        write(file, page, PAGE);
    }
    free(page);
}

static void tell(const char *who)
{
    show(who, base, N);
}

static void calls(const char *who)
{
    struct iovec parts[3] = {
        {base + 3 * PAGE, PAGE}, {base + 511 * PAGE, 2 * PAGE}, {base + 1000 * PAGE, PAGE}};

    printf("%s calls\n", who);
    R(pread(file, base + 10 * PAGE, PAGE, 0));
    R(pread(file, base + 508 * PAGE, 8 * PAGE, 8 * PAGE)); /* over the boundary */
    R(preadv(file, parts, 3, 32 * PAGE));
    R(write(ends[1], base + 20 * PAGE, 2 * PAGE));
    R(read(ends[0], base + 600 * PAGE, 2 * PAGE));
    R(pread(file, base + (N - 1) * PAGE, 2 * PAGE, 0)); /* the second one is not there */
    R(fstat(file, (struct stat *)(base + 700 * PAGE)));
    memset(base + 700 * PAGE, 0, PAGE);
    R(sigprocmask(SIG_BLOCK, NULL, (sigset_t *)(base + 701 * PAGE)));
}

/* A table that nobody has touched since fork, only the kernel does. */
static void first_touch(void)
{
    printf("-- only the kernel touches\n");
    pid_t pid = fork();
    if (pid == 0) {
        R(pread(file, base + 900 * PAGE, PAGE, 5 * PAGE));
        _exit(page_tag(base + 900 * PAGE) == 105 && page_tag(base + 899 * PAGE) == 1 ? 0 : 1);
    }
    t_wait("child", pid);
    show("parent", base + 896 * PAGE, 8);
    pid = fork();
    if (pid == 0) {
        int out = open("g", O_RDWR | O_CREAT, 0600);
        R(pwrite(out, base, N * PAGE, 0)); /* reads through parked tables */
        char *copy = mmap(NULL, N * PAGE, PROT_READ, MAP_PRIVATE, out, 0);
        printf("equal: %d\n", memcmp(copy, base, N * PAGE) == 0);
        _exit(0);
    }
    t_wait("child", pid);
    unlink("g");
}

/* A call that waits in the kernel for data, while its process forks. */
static void protected_pages(void)
{
    printf("-- read-only\n");
    R(mprotect(base + 64 * PAGE, 8 * PAGE, PROT_READ));
    pid_t pid = fork();
    if (pid == 0) {
        R(pread(file, base + 63 * PAGE, 3 * PAGE, 0));
        R(pread(file, base + 65 * PAGE, PAGE, 0));
        show("child", base + 60 * PAGE, 16);
        _exit(0);
    }
    t_wait("child", pid);
    R(pread(file, base + 66 * PAGE, PAGE, 0));
    show("parent", base + 60 * PAGE, 16);
}

int main(void)
{
    file_make();
    pipe(ends);
    base = map_at(GIANT(-N / 2), N * PAGE);
    paint(base, N, 1);
    pid_t pid = fork();
    if (pid == 0) {
        calls("child");
        tell("child");
        IN_CHILD("grandchild", calls("grandchild"); tell(" in it"));
        tell("child");
        _exit(0);
    }
    t_wait("child", pid);
    tell("parent");
    pid = fork();
    if (pid == 0) {
        pause();
        _exit(0);
    }
    calls("parent, with a child");
    kill(pid, SIGKILL);
    t_wait("child", pid);
    tell("parent");
    paint(base, N, 1);
    first_touch();
    protected_pages();
    return 0;
}
