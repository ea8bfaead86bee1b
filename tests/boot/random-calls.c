/* SPDX-License-Identifier: MIT */
/*
 * Thousands of system calls with random numbers and arguments (small numbers, flags, addresses
 * good and bad, names) by processes without privileges. The machine stays up, nobody outside is
 * hurt, and (the runner counts and recounts) nothing leaks.
 */
#include "t.h"
#include <ftw.h>
#include <sys/resource.h>
#include <sys/time.h>

enum { PROCESSES = 60, CALLS = 400, NUMBERS = 470, USER = 4242, PATIENCE_MS = 300 };

static char *area;      /* a page of text, a page of zeroes, a read-only page, a hole */
static uint64_t chance; /* xorshift state */
static const char outer[] = "/tmp/random-calls", folder[] = "/tmp/random-calls/w";

static uint64_t draw(void)
{
    chance ^= chance << 13;
    chance ^= chance >> 7;
    chance ^= chance << 17;
    return chance;
}

static uint64_t argument(void)
{
    static const char *const names[] = {"f", "d", "d/x", "../f", "/", "link", ""};
    switch (draw() % 14) {
    case 0:
        return 0;
    case 1:
        return (uint64_t)-1;
    case 2:
        return draw() % 8;
    case 3:
        return draw() % 1024;
    case 4:
        return (uint64_t)area + draw() % (2 * PAGE);
    case 5:
        return (uint64_t)area + PAGE * (1 + draw() % 3) - draw() % 16;
    case 6:
        return draw();
    case 7:
        return 1ul << draw() % 64;
    case 8:
        return (uint32_t)draw();
    case 9:
        return PAGE * (draw() % 64);
    case 10:
        return -(draw() % 4096);
    case 11:
        return 0xffffffc000000000ul + draw() % PAGE;
    case 12:
        return (uint64_t)names[draw() % 7];
    default:
        return draw() % 64;
    }
}

static int is_left_out(long nr)
{
    return nr == SYS_exit || nr == SYS_exit_group || nr == SYS_rt_sigreturn ||
           nr == SYS_write || nr == SYS_writev || nr == SYS_pwrite64 || nr == SYS_pwritev ||
           nr == SYS_pwritev2 || nr == SYS_sendfile || nr == SYS_copy_file_range;
}

static void call_one(void)
{
    long nr = draw() % 4 ? draw() % 300 : draw() % NUMBERS;
    uint64_t a[6];
    if (is_left_out(nr))
        return;
    for (int i = 0; i < 6; i++)
        a[i] = argument();
    if (nr == SYS_clone) { /* a child that goes its own way with our stack would be us */
        a[0] &= ~(uint64_t)(CLONE_VM | CLONE_SIGHAND | CLONE_THREAD | CLONE_SETTLS);
        a[1] = 0;
    }
    if (syscall(nr, a[0], a[1], a[2], a[3], a[4], a[5]) == 0 && nr == SYS_clone)
        _exit(0);
}

static void limit(int resource, rlim_t most)
{
    setrlimit(resource, &(struct rlimit){most, most});
}

static void child(uint64_t seed)
{
    struct itimerval end = {{0, 0}, {0, PATIENCE_MS * 1000}};
    chance = seed | 1;
    setsid();
    limit(RLIMIT_AS, 64ul << 20);
    limit(RLIMIT_FSIZE, 1ul << 20);
    limit(RLIMIT_NPROC, 20);
    if (setgid(USER) || setuid(USER))
        _exit(1);
    setitimer(ITIMER_REAL, &end, NULL);
    for (int i = 0; i < CALLS; i++)
        call_one();
    _exit(0);
}

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *w)
{
    (void)st, (void)kind, (void)w;
    return remove(path), 0;
}

/* Whoever blocked the alarm is killed, and so is all that it left behind. */
static void wait_for_end(pid_t pid)
{
    int status, ms = 0;
    while (waitpid(pid, &status, WNOHANG) == 0) {
        nanosleep(&(struct timespec){0, 10000000}, NULL);
        if (ms++ > PATIENCE_MS / 5)
            kill(pid, SIGKILL);
    }
    pid = fork();
    if (pid == 0) {
        setuid(USER);
        kill(-1, SIGKILL);
        _exit(0);
    }
    waitpid(pid, &status, 0);
}

int main(void)
{
    area = t_map(4);
    memset(area, 'a', PAGE);
    mprotect(area + 2 * PAGE, PAGE, PROT_READ);
    munmap(area + 3 * PAGE, PAGE);
    CHECK(mkdir(outer, 0755) == 0, "folder");
    int null = open("/dev/null", O_RDWR);
    for (int i = 0; i < PROCESSES; i++) {
        uint64_t seed = t_rnd();
        CHECK(mkdir(folder, 0700) == 0, "folder");
        chown(folder, USER, USER);
        pid_t pid = t_fork();
        if (pid == 0) {
            for (int fd = 0; fd < 3; fd++)
                dup2(null, fd);
            if (chdir(folder) == 0)
                child(seed);
            _exit(1);
        }
        wait_for_end(pid);
        nftw(folder, remove_one, 8, FTW_DEPTH | FTW_PHYS);
    }
    rmdir(outer);
    return 0;
}
