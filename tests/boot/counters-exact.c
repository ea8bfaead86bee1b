/* SPDX-License-Identifier: MIT */
/*
 * The counters say what happened, page by page and cause by cause: first writes, first reads,
 * breaks by copying and by taking over, file pages; the totals of /proc/vmstat move along.
 */
#include "t.h"

enum { N = 50, SLACK = 6 };

static long value(const char *name)
{
    return t_counter(name);
}

#define EXPECT(name, low, statement)                                                       \
    do {                                                                                   \
        long before_ = value(name), total_ = t_counter_in("/proc/vmstat", name);           \
        statement;                                                                         \
        long d_ = value(name) - before_, t_ = t_counter_in("/proc/vmstat", name) - total_; \
        CHECK(d_ >= (low) && d_ <= (low) + SLACK, name " moved by %ld", d_);               \
        CHECK(t_ >= (low), name " in vmstat moved by %ld", t_);                            \
    } while (0)

static void write_all(char *m)
{
    for (int i = 0; i < N; i++)
        m[i * PAGE] = 1;
}

static void read_all(char *m)
{
    for (int i = 0; i < N; i++)
        (void)*(volatile char *)(m + i * PAGE);
}

int main(void)
{
    if (value("cow_copied") < 0)
        t_skip("no counters here");
    char *m = t_map(N), *z = t_map(N);
    value("cow_zero_filled");
    EXPECT("cow_zero_filled", N, write_all(m));
    EXPECT("cow_zero_filled", 0, write_all(m));
    EXPECT("cow_zero_mapped", N, read_all(z));
    EXPECT("cow_zero_filled", N, write_all(z));
    int fd = open("f", O_RDWR | O_CREAT, 0600);
    char page[PAGE] = "x";
    for (int i = 0; i < N; i++)
        pwrite(fd, page, PAGE, i * PAGE);
    char *f = mmap(NULL, N * PAGE, RW, MAP_PRIVATE, fd, 0);
    EXPECT("cow_file_mapped", N, read_all(f));
    EXPECT("cow_copied", N, write_all(f));
    if (t_is_eager())
        return 0;
    int p[2];
    char c;
    pipe(p);
    pid_t pid = t_fork();
    if (pid == 0) {
        close(p[1]);
        read(p[0], &c, 1);
        _exit(0);
    }
    t_msleep(20);
    EXPECT("cow_copied", N, write_all(m));
    close(p[1]);
    t_wait_ok(pid);
    t_msleep(20);
    EXPECT("cow_reused", N, write_all(z));
    EXPECT("cow_copied", 0, write_all(z));
    return 0;
}
