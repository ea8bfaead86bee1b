/* SPDX-License-Identifier: MIT */
/* The exact shape of files in /proc: numbers become N, the rest must be as on Linux. */
#include "t.h"

#include <ctype.h>
#include <sys/prctl.h>

static char buf[65536];

static int slurp(const char *path)
{
    int fd = open(path, O_RDONLY), n = 0, got;

    if (fd < 0)
        return -1;
    while ((got = read(fd, buf + n, sizeof buf - 1 - n)) > 0)
        n += got;
    buf[n] = 0;
    close(fd);
    return n;
}

/* Numbers, with the blanks that right-align them, become N of the same width. */
static void print_shape(const char *line)
{
    for (const char *p = line; *p; p++) {
        int digits = strspn(p, "0123456789");

        if (digits && (p == line || !isalnum((unsigned char)p[-1]))) {
            putchar('N');
            p += digits - 1;
        } else if (*p != ' ' || p[1] != ' ') {
            putchar(*p);
        }
    }
    putchar('\n');
}

/* The lines whose key is in the list (all when it is NULL), with their length when numbers
 * stand in columns. */
static void shape(const char *path, const char *const *keys, int with_length)
{
    printf("== %s\n", path);
    slurp(path);
    for (char *line = strtok(buf, "\n"); line; line = strtok(NULL, "\n")) {
        int wanted = keys == NULL;

        for (int i = 0; keys && keys[i]; i++)
            wanted |= !strncmp(line, keys[i], strlen(keys[i]));
        if (!wanted)
            continue;
        if (with_length)
            printf("%zu ", strlen(line));
        print_shape(line);
    }
}

static void maps(void)
{
    puts("== maps");
    slurp("/proc/self/maps");
    for (char *line = strtok(buf, "\n"); line; line = strtok(NULL, "\n")) {
        char *name = strpbrk(line, "/[");

        if (!name) {
            printf("no name, ends with a blank: %d\n", line[strlen(line) - 1] == ' ');
            continue;
        }
        if (strstr(name, "[vvar]"))
            continue;
        *name = 0;
        printf("%s at column %zu, blanks before %d\n", name[0] ? "?" : "name", strlen(line),
               line[strlen(line) - 1] == ' ');
    }
}

static void names(void)
{
    prctl(PR_SET_NAME, "with\nline\\and");
    slurp("/proc/self/comm");
    printf("comm <%s>\n", buf);
    slurp("/proc/self/status");
    *strchr(buf, '\n') = 0;
    printf("status <%s>\n", buf);
    int fd = open("/proc/self/comm", O_RDWR);
    R(write(fd, "a-name-that-is-too-long", 23));
    slurp("/proc/self/comm");
    printf("comm <%s>\n", buf);
    R(open("/proc/1/comm", O_WRONLY | O_TRUNC) >= 0);
    R(write(open("/proc/1/comm", O_WRONLY), "x", 1));
}

static void oom(void)
{
    int fd = open("/proc/self/oom_score_adj", O_RDWR);

    R(write(fd, "17", 2));
    slurp("/proc/self/oom_score_adj");
    printf("%s", buf);
    R(write(fd, "-1001", 5));
    R(write(fd, "1001", 4));
    R(write(fd, "x", 1));
    IN_CHILD("inherited", slurp("/proc/self/oom_score_adj"); printf("%s", buf); setuid(1000);
             R(open("/proc/self/oom_score_adj", O_RDWR) >= 0));
    write(fd, "0", 1);
}

static void other_user(void)
{
    static const char *const files[] = {"environ", "auxv",   "maps",    "smaps", "smaps_rollup",
                                        "stat",    "status", "cmdline", "comm",  "limits",
                                        "statm",   "mounts", "fd",      "task",  "personality"};
    static const char *const links[] = {"exe", "cwd", "root", "fd/0", "task/../exe"};
    char path[64];

    setgid(1000);
    setuid(1000);
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        sprintf(path, "/proc/1/%s", files[i]);
        errno = 0;
        int fd = open(path, O_RDONLY);
        printf("%s: %s\n", files[i], fd >= 0 ? "ok" : t_errname(errno));
    }
    for (size_t i = 0; i < sizeof links / sizeof *links; i++) {
        sprintf(path, "/proc/1/%s", links[i]);
        errno = 0;
        long n = readlink(path, buf, 10);
        printf("%s: %s\n", links[i], n >= 0 ? "ok" : t_errname(errno));
    }
    slurp("/proc/1/stat");
    char *p = strrchr(buf, ')');
    for (int field = 2; field < 26; field++)
        p = strchr(p + 1, ' ');
    printf("start of code %ld\n", atol(p));
}

static void numbers(void)
{
    static const char *const bad[] = {"00", "01", "+1", "1 ", "99999999999", "1x", ""};
    char path[64];
    struct stat st;

    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        sprintf(path, "/proc/%s/stat", bad[i]);
        R(stat(path, &st));
    }
    R(stat("/proc/self/fd/00", &st));
    R(stat("/proc/self/fd/999", &st));
    R(stat("/proc/self/task/1/stat", &st));
    R(unlink("/proc/1/stat"));
    R(open("/proc/meminfo", O_RDWR | O_CREAT, 0644) >= 0);
    R(truncate("/proc/self/comm", 5));
    R(stat("/proc/self/stat", &st));
    printf("mode %o links %d size %ld\n", st.st_mode, (int)st.st_nlink, (long)st.st_size);
    R(lstat("/proc/self", &st));
    printf("mode %o size %ld\n", st.st_mode, (long)st.st_size);
}

/* A zombie has a name and a parent, and nothing else. */
static void zombie(void)
{
    pid_t pid = fork();
    char path[64];

    if (pid == 0)
        _exit(3);
    siginfo_t info;
    waitid(P_PID, pid, &info, WEXITED | WNOWAIT);
    sprintf(path, "/proc/%d/cmdline", pid);
    printf("cmdline %d\n", slurp(path));
    sprintf(path, "/proc/%d/maps", pid);
    printf("maps %d\n", slurp(path));
    sprintf(path, "/proc/%d/exe", pid);
    R(readlink(path, buf, 10));
    sprintf(path, "/proc/%d/cwd", pid);
    R(readlink(path, buf, 10));
    sprintf(path, "/proc/%d/statm", pid);
    slurp(path);
    printf("statm %s", buf);
    sprintf(path, "/proc/%d/status", pid);
    slurp(path);
    printf("%.*s\n", 17, strstr(buf, "State:"));
    printf("VmSize %d Umask %d\n", strstr(buf, "VmSize") != NULL, strstr(buf, "Umask") != NULL);
    sprintf(path, "/proc/%d/stat", pid);
    int fd = open(path, O_RDONLY);
    t_wait("zombie", pid);
    R(read(fd, buf, 10));
    R(open(path, O_RDONLY));
}

int main(void)
{
    static const char *const status[] = {
        "Umask",  "Tgid",   "Pid",        "PPid",    "TracerPid", "Uid",     "Gid",
        "VmPeak", "VmRSS",  "RssAnon",    "VmPTE",   "Threads",   "SigPnd",  "SigBlk",
        "SigIgn", "CapEff", "NoNewPrivs", "Seccomp", "FDSize",    "Kthread", NULL};
    static const char *const meminfo[] = {"MemTotal", "MemFree", "MemAvailable",
                                          "Buffers",  "Cached",  "SwapTotal",
                                          "Shmem:",   "Slab",    NULL};
    static const char *const limits[] = {"Limit",          "Max cpu time", "Max open files",
                                         "Max stack size", "Max nice",     NULL};
    static const char *const smaps[] = {"Size",    "KernelPageSize", "Rss",        "Pss",
                                        "Shared_", "Private_",       "Referenced", "Anonymous",
                                        "Swap",    "Locked",         "THP",        NULL};

    shape("/proc/self/status", status, 0);
    shape("/proc/meminfo", meminfo, 1);
    shape("/proc/self/limits", limits, 1);
    shape("/proc/self/smaps_rollup", smaps, 1);
    shape("/proc/self/statm", NULL, 0);
    shape("/proc/uptime", NULL, 0);
    shape("/proc/loadavg", NULL, 0);
    shape("/proc/self/personality", NULL, 0);
    maps();
    names();
    oom();
    IN_CHILD("other user", other_user());
    numbers();
    zombie();
    return 0;
}
