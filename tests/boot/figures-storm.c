/* SPDX-License-Identifier: MIT */
/*
 * Looking at figures while everything moves: some processes fork trees that share page tables,
 * write, unmap and exit; others read smaps, pagemap, cow and status of whoever is there, and
 * kpagecount. Each picture is a moment's, but no picture contradicts itself.
 */
#include "t.h"

#include <dirent.h>
#include <linux/calf.h>
#include <sys/prctl.h>

enum { MOVERS = 3, READERS = 3, TABLES = 10, MS = 1200 };
#define BASE ((char *)(40ul << 30))

static long stop_at;

static void move(int depth)
{
    for (int i = 0; i < 20; i++) {
        size_t page = t_rnd() % (TABLES * 512);
        if (t_rnd() % 8 == 0)
            madvise(BASE + page * PAGE, (t_rnd() % 64 + 1) * PAGE, MADV_DONTNEED);
        else
            BASE[page * PAGE] = 1;
        if (depth < 3 && t_rnd() % 10 == 0) {
            pid_t pid = fork();
            if (pid == 0) {
                t_state += getpid();
                move(depth + 1);
                _exit(0);
            }
            if (pid > 0 && t_rnd() % 2)
                waitpid(pid, NULL, 0);
        }
    }
    while (waitpid(-1, NULL, 0) > 0)
        ;
}

static void mover(void)
{
    static const int engines[] = {CALF_FORK_SHARE, CALF_FORK_SHARE, CALF_FORK_COW};

    CHECK(mmap(BASE, TABLES * 512 * PAGE, RW, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE,
               -1, 0) == BASE);
    for (size_t i = 0; i < TABLES * 512; i += 4)
        BASE[i * PAGE] = 1;
    while (t_now_ms() < stop_at) {
        prctl(PR_CALF_SET_FORK_ENGINE, engines[t_rnd() % 3], 0, 0, 0);
        move(0);
    }
}

static void look_at(const char *pid)
{
    static char text[1 << 18];
    static uint64_t words[TABLES * 512];
    char path[320];
    long rss = 0, pss = 0, parts = 0, value;

    snprintf(path, sizeof path, "/proc/%s/smaps", pid);
    if (t_read_file(path, text, sizeof text) < 0)
        return;
    for (char *p = text; *p; p += strcspn(p, "\n"), p += *p == '\n') {
        char name[40];
        if (sscanf(p, "%39[A-Za-z_]: %ld kB", name, &value) != 2)
            continue;
        rss += strcmp(name, "Rss") ? 0 : value;
        pss += strcmp(name, "Pss") ? 0 : value;
        if (!strncmp(name, "Shared_Cl", 9) || !strncmp(name, "Shared_D", 8) ||
            !strncmp(name, "Private_C", 9) || !strncmp(name, "Private_D", 9))
            parts += value;
    }
    CHECK(parts == rss && pss <= rss, "rss %ld, parts %ld, pss %ld", rss, parts, pss);
    snprintf(path, sizeof path, "/proc/%s/pagemap", pid);
    int fd = open(path, O_RDONLY);
    pread(fd, words, sizeof words, (long)BASE / PAGE * 8);
    close(fd);
    static const char *const files[] = {"cow", "status", "smaps_rollup"};
    for (int i = 0; i < 3; i++) {
        snprintf(path, sizeof path, "/proc/%s/%s", pid, files[i]);
        t_read_file(path, text, sizeof text);
    }
}

static void reader(void)
{
    static uint64_t counts[8192];

    while (t_now_ms() < stop_at) {
        DIR *dir = opendir("/proc");
        for (struct dirent *e; (e = readdir(dir)) && t_now_ms() < stop_at;)
            if (e->d_name[0] > '0' && e->d_name[0] <= '9')
                look_at(e->d_name);
        closedir(dir);
        int fd = open("/proc/kpagecount", O_RDONLY);
        CHECK(pread(fd, counts, sizeof counts, 0x80000 * 8) == sizeof counts);
        close(fd);
    }
}

int main(void)
{
    pid_t pids[MOVERS + READERS];

    if (prctl(PR_CALF_GET_FORK_ENGINE, 0, 0, 0, 0) < 0)
        t_skip("no tables are shared here");
    t_delays(t_seed());
    stop_at = t_now_ms() + MS;
    for (int i = 0; i < MOVERS + READERS; i++) {
        pids[i] = t_fork();
        if (pids[i] == 0) {
            t_state = t_seed() * 31 + i;
            i < MOVERS ? mover() : reader();
            _exit(0);
        }
    }
    for (int i = 0; i < MOVERS + READERS; i++)
        t_wait_ok(pids[i]);
    t_delays(0);
    return 0;
}
