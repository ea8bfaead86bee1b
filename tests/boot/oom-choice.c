/* SPDX-License-Identifier: MIT */
/*
 * Who ends when memory is exhausted: the one with the largest share, not the one who happens to
 * ask; oom_score_adj moves that both ways; whoever is not chosen notices nothing, in a store or
 * in read(); idle children of a large process are not what is ended first; each death is counted
 * and announced.
 */
// boots: 1 ad
#include "t.h"
#include <sys/klog.h>

enum { MiB = 1 << 20, LEFT = 110 };

static long free_mib(void)
{
    return t_counter_in("/proc/meminfo", "MemFree") / 1024;
}

static long n_killed(void)
{
    return t_counter_in("/proc/vmstat", "oom_kill");
}

static void adjust(int adj)
{
    char text[16];
    snprintf(text, sizeof text, "%d", adj);
    CHECK(t_write_file("/proc/self/oom_score_adj", text) == 0, "%d", adj);
    t_read_file("/proc/self/oom_score", text, sizeof text);
    int score = atoi(text), base = adj == -1000 ? 0 : (1000 + adj) * 2 / 3;
    CHECK(score >= base - 1 && score <= base + (adj == -1000 ? 0 : 300), "adj %d: score %d",
          adj, score);
}

static char *touch(long mib)
{
    char *m = t_map(mib * MiB / PAGE);
    for (long i = 0; i < mib * MiB; i += PAGE)
        m[i] = (char)(i / PAGE + 1);
    return m;
}

/* More than one mapping may have. */
static void grab(long mib)
{
    while (mib-- > 0)
        touch(1);
}

static int go[2];

/* Holds so much, says so, and checks it in the end; goes on writing a little all the time. */
static pid_t holder(int adj, long mib)
{
    char c;
    int told[2];
    CHECK(pipe(told) == 0);
    pid_t pid = t_fork();

    if (pid == 0) {
        close(go[1]);
        adjust(adj);
        char *m = touch(mib);
        write(told[1], "x", 1);
        fcntl(go[0], F_SETFL, O_NONBLOCK);
        for (int i = 0; read(go[0], &c, 1) < 0; i++) {
            char *more = t_map(1);
            more[0] = 1;
            munmap(more, PAGE);
            t_msleep(2);
        }
        for (long i = 0; i < mib * MiB; i += PAGE)
            CHECK(m[i] == (char)(i / PAGE + 1));
        _exit(0);
    }
    close(told[1]);
    CHECK(read(told[0], &c, 1) == 1, "a holder did not get there");
    close(told[0]);
    return pid;
}

static void begin(void)
{
    CHECK(pipe(go) == 0);
}

static void end(void)
{
    close(go[1]);
    close(go[0]);
}

static void expect(const char *what, pid_t pid, int is_killed)
{
    int st = t_wait(pid);

    if (is_killed)
        CHECK(WIFSIGNALED(st) && WTERMSIG(st) == SIGKILL, "%s: %#x", what, st);
    else
        CHECK(WIFEXITED(st) && WEXITSTATUS(st) == 0, "%s: %#x", what, st);
}

static void largest_ends(void)
{
    long before = n_killed();
    begin();
    pid_t small = holder(0, 10), small2 = holder(0, 20);
    pid_t hog = t_fork();
    if (hog == 0) {
        grab(free_mib() + 200);
        _exit(0);
    }
    expect("the hog", hog, 1);
    end();
    expect("a small one", small, 0);
    expect("another", small2, 0);
    CHECK(n_killed() == before + 1, "%ld deaths", n_killed() - before);
}

static void adj_decides(void)
{
    long before = n_killed();
    begin();
    pid_t dear = holder(0, 30), cheap = holder(1000, 24);
    pid_t hog = t_fork();
    if (hog == 0) {
        grab(free_mib() + 8);
        _exit(0);
    }
    expect("the larger one", hog, 0);
    end();
    expect("the cheap one", cheap, 1);
    expect("the dear one", dear, 0);
    CHECK(n_killed() == before + 1, "%ld deaths", n_killed() - before);
}

static void never(void)
{
    begin();
    pid_t victim = holder(0, 24);
    pid_t hog = t_fork();
    if (hog == 0) {
        adjust(-1000);
        grab(free_mib() + 8);
        _exit(0);
    }
    expect("who is never ended", hog, 0);
    end();
    expect("the other", victim, 1);
}

/* read() into memory that is not there yet. */
static void in_the_kernel(void)
{
    begin();
    pid_t cheap = holder(1000, 24);
    pid_t reader = t_fork();
    if (reader == 0) {
        long mib = free_mib() + 8;
        int fd = open("/dev/zero", O_RDONLY);
        char *m = t_map(mib * MiB / PAGE);
        for (long i = 0; i < mib; i++) {
            long n = read(fd, m + i * MiB, MiB);
            CHECK(n == MiB, "read gave %ld after %ld of %ld MiB", n, i, mib);
        }
        _exit(0);
    }
    expect("the reader", reader, 0);
    end();
    expect("the cheap one", cheap, 1);
}

static void idle_children(void)
{
    enum { CHILDREN = 12 };
    pid_t pids[CHILDREN];
    char c;
    begin();
    char *m = touch(60);
    for (int i = 0; i < CHILDREN; i++) {
        pids[i] = t_fork();
        if (pids[i] == 0) {
            close(go[1]);
            adjust(0);
            read(go[0], &c, 1);
            for (long k = 0; k < 60 * MiB; k += PAGE)
                CHECK(m[k] == (char)(k / PAGE + 1));
            _exit(0);
        }
    }
    t_msleep(50);
    pid_t hog = t_fork();
    if (hog == 0) {
        munmap(m, 60 * MiB);
        adjust(0);
        grab(free_mib() + 100);
        _exit(0);
    }
    expect("the hog", hog, 1);
    end();
    for (int i = 0; i < CHILDREN; i++)
        expect("an idle child", pids[i], 0);
    munmap(m, 60 * MiB);
}

static void announced(void)
{
    static char log_text[1 << 17];
    int n = klogctl(3, log_text, sizeof log_text - 1), lines = 0;

    log_text[n > 0 ? n : 0] = 0;
    for (char *p = log_text; (p = strstr(p, "out of memory: killed process")); p++)
        lines++;
    CHECK(lines >= 5, "%d lines", lines);
}

int main(void)
{
    if (t_counter("cow_copied") < 0)
        t_skip("another kernel's choice");
    if (t_is_eager())
        t_skip("children are as large as their parent");
    adjust(-1000);
    /* a file takes most of it, so that the rest is soon touched */
    int fd = open("ballast", O_RDWR | O_CREAT, 0600);
    CHECK(free_mib() < LEFT || fallocate(fd, 0, 0, (free_mib() - LEFT) * MiB) == 0);
    int st = T_CHILD(adjust(0); largest_ends());
    CHECK(st == 0, "%#x", st);
    adj_decides();
    never();
    in_the_kernel();
    idle_children();
    announced();
    close(fd);
    unlink("ballast");
    return 0;
}
