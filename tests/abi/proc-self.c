/* SPDX-License-Identifier: MIT */
/* /proc/self: the shape of maps, stat, status, cmdline, exe, fd, comm. */
#include "t.h"
#include <ctype.h>
#include <dirent.h>
#include <sys/prctl.h>

static char buf[65536];

static int slurp(const char *path)
{
    int fd = open(path, O_RDONLY);
    if (fd < 0) {
        printf("%s: %s\n", path, t_errname(errno));
        return -1;
    }
    int n = 0;
    for (long r; (r = read(fd, buf + n, sizeof buf - 1 - n)) > 0;)
        n += r;
    buf[n] = 0;
    close(fd);
    return n;
}

static void maps(void)
{
    char *a = mmap(NULL, 3 * PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    mprotect(a + PAGE, PAGE, PROT_READ | PROT_WRITE);
    int fd = open("mapped", O_RDWR | O_CREAT, 0644);
    ftruncate(fd, PAGE);
    mmap(NULL, PAGE, PROT_READ, MAP_SHARED, fd, 0);
    malloc(10);
    slurp("/proc/self/maps");
    int lines = 0, bad = 0, stack = 0, heap = 0, file = 0, exe = 0, pieces = 0, vdso = 0;
    unsigned long last = 0;
    for (char *p = strtok(buf, "\n"); p; p = strtok(NULL, "\n")) {
        unsigned long lo, hi, off, ino;
        unsigned maj, min;
        char perms[8] = "", name[256] = "";
        int k = sscanf(p, "%lx-%lx %7s %lx %x:%x %lu %255[^\n]", &lo, &hi, perms, &off, &maj,
                       &min, &ino, name);
        if (k < 7 || lo < last || hi <= lo || lo % PAGE || strlen(perms) != 4)
            bad++;
        last = hi;
        lines++;
        stack += strstr(name, "[stack]") != NULL;
        heap += strstr(name, "[heap]") != NULL;
        vdso += strstr(name, "[vdso]") != NULL;
        exe += strstr(name, "/proc-self") != NULL;
        if (strstr(name, "/mapped")) {
            file++;
            printf("file area %s offset %lx inode %d\n", perms, off, ino != 0);
        }
        if (lo >= (unsigned long)a && hi <= (unsigned long)a + 3 * PAGE) {
            pieces++;
            printf("piece %s pages %lu\n", perms, (hi - lo) / PAGE);
        }
    }
    printf("bad %d stack %d heap %d vdso %d file %d exe mapped %d pieces %d\n", bad, stack,
           heap, vdso, file, exe > 0, pieces);
}

static void stat_line(void)
{
    prctl(PR_SET_NAME, "a (b) c");
    slurp("/proc/self/stat");
    char *p = strrchr(buf, ')');
    printf("pid %d name %d\n", atoi(buf) == getpid(), strstr(buf, "(a (b) c)") != NULL);
    int n = 2;
    char *fields[64];
    for (char *q = strtok(p + 1, " \n"); q && n < 64; q = strtok(NULL, " \n"))
        fields[n++] = q;
    printf("fields %d state %s ppid %d pgrp %d session %d threads %s\n", n, fields[2],
           atoi(fields[3]) == getppid(), atoi(fields[4]) == getpgrp(),
           atoi(fields[5]) == getsid(0), fields[19]);
    printf("vsize sane %d rss sane %d\n", atol(fields[22]) > 100000, atol(fields[23]) > 10);
}

static void status(void)
{
    static const char *keys[] = {
        "Name:",   "State:", "Tgid:",    "Pid:",    "PPid:",   "Uid:",    "Gid:",
        "VmSize:", "VmRSS:", "Threads:", "SigPnd:", "SigBlk:", "SigIgn:", "SigCgt:"};
    slurp("/proc/self/status");
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        printf("%s %d\n", keys[i], strstr(buf, keys[i]) != NULL);
    slurp("/proc/self/statm");
    int n = 0;
    for (char *q = strtok(buf, " \n"); q; q = strtok(NULL, " \n"))
        n++;
    printf("statm fields %d\n", n);
}

static void links(void)
{
    char b[256];
    long n = readlink("/proc/self/exe", b, 255);
    b[n > 0 ? n : 0] = 0;
    printf("exe %s\n", b);
    n = readlink("/proc/self", b, 255);
    b[n > 0 ? n : 0] = 0;
    printf("self %d\n", atoi(b) == getpid());
    n = readlink("/proc/self/cwd", b, 255);
    b[n > 0 ? n : 0] = 0;
    char cwd[256];
    printf("cwd %d\n", !strcmp(b, getcwd(cwd, sizeof cwd)));
    n = readlink("/proc/self/root", b, 255);
    b[n > 0 ? n : 0] = 0;
    printf("root %s\n", b);
    int fd = open("linked", O_RDWR | O_CREAT, 0644), p[2];
    char path[64];
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    n = readlink(path, b, 255);
    b[n > 0 ? n : 0] = 0;
    printf("fd link ends right %d\n", strstr(b, "/linked") != NULL);
    write(fd, "through", 7);
    int again = open(path, O_RDONLY);
    n = read(again, b, 7);
    printf("%.7s\n", b);
    unlink("linked");
    n = readlink(path, b, 255);
    b[n > 0 ? n : 0] = 0;
    printf("removed: %s\n", strstr(b, "/linked") ? strstr(b, "/linked") : "?");
    pipe(p);
    snprintf(path, sizeof path, "/proc/self/fd/%d", p[0]);
    n = readlink(path, b, 255);
    b[n > 0 ? n : 0] = 0;
    printf("pipe link %.6s\n", b);
    DIR *d = opendir("/proc/self/fd");
    int count = 0, found = 0;
    for (struct dirent *e; (e = readdir(d));) {
        count += !!isdigit(e->d_name[0]);
        found += atoi(e->d_name) == p[1] && isdigit(e->d_name[0]);
    }
    closedir(d);
    printf("descriptors %d found %d\n", count, found);
}

int main(void)
{
    maps();
    int n = slurp("/proc/self/cmdline");
    printf("cmdline %d [%s]\n", n, buf);
    stat_line();
    slurp("/proc/self/comm");
    printf("comm %s", buf);
    status();
    links();
    R(open("/proc/self/none", O_RDONLY));
    R(open("/proc/999999/stat", O_RDONLY));
    R(open("/proc/self/stat", O_RDWR | O_CREAT | O_EXCL, 0600));
    R(unlink("/proc/self/stat"));
    char b[4];
    int fd = open("/proc/self/stat", O_RDONLY);
    R(read(fd, b, 1));
    R(lseek(fd, 0, SEEK_SET));
    R(read(fd, b, 1));
    R(pread(fd, b, 1, 100000));
    slurp("/proc/meminfo");
    printf("MemTotal %d MemFree %d\n", strstr(buf, "MemTotal:") == buf,
           strstr(buf, "MemFree:") != NULL);
    slurp("/proc/uptime");
    printf("uptime %d\n", strtod(buf, NULL) > 0);
    slurp("/proc/mounts");
    printf("mounts has /proc %d\n", strstr(buf, " /proc proc ") != NULL);
    slurp("/proc/stat");
    printf("stat starts with cpu %d\n", !strncmp(buf, "cpu ", 4));
    slurp("/proc/loadavg");
    float l;
    printf("loadavg %d\n", sscanf(buf, "%f %f %f %*d/%*d %*d", &l, &l, &l));
    return 0;
}
