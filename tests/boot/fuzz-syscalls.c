/* SPDX-License-Identifier: MIT */
/*
 * A fuzzer of system calls: children make random calls from the kernel's own table, with
 * arguments that mostly fit their kinds (descriptors of many sorts, names, areas of memory) and
 * sometimes do not. Most children have a user id of their own, which lets them do everything,
 * some are root and leave out what would hurt the machine; a third has threads that do
 * the same beside them. Whatever they do, they can be killed, and nothing is left of them.
 *
 * Seeded. Takes 3 seconds; an argument says another number of them: `fuzz-syscalls 600`.
 */
#include "t.h"
#include <grp.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/time.h>

enum kind { HEX, ADDR, DIRFD, FD, IN, INOUT, INT, MODE, OUT, PATH, PID, SIG, SIZE };

struct call {
    int nr;
    const char *name;
    int n_args;
    enum kind args[6];
};

/* HEX is 0: a call without arguments gets one that it ignores. */
#define FULL(nr, name, ...) \
    {nr, #name, sizeof((enum kind[]){__VA_ARGS__}) / sizeof(enum kind), {__VA_ARGS__}},
#define PARTIAL(nr, name, gaps, ...) FULL(nr, name, ##__VA_ARGS__)
#define ABSENT(nr, name)             {nr, #name, 6, {HEX}},
static const struct call calls[] = {
#include <linux/table.def>
};

enum { N_CALLS = sizeof calls / sizeof *calls, ARENA_PAGES = 32, N_THREADS = 3 };
enum { FIRST_UID = 4000, AT_ONCE = 4, LIFE_MS = 60, END_MS = 8000 };

static char *arena; /* everything points here, and itself has pointers to here */
static int is_root;
static struct {
    long made, succeeded;
} * counts; /* shared by all */

/* Never made: they end the loop at once, or wait for nothing else. */
static const int never[] = {SYS_exit, SYS_exit_group, SYS_reboot, SYS_syslog};

/* By root only where they hurt nobody else. */
static const int not_by_root[] = {SYS_kill,
                                  SYS_tkill,
                                  SYS_tgkill,
                                  SYS_rt_sigqueueinfo,
                                  SYS_rt_tgsigqueueinfo,
                                  SYS_mount,
                                  SYS_umount2,
                                  SYS_chroot,
                                  SYS_setrlimit,
                                  SYS_prlimit64,
                                  SYS_settimeofday,
                                  SYS_clock_settime,
                                  SYS_sethostname,
                                  SYS_setdomainname,
                                  SYS_sched_setaffinity,
                                  SYS_setpriority,
                                  SYS_sched_setscheduler,
                                  SYS_sched_setparam,
                                  SYS_acct,
                                  SYS_swapon,
                                  SYS_swapoff,
                                  SYS_pivot_root,
                                  SYS_init_module,
                                  SYS_finit_module,
                                  SYS_delete_module,
                                  SYS_kexec_load,
                                  SYS_kexec_file_load,
                                  SYS_vhangup,
                                  SYS_quotactl,
                                  SYS_adjtimex,
                                  SYS_clock_adjtime,
                                  SYS_setpgid,
                                  SYS_setsid};

static int is_among(int nr, const int *list, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (list[i] == nr)
            return 1;
    return 0;
}

#define AMONG(nr, list) is_among(nr, list, sizeof list / sizeof *(list))

/* ---- values -------------------------------------------------------------------------- */

static uint64_t pick_number(uint64_t *s)
{
    uint64_t r = t_mix(s);
    switch (r >> 8 & 7) {
    case 0:
        return r >> 16 & 0xff;
    case 1:
        return 1ul << (r >> 16 & 63);
    case 2:
        return (1ul << (r >> 16 & 63)) - 1;
    case 3:
        return -(r >> 16 & 0xfff);
    case 4:
        return (r >> 16 & 0x3f) * PAGE;
    case 5:
        return (r >> 16 & 15) | 1u << (r >> 24 & 31) | 1u << (r >> 32 & 31); /* flags */
    case 6:
        return r >> 16 & 7;
    default:
        return t_mix(s);
    }
}

static uint64_t pick_pointer(uint64_t *s)
{
    uint64_t r = t_mix(s);
    if ((r & 15) == 0)
        return 0;
    if ((r & 15) == 1)
        return pick_number(s);
    uint64_t at = (uint64_t)arena + (r >> 8) % (ARENA_PAGES * PAGE);
    return (r >> 4 & 3) == 0 ? at & ~(PAGE - 1ul) : (r >> 4 & 3) == 1 ? at : at & ~7ul;
}

static uint64_t pick_path(uint64_t *s)
{
    static const char *const own[] = {"f",
                                      "g",
                                      "d",
                                      "d/x",
                                      "d/../f",
                                      "l",
                                      "fifo",
                                      ".",

                                      "",
                                      "d/y/z",
                                      "script",
                                      "noise",
                                      "/proc/self/maps",
                                      "/proc/self/fd/3",
                                      "/proc/self/stat",
                                      "/proc/self/smaps",
                                      "loop",
                                      "/proc/self/environ",
                                      "/proc/self/fd",
                                      "/proc/self/mem",
                                      "/proc/self/pagemap",
                                      "/proc/self/cow",
                                      "/proc/self/task",
                                      "..",
                                      "/dev/null"};
    static const char *const others[] = {"/",
                                         "/dev/zero",
                                         "/dev/full",
                                         "/dev/tty",
                                         "/dev/console",
                                         "/dev/random",
                                         "/proc/1/maps",
                                         "/proc/self/exe",
                                         "/proc/self/cwd",
                                         "/proc/self/root",
                                         "/proc",
                                         "/bin/busybox",
                                         "/proc/1/fd",
                                         "/proc/1/exe",
                                         "/proc/mounts",
                                         "/proc/kpagecount",
                                         "/proc/vmstat",

                                         "/proc/self/cwd/d"};
    uint64_t r = t_mix(s);
    int n_own = sizeof own / sizeof *own - 2 * is_root; /* root could change the last two */
    if (is_root || r & 1)
        return (uint64_t)own[(r >> 8) % n_own];
    return (uint64_t)others[(r >> 8) % (sizeof others / sizeof *others)];
}

static uint64_t pick_pid(uint64_t *s)
{
    uint64_t r = t_mix(s);
    switch (r & 7) {
    case 0:
        return 0;
    case 1:
        return getppid();
    case 2:
        return (r & 8) ? 1 : -1ul;
    case 3:
        return -(uint64_t)getpid();
    case 4:
        return pick_number(s);
    default:
        return getpid() + (r >> 8) % 5;
    }
}

static uint64_t pick(uint64_t *s, enum kind kind)
{
    uint64_t r = t_mix(s);
    if (r % 16 == 0)
        kind = r >> 8 & 1 ? ADDR : HEX;
    switch (kind) {
    case FD:
        return (r >> 8) % 24;
    case DIRFD:
        return r & 3 ? (uint64_t)AT_FDCWD : (r >> 8) % 24;
    case PATH:
        return r >> 8 & 7 ? pick_path(s) : pick_pointer(s);
    case ADDR:
    case IN:
    case INOUT:
    case OUT:
        return pick_pointer(s);
    case PID:
        return pick_pid(s);
    case SIG:
        return (r >> 8) % 66;
    case SIZE:
        return r >> 8 & 3 ? (r >> 16) % (4 * PAGE) : pick_number(s);
    case MODE:
        return (r >> 8) & 07777;
    case INT:
        return r >> 8 & 1 ? (r >> 16) % 8 : pick_number(s);
    default:
        return pick_number(s);
    }
}

/* Words that make sense as lengths, descriptors, times or pointers. */
static void arena_fill(uint64_t *s)
{
    for (int i = 0; i < 200; i++) {
        uint64_t *word = (uint64_t *)arena + t_mix(s) % (ARENA_PAGES * PAGE / 8 - 8);
        for (int k = 0; k < 8; k++)
            word[k] = t_mix(s) & 1 ? pick_pointer(s) : pick(s, t_mix(s) % (SIZE + 1));
    }
}

/* ---- a child ------------------------------------------------------------------------- */

static void on_signal(int sig)
{
    (void)sig;
}

static void *calls_make(void *arg)
{
    uint64_t s = (uint64_t)arg;
    for (;;) {
        const struct call *c = &calls[t_mix(&s) % N_CALLS];
        uint64_t a[6];
        int nr = t_mix(&s) % 500 ? c->nr : (int)pick_number(&s);
        if (AMONG(nr, never) || (is_root && AMONG(nr, not_by_root)))
            continue;
        for (int i = 0; i < 6; i++)
            a[i] = pick(&s, c->args[i]);
        if (nr == SYS_clone && t_mix(&s) % 8 == 0)
            a[0] = SIGCHLD, a[1] = 0; /* most others end at once, without a stack */
        if (nr == SYS_execve && t_mix(&s) % 8)
            continue;
        if (nr == SYS_mmap && t_mix(&s) & 1)
            a[2] = t_mix(&s) % 8, a[3] = (1 + t_mix(&s) % 2) | (t_mix(&s) & 0x30);
        long result = syscall(nr, a[0], a[1], a[2], a[3], a[4], a[5]);
        __atomic_fetch_add(&counts[c - calls].made, 1, __ATOMIC_RELAXED);
        if (result >= 0)
            __atomic_fetch_add(&counts[c - calls].succeeded, 1, __ATOMIC_RELAXED);
    }
    return NULL;
}

static void descriptors_open(uint64_t *s)
{
    int p[2];
    char junk[600];
    int fd = open("f", O_RDWR | O_CREAT, 0600);
    for (size_t i = 0; i < sizeof junk; i++)
        junk[i] = t_mix(s);
    write(fd, junk, sizeof junk);
    fd = open("noise", O_RDWR | O_CREAT, 0700);
    write(fd, "\177ELF\2\1\1", 7), write(fd, junk, sizeof junk);
    fd = open("script", O_RDWR | O_CREAT, 0700);
    write(fd, "#!/bin/busybox true\n", 20), close(fd);
    mkdir("d", 0700), symlink("d/../f", "l"), symlink("loop", "loop"), mkfifo("fifo", 0600);
    pipe2(p, O_NONBLOCK), pipe(p);
    eventfd(3, 0), eventfd(0, EFD_NONBLOCK);
    int ep = epoll_create1(0);
    epoll_ctl(ep, EPOLL_CTL_ADD, p[0], &(struct epoll_event){.events = EPOLLIN | EPOLLET});
    open("d", O_RDONLY), open("/dev/zero", O_RDWR), open("/proc/self/maps", O_RDONLY);
    open("fifo", O_RDWR), open("/proc/self", O_RDONLY | O_DIRECTORY), open(".", O_PATH);
    fd = syscall(SYS_memfd_create, "m", 0);
    ftruncate(fd, 8 * PAGE);
    mmap(arena + 8 * PAGE, 4 * PAGE, RW, MAP_SHARED | MAP_FIXED, fd, 0);
}

static void limits_set(void)
{
    static const struct {
        int what;
        rlim_t most;
    } limits[] = {{RLIMIT_NPROC, 24},
                  {RLIMIT_FSIZE, 1 << 20},
                  {RLIMIT_AS, 96 << 20},
                  {RLIMIT_NOFILE, 200},
                  {RLIMIT_CORE, 0}};
    for (size_t i = 0; i < sizeof limits / sizeof *limits; i++)
        setrlimit(limits[i].what, &(struct rlimit){limits[i].most, limits[i].most});
}

static void child(uint64_t seed, uid_t uid)
{
    uint64_t s = seed;
    struct itimerval often = {{0, 3000}, {0, 3000}};
    struct sigaction sa = {.sa_handler = on_signal};
    pthread_t t;
    int null = open("/dev/null", O_RDWR);
    is_root = uid == 0;
    t_state = s;
    setpgid(0, 0);
    limits_set();
    if (!is_root &&
        (setgroups(0, NULL) || setresgid(uid, uid, uid) || setresuid(uid, uid, uid)))
        _exit(1);
    mmap(arena + 12 * PAGE, 2 * PAGE, PROT_NONE, MAP_PRIVATE | MAP_FIXED | MAP_ANONYMOUS, -1,
         0);
    munmap(arena + 20 * PAGE, PAGE);
    mprotect(arena + 16 * PAGE, PAGE, PROT_READ);
    t_catch_faults();              /* the arena has holes */
    for (int fd = 0; fd < 3; fd++) /* what the parent says stays readable */
        dup2(null, fd);
    descriptors_open(&s);
    for (int i = 0; i < 20; i++)
        if (sigsetjmp(t_env, 1) == 0)
            t_armed = 1, arena_fill(&s);
    t_armed = 0;
    sigaction(SIGALRM, &sa, NULL);
    sigaction(SIGPIPE, &sa, NULL);
    sigaction(SIGSEGV, &(struct sigaction){.sa_handler = SIG_DFL}, NULL);
    setitimer(ITIMER_REAL, &often, NULL);
    for (int i = 0; seed % 3 == 0 && i < N_THREADS; i++)
        pthread_create(&t, NULL, calls_make, (void *)t_mix(&s));
    calls_make((void *)t_mix(&s));
}

/* ---- the parent ---------------------------------------------------------------------- */

/* Ends everybody with that user id. They may hit whoever does it first: then once more. */
static void all_kill(uid_t uid)
{
    for (int status = -1; status != 0;) {
        pid_t pid = t_fork();
        if (pid == 0) {
            setresuid(uid, uid, uid);
            syscall(SYS_kill, -1, SIGKILL);
            _exit(0);
        }
        waitpid(pid, &status, WUNTRACED);
        if (WIFSTOPPED(status))
            kill(pid, SIGKILL), waitpid(pid, NULL, 0);
    }
}

static void wait_gone(pid_t pid, uint64_t seed)
{
    long end = t_now_ms() + END_MS;
    for (int status;;) {
        pid_t r = waitpid(pid, &status, WNOHANG);
        if ((r > 0 && r == pid) || (r < 0 && errno == ECHILD))
            return;
        CHECK(t_now_ms() < end, "process %d, seed %#lx, cannot be killed", pid,
              (unsigned long)seed);
        t_msleep(1);
    }
}

static pid_t child_start(int i, uint64_t seed)
{
    char dir[16];
    uid_t uid = seed % 4 ? FIRST_UID + i : 0;
    snprintf(dir, sizeof dir, "fuzz%d.%d", i, uid);
    mkdir(dir, 0700);
    chown(dir, uid, uid);
    pid_t pid = t_fork();
    if (pid == 0) {
        if (chdir(dir) == 0)
            child(seed, uid);
        _exit(1);
    }
    return pid;
}

/* A fuzzer that gets through nowhere finds nothing. */
static void counts_show(void)
{
    long made = 0, succeeded = 0, n = 0;
    for (int i = 0; i < N_CALLS; i++) {
        made += counts[i].made;
        succeeded += counts[i].succeeded;
        n += counts[i].succeeded > 0;
        if (!counts[i].succeeded && strchr(getenv("FUZZ_SHOW") ?: "", 'n'))
            printf("never: %s of %ld\n", calls[i].name, counts[i].made);
    }
    printf("%ld calls, %ld succeeded; of %d kinds %ld succeeded\n", made, succeeded, N_CALLS,
           n);
}

int main(int argc, char **argv)
{
    long end = t_now_ms() + (argc > 1 ? atol(argv[1]) : 3) * 1000;
    arena = t_map(ARENA_PAGES);
    counts = t_map_shared((N_CALLS * sizeof *counts + PAGE - 1) / PAGE);
    chmod(".", 0755);
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    t_delays(t_seed());
    for (long n = 0; t_now_ms() < end; n++) {
        pid_t pids[AT_ONCE];
        uint64_t seeds[AT_ONCE];
        for (int i = 0; i < AT_ONCE; i++)
            pids[i] = child_start(i, seeds[i] = t_rnd());
        t_msleep(LIFE_MS);
        for (int i = 0; i < AT_ONCE; i++) {
            kill(pids[i], SIGKILL);
            kill(-pids[i], SIGKILL);
            all_kill(FIRST_UID + i);
        }
        for (int i = 0; i < AT_ONCE; i++)
            wait_gone(pids[i], seeds[i]);
        wait_gone(-1, seeds[0]); /* orphans: an infinite family would show here */
    }
    t_delays(0);
    counts_show();
    return 0;
}
