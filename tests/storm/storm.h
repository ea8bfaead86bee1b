/* SPDX-License-Identifier: MIT */
/*
 * What the long tests of fork share: the first failure, random numbers, files of /proc, and
 * memory before and after.
 *
 * All processes of a test see one `board`. Whoever finds something wrong leaves its message
 * there and ends; the others notice `failed` and stop. Everything that one process alone needs
 * lies in ordinary memory, which is forked along with the rest and so is under test itself.
 *
 * "Every frame back" is exact on calf (/proc/calf/usage), where a difference fails the test. On
 * Linux, which keeps lists of frames per hart and works in the background, it is not asked.
 */
#pragma once
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define PAGE 4096ul
#define MIB  (1ul << 20)
#define RW   (PROT_READ | PROT_WRITE)

struct board_head {
    int failed;
    char message[400];
};

static struct board_head *board_head;

static inline uint64_t atomic_add(uint64_t *what, uint64_t n)
{
    return __atomic_fetch_add(what, n, __ATOMIC_RELAXED);
}

static inline uint64_t atomic_get(const uint64_t *what)
{
    return __atomic_load_n(what, __ATOMIC_RELAXED);
}

/* Keeps the first message; ends the caller. */
static inline void __attribute__((noreturn, format(printf, 1, 2))) give_up(const char *fmt, ...)
{
    char text[sizeof board_head->message];
    int none = 0;
    va_list args;

    va_start(args, fmt);
    vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    if (!board_head)
        dprintf(1, "%s\n", text);
    else if (__atomic_compare_exchange_n(&board_head->failed, &none, 1, 0, __ATOMIC_SEQ_CST,
                                         __ATOMIC_SEQ_CST))
        memcpy(board_head->message, text, sizeof text);
    _exit(1);
}

static inline bool has_failed(void)
{
    return __atomic_load_n(&board_head->failed, __ATOMIC_RELAXED);
}

/* Memory that all processes see, zeroed. */
static inline void *shared_map(size_t size)
{
    void *p = mmap(NULL, size, RW, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

    if (p == MAP_FAILED)
        give_up("no shared memory: %s", strerror(errno));
    return p;
}

/* ---- random numbers, time ---- */

static inline uint64_t mix(uint64_t *state)
{
    uint64_t z = *state += 0x9e3779b97f4a7c15ull;

    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ull;
    z = (z ^ z >> 27) * 0x94d049bb133111ebull;
    return z ^ z >> 31;
}

static inline long now_ms(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

static inline void sleep_ms(long ms)
{
    struct timespec ts = {ms / 1000, ms % 1000 * 1000000};

    while (nanosleep(&ts, &ts) < 0 && errno == EINTR)
        ;
}

/* How many harts there are; asked before anybody is pinned. */
static inline int count_harts(void)
{
    cpu_set_t set;

    CPU_ZERO(&set);
    return sched_getaffinity(0, sizeof set, &set) < 0 ? 1 : CPU_COUNT(&set);
}

/* ---- processes ---- */

static inline int wait_for(pid_t pid)
{
    int status = -1;
    pid_t got;

    do
        got = waitpid(pid, &status, 0);
    while (got < 0 && errno == EINTR);
    if (got < 0)
        give_up("waitpid %d: %s", pid, strerror(errno));
    return status;
}

/* ---- what the kernel says ---- */

/* Returns how many bytes were read, -1 if there is no such file. */
static inline long file_read(const char *path, char *buf, size_t size)
{
    int fd = open(path, O_RDONLY);
    long n = 0;

    if (fd < 0)
        return -1;
    for (long r; n < (long)size - 1 && (r = read(fd, buf + n, size - 1 - n)) > 0;)
        n += r;
    close(fd);
    buf[n] = 0;
    return n;
}

/* The number after a name at the start of a line, or -1. */
static inline long file_number(const char *path, const char *name)
{
    static char text[16384];
    size_t length = strlen(name);

    if (file_read(path, text, sizeof text) < 0)
        return -1;
    for (char *line = text; *line; line += *line == '\n') {
        if (!strncmp(line, name, length) && strchr(" :\t", line[length]))
            return strtol(line + length + 1, NULL, 10);
        line += strcspn(line, "\n");
    }
    return -1;
}

/* The sum over all processes that there are and were; -1 on Linux. */
static inline long counter(const char *name)
{
    return file_number("/proc/vmstat", name);
}

static inline bool command_line_has(const char *word)
{
    static char line[4096];

    return file_read("/proc/cmdline", line, sizeof line) > 0 && strstr(line, word);
}

struct memory {
    long frames, objects, threads; /* free, live, live; exact; -1 on Linux */
    long free_kb, table_kb;        /* as /proc/meminfo has them */
};

static inline void memory_read(struct memory *m)
{
    m->frames = file_number("/proc/calf/usage", "frames_free");
    m->objects = file_number("/proc/calf/usage", "objects_live");
    m->threads = file_number("/proc/calf/usage", "threads");
    m->free_kb = file_number("/proc/meminfo", "MemFree");
    m->table_kb = file_number("/proc/meminfo", "PageTables");
}

/* Memory once nothing changes any more. */
static inline struct memory memory_quiet(void)
{
    struct memory last = {0}, now;

    for (int same = 0; same < 5; last = now) {
        sleep_ms(20);
        memory_read(&now);
        same = memcmp(&last, &now, sizeof now) ? 0 : same + 1;
        if (now.frames < 0)
            break;
    }
    return now;
}

/* Waits until the dead have been cleared away; gives up if something is missing then. Returns
 * how memory is now. */
static inline struct memory memory_settle(const struct memory *before)
{
    struct memory now = {0};

    for (int i = 0; i < 300; i++) {
        memory_read(&now);
        if (now.frames < 0 ||
            (now.frames == before->frames && now.objects == before->objects &&
             now.threads == before->threads && now.table_kb == before->table_kb))
            return now;
        sleep_ms(10);
    }
    give_up("not as before: %+ld frames free, %+ld objects, %+ld threads, %+ld kB of tables",
            now.frames - before->frames, now.objects - before->objects,
            now.threads - before->threads, now.table_kb - before->table_kb);
}

/* Lets the kernel count every reference again. Gives the answer's first line. */
static inline const char *recount(void)
{
    static char text[2048];

    for (int i = 0; i < 10; i++) {
        if (file_read("/proc/calf/recount", text, sizeof text) < 0)
            return "no recount here";
        text[strcspn(text, "\n")] = 0;
        if (!strncmp(text, "ok", 2))
            return text;
        sleep_ms(20); /* somebody was just on the way out */
    }
    give_up("recount says: %.300s", text);
}

/* ---- the progress line ---- */

/* PROGRESS is set when somebody is looking: then one line is drawn again and again. */
static inline void progress(const char *text, bool is_last)
{
    static long last;
    static char line[256];
    bool drawn = getenv("PROGRESS") != NULL;

    if (!is_last && now_ms() - last < (drawn ? 500 : 15000))
        return;
    last = now_ms();
    int n = snprintf(line, sizeof line, drawn ? "\r%s\033[K%s" : "%s%s", text,
                     drawn && !is_last ? "" : "\n");
    if (write(1, line, n) != n)
        _exit(1);
}
