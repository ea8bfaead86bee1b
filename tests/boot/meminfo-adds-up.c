/* SPDX-License-Identifier: MIT */
/*
 * Memory figures add up: MemFree falls by what is touched and comes back, MemTotal stays,
 * VmRSS and /proc/self/statm count the same pages; shared memory counts too; what was never
 * touched costs nothing.
 */
#include "t.h"

enum { N = 2000 };

static long meminfo(const char *key)
{
    return t_counter_in("/proc/meminfo", key) / 4;
}

static long rss(void)
{
    char text[128];
    long size, resident;
    t_read_file("/proc/self/statm", text, sizeof text);
    CHECK(sscanf(text, "%ld %ld", &size, &resident) == 2);
    return resident;
}

/* Linux keeps lists of frames per hart and works in the background. */
static void near(const char *what, long got, long want, long slack)
{
    if (access("/proc/calf/usage", F_OK) < 0)
        slack = slack * 10 + 300;
    CHECK(got >= want - slack && got <= want + slack, "%s: %ld pages, not %ld", what, got,
          want);
}

int main(void)
{
    long total = meminfo("MemTotal"), free0 = meminfo("MemFree"), rss0 = rss();
    CHECK(total > 0 && free0 > 0 && free0 < total);
    char *m = t_map(N);
    madvise(m, N * PAGE, MADV_NOHUGEPAGE);
    near("untouched", free0 - meminfo("MemFree"), 0, 150);
    near("rss untouched", rss() - rss0, 0, 60);
    for (int i = 0; i < N; i++)
        m[i * PAGE] = 1;
    near("touched", free0 - meminfo("MemFree"), N, 200);
    near("rss", rss() - rss0, N, 60);
    near("VmRSS", t_counter_in("/proc/self/status", "VmRSS") / 4, rss(), 60);
    pid_t pid = t_fork();
    if (pid == 0) {
        long before = meminfo("MemFree");
        near("rss in the child", rss(), rss0 + N, 200);
        if (!t_is_eager()) {
            for (int i = 0; i < N / 2; i++)
                m[i * PAGE] = 2;
            near("half copied", before - meminfo("MemFree"), N / 2, 200);
        }
        _exit(0);
    }
    t_wait_ok(pid);
    munmap(m, N * PAGE);
    t_msleep(20);
    near("given back", free0 - meminfo("MemFree"), 0, 200);
    near("rss given back", rss() - rss0, 0, 60);
    char *s = t_map_shared(N);
    for (int i = 0; i < N; i++)
        s[i * PAGE] = 1;
    near("shared", free0 - meminfo("MemFree"), N, 250);
    munmap(s, N * PAGE);
    near("shared given back", free0 - meminfo("MemFree"), 0, 250);
    CHECK(meminfo("MemTotal") == total);
    return 0;
}
