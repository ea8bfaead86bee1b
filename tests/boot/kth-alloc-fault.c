/* SPDX-License-Identifier: MIT */
/*
 * The k-th allocation of a page fault fails, for every k: first touches for reading and
 * writing, broken sharing, file pages, and the kernel's own writes. The toucher gets through
 * or dies or gets EFAULT or ENOMEM; others keep their memory; nothing leaks.
 */
#include "t.h"

enum { LIMIT = 200 };

static char *m, *file;
static int fd;

static void zero_write(void)
{
    m[PAGE] = 1;
}
static void zero_read(void)
{
    CHECK(*(volatile char *)(m + 2 * PAGE) == 0);
}
static void copy(void)
{
    m[0] = 2;
}
static void file_read(void)
{
    CHECK(file[0] == 'f');
}
static void file_copy(void)
{
    file[1] = 'x';
}

static void kernel_write(void)
{
    long r = pread(fd, m, 4, 0);
    CHECK(r == 4 || (r == -1 && (errno == EFAULT || errno == ENOMEM)), "pread gave %ld", r);
}

static void kernel_fill(void)
{
    long r = pread(fd, m + 3 * PAGE - 2, 4, 0);
    CHECK(r > 0 || (r == -1 && (errno == EFAULT || errno == ENOMEM)), "pread gave %ld", r);
}

static void stack_grows(void)
{
    volatile char big[40 * PAGE];
    big[0] = 1;
    CHECK(big[0] == 1);
}

static void until_it_passes(const char *name, void (*touch)(void))
{
    int deaths = 0;
    for (long k = 1; k < LIMIT; k++) {
        pid_t pid = t_fork();
        if (pid == 0) {
            t_fail_at(k);
            touch();
            _exit(t_fail_fired() ? 4 : 0);
        }
        int st = t_wait(pid);
        CHECK(t_compare(m, 5) < 0, "%s with failure %ld changed the parent", name, k);
        t_recount(name);
        if (WIFEXITED(st) && WEXITSTATUS(st) == 0)
            return;
        deaths += WIFSIGNALED(st);
        CHECK(WIFSIGNALED(st) || WEXITSTATUS(st) == 4, "%s with failure %ld: status %#x", name,
              k, st);
    }
    CHECK(0, "%s never gets through, %d deaths", name, deaths);
}

int main(void)
{
    t_need_fail();
    fd = open("f", O_RDWR | O_CREAT, 0600);
    write(fd, "file content", 12);
    m = t_map(4);
    t_fill(m, 5);
    file = mmap(NULL, PAGE, RW, MAP_PRIVATE, fd, 0);
    until_it_passes("zero fill for a write", zero_write);
    until_it_passes("zero fill for a read", zero_read);
    until_it_passes("copy", copy);
    until_it_passes("file page", file_read);
    until_it_passes("file page copied", file_copy);
    until_it_passes("the kernel copies", kernel_write);
    until_it_passes("the kernel fills", kernel_fill);
    until_it_passes("stack", stack_grows);
    return 0;
}
