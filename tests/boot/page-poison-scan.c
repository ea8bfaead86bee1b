/* SPDX-License-Identifier: MIT */
/*
 * Memory that a process sees for the first time holds zeroes: never the poison of a debug
 * kernel, never another process's bytes. Looked through: anonymous memory, bss, heap, brk,
 * stack, what lies above the stack, tails of files, holes of sparse files, file mappings
 * beyond the end, structures that calls fill in. (The poison is 0xa5.)
 */
#include "t.h"
#include <dirent.h>
#include <sys/utsname.h>
#include <ucontext.h>

static char bss[64 * PAGE];
static const char secret[] = "SECRET-OF-ANOTHER-PROCESS";

static void clean(const char *what, const void *p, size_t n)
{
    const unsigned char *b = p;
    size_t poison = 0;
    for (size_t i = 0; i < n; i++) {
        poison = b[i] == 0xa5 ? poison + 1 : 0;
        CHECK(poison < 6, "%s holds poison at offset %zu", what, i);
        if (b[i] == 'S' && n - i >= sizeof secret)
            CHECK(memcmp(b + i, "SECRET-", 7) || p == (const void *)secret, "%s leaks at %zu",
                  what, i);
    }
}

static void zeroed(const char *what, const void *p, size_t n)
{
    const unsigned char *b = p;
    for (size_t i = 0; i < n; i++)
        CHECK(b[i] == 0, "%s: byte %zu is %#x", what, i, b[i]);
}

/* Leaves secrets in frames, files and pipes, and gives all of them back. */
static void litter(void)
{
    int p[2], fd = open("litter", O_RDWR | O_CREAT, 0600);
    char *m = t_map(300), copy[sizeof secret];
    memcpy(copy, secret, sizeof secret);
    for (size_t i = 0; i + sizeof secret < 300 * PAGE; i += sizeof secret)
        memcpy(m + i, copy, sizeof secret);
    for (int i = 0; i < 100; i++)
        write(fd, m, PAGE);
    pipe(p);
    write(p[1], m, PAGE);
    unlink("litter");
    _exit(0);
}

static void above_the_stack(char **argv)
{
    extern char **environ;
    uintptr_t top = ((uintptr_t)argv | (PAGE - 1)) + 1;
    static char maps[16384];
    t_read_file("/proc/self/maps", maps, sizeof maps);
    char *line = strstr(maps, "[stack]");
    unsigned long lo = 0, hi = top;
    if (line) {
        while (line > maps && line[-1] != '\n')
            line--;
        sscanf(line, "%lx-%lx", &lo, &hi);
    }
    (void)environ;
    clean("the stack's top", argv, hi - (uintptr_t)argv);
}

static void below_the_stack(void)
{
    volatile char here;
    char *p = (char *)(((uintptr_t)&here & -PAGE) - 40 * PAGE);
    zeroed("fresh stack", p, PAGE);
}

static void files(void)
{
    static char buf[3 * PAGE];
    int fd = open("f", O_RDWR | O_CREAT, 0600);
    write(fd, "tail", 4);
    char *m = mmap(NULL, PAGE, RW, MAP_SHARED, fd, 0);
    zeroed("the page beyond a file's end", m + 4, PAGE - 4);
    ftruncate(fd, 3 * PAGE);
    CHECK(pread(fd, buf, sizeof buf, 0) == (long)sizeof buf);
    zeroed("a grown file", buf + 4, sizeof buf - 4);
    m[100] = 'x';
    ftruncate(fd, 50);
    ftruncate(fd, PAGE);
    CHECK(pread(fd, buf, PAGE, 0) == (long)PAGE);
    zeroed("what truncation cut off", buf + 50, PAGE - 50);
    int sparse = open("sparse", O_RDWR | O_CREAT, 0600);
    pwrite(sparse, "x", 1, 5 * PAGE + 10);
    for (int i = 0; i < 5; i++) {
        memset(buf, 1, PAGE);
        CHECK(pread(sparse, buf, PAGE, i * PAGE) == (long)PAGE);
        zeroed("a hole", buf, PAGE);
    }
    memset(buf, 1, PAGE);
    CHECK(pread(sparse, buf, PAGE, 5 * PAGE) == 11);
    zeroed("before a write in the middle of a page", buf, 10);
}

static ucontext_t context;

static void handler(int sig, siginfo_t *si, void *uc)
{
    (void)sig, (void)si;
    memcpy(&context, uc, sizeof context);
}

/* What lies in the frame between the fields was on the kernel's stack once. */
static void signal_frame(void)
{
    struct sigaction sa = {.sa_sigaction = handler, .sa_flags = SA_SIGINFO};
    struct stat st;
    sigaction(SIGUSR2, &sa, NULL);
    stat("/proc/self/exe", &st); /* goes deep */
    raise(SIGUSR2);
    zeroed("the mask in a signal frame", (char *)&context.uc_sigmask + 8,
           sizeof context.uc_sigmask - 8);
    if (access("/proc/calf/usage", F_OK) == 0) /* Linux says more there, about vectors */
        zeroed("a signal frame behind the registers", &context.uc_mcontext.__fpregs.__q.__f[17],
               sizeof context.uc_mcontext.__fpregs.__q.__f - 17 * 16 - 16);
}

static void structures(void)
{
    static char buf[8192];
    struct utsname u;
    struct stat st;
    memset(&u, 0, sizeof u);
    uname(&u);
    clean("uname", &u, sizeof u);
    stat("/", &st);
    clean("stat", &st, sizeof st);
    long n = syscall(SYS_getdents64, open("/", O_RDONLY), buf, sizeof buf);
    clean("directory entries", buf, n > 0 ? n : 0);
    sigset_t set;
    siginfo_t si;
    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    sigprocmask(SIG_BLOCK, &set, NULL);
    raise(SIGUSR1);
    sigwaitinfo(&set, &si);
    clean("siginfo", &si, sizeof si);
    static const char *names[] = {"/proc/self/stat", "/proc/self/status", "/proc/self/maps",
                                  "/proc/meminfo",   "/proc/vmstat",      "/proc/self/cmdline"};
    for (int i = 0; i < 6; i++) {
        int r = t_read_file(names[i], buf, sizeof buf);
        clean(names[i], buf, r > 0 ? r : 0);
    }
}

int main(int argc, char **argv)
{
    (void)argc;
    if (argc == 1) {
        for (int i = 0; i < 3; i++) {
            pid_t pid = t_fork();
            if (pid == 0)
                litter();
            t_wait_ok(pid);
        }
        execl("/proc/self/exe", "again", "x", NULL);
        return 1;
    }
    above_the_stack(argv);
    below_the_stack();
    zeroed("bss", bss, sizeof bss);
    char *m = t_map(200);
    zeroed("anonymous memory, read first", m, 100 * PAGE);
    for (int i = 100; i < 200; i++)
        m[i * PAGE + 5] = 1;
    for (int i = 100; i < 200; i++) {
        zeroed("anonymous memory, written first", m + i * PAGE, 5);
        zeroed("anonymous memory, written first", m + i * PAGE + 6, PAGE - 6);
    }
    char *b = (char *)syscall(SYS_brk, 0);
    syscall(SYS_brk, b + 50 * PAGE);
    zeroed("the heap", b, 50 * PAGE);
    char *s = t_map_shared(20);
    zeroed("shared memory", s, 20 * PAGE);
    files();
    structures();
    signal_frame();
    return 0;
}
