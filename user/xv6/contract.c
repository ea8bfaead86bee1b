/* SPDX-License-Identifier: MIT */
/*
 * contract: checks what the library promises to programs for xv6, one function per promise.
 *
 *   contract          all of them
 *   contract NAME...  only these
 *
 * Each runs in a child, so a promise that ends the program wrongly is a failure and not the
 * end of the run. Exit status: 0 when all hold.
 */
#include "kernel/types.h"
#include "kernel/stat.h"
#include "kernel/fcntl.h"
#include "kernel/param.h"
#include "kernel/fs.h"
#include "kernel/memlayout.h"
#include "kernel/riscv.h"
#include "kernel/vm.h"
#include "user/user.h"

#define CHECK(condition)                                             \
    do {                                                             \
        if (!(condition)) {                                          \
            printf("contract: line %d: %s\n", __LINE__, #condition); \
            exit(1);                                                 \
        }                                                            \
    } while (0)

static char *const bad_pointers[] = {
    (char *)KERNBASE, (char *)TRAPFRAME,          (char *)TRAMPOLINE,
    (char *)MAXVA,    (char *)0xffffffffffffffff,
};
enum { N_BAD = sizeof(bad_pointers) / sizeof(bad_pointers[0]) };

/* Runs f in a child and gives its status as wait() tells it. */
static int child_status(void (*f)(void))
{
    int status, pid = fork();

    CHECK(pid >= 0);
    if (pid == 0) {
        f();
        exit(0);
    }
    CHECK(wait(&status) == pid);
    return status;
}

static void exit_seven(void)
{
    exit(7);
}

static void exit_minus_one(void)
{
    exit(-1);
}

static void touch_guard(void)
{
    *(volatile char *)(r_sp() - USERSTACK * PGSIZE) = 1;
}

static void touch_kernel(void)
{
    *(volatile char *)KERNBASE = 1;
}

static void touch_below_maxva(void)
{
    *(volatile char *)TRAPFRAME = 1;
}

static void touch_returned(void)
{
    char *p = sbrk(2 * PGSIZE);

    p[PGSIZE] = 1;
    sbrk(-PGSIZE);
    p[PGSIZE] = 2;
}

static void status_test(void)
{
    CHECK(child_status(exit_seven) == 7);
    CHECK(child_status(exit_minus_one) == -1);
    CHECK(wait(0) == -1);
}

static void killed_test(void)
{
    int status, pid = fork();

    if (pid == 0) {
        for (;;)
            pause(100);
    }
    CHECK(kill(pid) == 0);
    CHECK(wait(&status) == pid && status == -1);
    CHECK(kill(pid) == -1);
    CHECK(kill(-1) == -1 && kill(0) == -1);
}

static void layout_test(void)
{
    CHECK(child_status(touch_guard) == -1);
    CHECK(child_status(touch_kernel) == -1);
    CHECK(child_status(touch_below_maxva) == -1);
    CHECK(r_sp() < (uint64)sbrk(0));
    CHECK((uint64)sbrk(0) - r_sp() < PGSIZE);
}

static void sbrk_test(void)
{
    char *start = sbrk(0), *p = sbrk(3 * PGSIZE);

    CHECK(p == start && sbrk(0) == start + 3 * PGSIZE);
    p[3 * PGSIZE - 1] = 42;
    CHECK(p[0] == 0);
    CHECK(sbrk(-PGSIZE) == start + 3 * PGSIZE);
    CHECK(sbrk(PGSIZE) == start + 2 * PGSIZE);
    CHECK(p[3 * PGSIZE - 1] == 0);
    CHECK(sbrk(1 << 30) == SBRK_ERROR);
    CHECK(sbrk(0) == start + 3 * PGSIZE);
    CHECK(child_status(touch_returned) == -1);
    CHECK(sbrk(-3 * PGSIZE) == start + 3 * PGSIZE && sbrk(0) == start);
}

static void lazy_test(void)
{
    char *start = sbrk(0), *p;

    while ((uint64)(p = sbrklazy(0)) < MAXVA - (1 << 30))
        CHECK(sbrklazy(1 << 30) == p);
    CHECK(sbrklazy((int)(TRAPFRAME - (uint64)p)) == p);
    CHECK(sbrklazy(1) == SBRK_ERROR && sbrk(1) == SBRK_ERROR);
    for (p = start; p < start + (1 << 30); p += 64 * 1024 * 1024)
        *p = 1;
    p = (char *)TRAPFRAME - 1;
    CHECK(*p == 0);
    *p = 5;
    CHECK(*p == 5);
}

static void pointers_test(void)
{
    char *args[] = {"echo", 0, 0};
    int fds[2];

    CHECK(pipe(fds) == 0);
    for (int i = 0; i < N_BAD; i++) {
        char *bad = bad_pointers[i];

        CHECK(open(bad, O_CREATE | O_RDWR) == -1);
        CHECK(write(fds[1], bad, 100) == -1);
        CHECK(fstat(fds[0], (struct stat *)bad) == -1);
        CHECK(pipe((int *)bad) == -1);
        CHECK(unlink(bad) == -1 && link("x", bad) == -1 && mkdir(bad) == -1);
        CHECK(chdir(bad) == -1);
        CHECK(exec(bad, args) == -1);
        args[1] = bad;
        CHECK(exec("/xv6/echo", args) == -1);
        args[1] = 0;
        CHECK(exec("/xv6/echo", (char **)bad) == -1);
    }
}

static void exec_limit_test(void)
{
    static char big[400];
    static char *args[MAXARG + 2];

    memset(big, 'a', sizeof(big) - 1);
    for (int i = 0; i < MAXARG - 1; i++)
        args[i] = big;
    CHECK(exec("/xv6/echo", args) == -1);
    for (int i = 0; i <= MAXARG; i++)
        args[i] = "a";
    CHECK(exec("/xv6/echo", args) == -1);
    CHECK(exec("no-such-program", args + MAXARG) == -1);
}

static void names_test(void)
{
    char path[MAXPATH + 1];

    memset(path, 'n', sizeof(path));
    path[MAXPATH] = 0;
    CHECK(open(path, O_CREATE | O_RDWR) == -1 && unlink(path) == -1);
    CHECK(mkdir("12345678901234") == 0);
    CHECK(mkdir("12345678901234") == -1);
    CHECK(mkdir("12345678901234567") == -1);
    CHECK(chdir("1234567890123499") == 0 && chdir("..") == 0);
    CHECK(unlink("12345678901234xx") == 0);
    CHECK(unlink("12345678901234") == -1);
    CHECK(mkdir("") == -1 && open("", O_CREATE | O_RDWR) == -1);
}

static void files_test(void)
{
    struct stat st;
    char text[8];
    int fd = open("file", O_CREATE | O_RDWR), again;

    CHECK(fd >= 0 && write(fd, "abcd", 4) == 4);
    CHECK(fstat(fd, &st) == 0 && st.type == T_FILE && st.size == 4 && st.nlink == 1);
    again = open("file", O_TRUNC | O_WRONLY);
    CHECK(again >= 0);
    CHECK(write(fd, "x", 1) == -1); /* its position is behind the end now */
    CHECK(close(again) == 0 && close(fd) == 0 && close(fd) == -1);
    CHECK(link("file", "other") == 0 && unlink("file") == 0);
    CHECK((fd = open("other", O_RDONLY)) >= 0 && read(fd, text, 8) == 0);
    CHECK(write(fd, "x", 1) == -1 && close(fd) == 0);
    CHECK(unlink("other") == 0 && open("other", 0) == -1);
}

static void directory_test(void)
{
    struct dirent entry;
    struct stat st;
    int fd, seen = 0, dots = 0, shared;

    CHECK(mkdir("dir") == 0 && open("dir", O_RDWR) == -1 && open("dir", O_CREATE) == -1);
    for (char name[] = "dir/a"; name[4] < 'a' + 26; name[4]++)
        CHECK(close(open(name, O_CREATE | O_RDWR)) == 0);
    CHECK((fd = open("dir", 0)) >= 0 && fstat(fd, &st) == 0 && st.type == T_DIR);
    CHECK((shared = dup(fd)) >= 0);
    while (read(seen & 1 ? shared : fd, &entry, sizeof(entry)) == sizeof(entry)) {
        CHECK(entry.inum != 0);
        dots += entry.name[0] == '.';
        seen++;
    }
    CHECK(seen == 28 && dots == 2);
    CHECK(unlink("dir") == -1);
    for (char name[] = "dir/a"; name[4] < 'a' + 26; name[4]++)
        CHECK(unlink(name) == 0);
    CHECK(unlink("dir/.") == -1 && unlink("dir") == 0);
}

static void descriptors_test(void)
{
    int fds[2], n = 0, fd, highest = 0;

    while ((fd = dup(0)) >= 0) {
        highest = fd;
        n++;
    }
    CHECK(n > 0 && highest == NOFILE - 1);
    CHECK(open("/", 0) == -1 && pipe(fds) == -1);
    CHECK(close(highest) == 0 && pipe(fds) == -1);
    CHECK(dup(0) == highest);
}

static void pipe_end_test(void)
{
    int fds[2];
    char c;

    CHECK(pipe(fds) == 0 && close(fds[0]) == 0);
    CHECK(write(fds[1], "x", 1) == -1); /* and we are still there */
    CHECK(close(fds[1]) == 0 && pipe(fds) == 0 && close(fds[1]) == 0);
    CHECK(read(fds[0], &c, 1) == 0);
}

static void processes_test(void)
{
    int n = 0, pid;

    while (n < 1000 && (pid = fork()) >= 0) {
        if (pid == 0)
            exit(0);
        n++;
    }
    CHECK(n > 10 && n < NPROC);
    for (; n > 0; n--)
        CHECK(wait(0) > 0);
    CHECK(wait(0) == -1);
}

static void time_test(void)
{
    int before = uptime(), passed;

    CHECK(pause(3) == 0 && sleep(0) == 0 && pause(-1) == 0);
    passed = uptime() - before;
    CHECK(passed >= 3 && passed < 30);
}

static void malloc_test(void)
{
    enum { N = 200, ROUNDS = 5 };
    static char *held[N];
    char *before = 0;

    for (int round = 0; round < ROUNDS; round++) {
        if (round == 1)
            before = sbrk(0);
        for (int i = 0; i < N; i++) {
            CHECK((held[i] = malloc((uint)(1 + i * 37 % 5000))) != 0);
            memset(held[i], i, (uint)(1 + i * 37 % 5000));
        }
        for (int i = 0; i < N; i++) {
            int at = i * 77 % N; /* every one, not in order */

            CHECK(held[at][0] == (char)at && held[at][at * 37 % 5000] == (char)at);
            free(held[at]);
        }
    }
    CHECK(sbrk(0) == before);
    CHECK(malloc(200 * 1024 * 1024) == 0);
}

static volatile int rings;

static void ring(void)
{
    rings++;
    sigreturn();
}

static void alarm_test(void)
{
    uint64 spins = 0;

    CHECK(sigalarm(1, ring) == 0);
    while (rings < 3 && spins < 1000 * 1000 * 1000UL)
        spins++; /* in a register: it survives the handler */
    CHECK(rings == 3 && spins > 1000);
    CHECK(sigalarm(0, 0) == 0);
}

static const struct {
    const char *name;
    void (*run)(void);
} tests[] = {
    {"status", status_test},
    {"killed", killed_test},
    {"layout", layout_test},
    {"sbrk", sbrk_test},
    {"lazy", lazy_test},
    {"pointers", pointers_test},
    {"exec-limit", exec_limit_test},
    {"names", names_test},
    {"files", files_test},
    {"directory", directory_test},
    {"descriptors", descriptors_test},
    {"pipe-end", pipe_end_test},
    {"processes", processes_test},
    {"time", time_test},
    {"malloc", malloc_test},
    {"alarm", alarm_test},
};
enum { N_TESTS = sizeof(tests) / sizeof(tests[0]) };

static int chosen(const char *name, int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        if (strcmp(name, argv[i]) == 0)
            return 1;
    }
    return argc < 2;
}

int main(int argc, char *argv[])
{
    int failed = 0, passed = 0;

    if (mkdir("contract.dir") < 0 || chdir("contract.dir") < 0) {
        fprintf(2, "contract: cannot make contract.dir here\n");
        exit(1);
    }
    for (int i = 0; i < N_TESTS; i++) {
        int status;

        if (!chosen(tests[i].name, argc, argv))
            continue;
        status = child_status(tests[i].run);
        printf("contract %s: %s\n", tests[i].name, status ? "FAILED" : "ok");
        failed += status != 0;
        passed += status == 0;
    }
    chdir("..");
    unlink("contract.dir");
    printf("contract: %d passed, %d failed\n", passed, failed);
    exit(failed != 0);
}
