/* SPDX-License-Identifier: MIT */
/*
 * The test runner inside the guest: the init process of a test boot.
 *
 * Words on the kernel command line (or arguments of init) choose what it does:
 *   testmode=boot   every program of /tests/boot, in an order that the seed decides; TAP
 *   testmode=abi    every program of /tests/abi in sorted order; the output is the oracle
 *   testmode=one    only the programs named by test=, with their output shown
 *   test=A,B,C      names (of either folder; a trailing * matches any ending)
 *   testseed=N      the seed; without it one is drawn, and printed
 *   testrepeat=N    the chosen programs N times
 *   testlimit=N     seconds that one program may take (60)
 *
 * A boot test is a program that exits with 0 (passed), 77 (skipped) or anything else (failed).
 * Around each one the runner compares the free frames, the live objects and the threads that
 * /proc/calf/usage reports, and then asks /proc/calf/recount to count every reference again.
 * Where these files do not exist (Linux) only the exit status decides.
 *
 * The runner itself must hold the same memory before and after: its buffers are static and a
 * first round without a program touches everything it will ever touch.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { MAX_TESTS = 512, NAME_LEN = 64, STATUS_SKIP = 77, OUT_MAX = 1 << 16 };

struct usage {
    long frames_free, objects_live, threads;
};

struct outcome {
    int status; /* as waitpid gives it */
    int timed_out;
    char reason[512];
};

static struct {
    char mode[16], only[2048];
    unsigned long seed;
    int seed_given, repeat, limit;
} opt = {.mode = "boot", .repeat = 1, .limit = 60};

static char boot_names[MAX_TESTS][NAME_LEN], abi_names[MAX_TESTS][NAME_LEN];
static int n_boot, n_abi;
static char out_buf[OUT_MAX + 1];
static char line_buf[4096];
static const char out_path[] = "/tmp/.out";
static int n_passed, n_failed, n_skipped, n_run;

/* ---- small helpers ---- */

static void say(const char *fmt, ...)
{
    static char buf[2048];
    va_list ap;
    va_start(ap, fmt);
    int n = vsnprintf(buf, sizeof buf, fmt, ap);
    va_end(ap);
    if (n > (int)sizeof buf - 1)
        n = sizeof buf - 1;
    for (int done = 0; done < n;) {
        ssize_t w = write(1, buf + done, n - done);
        if (w <= 0)
            return;
        done += w;
    }
}

static void msleep(long ms)
{
    struct timespec ts = {ms / 1000, ms % 1000 * 1000000};
    nanosleep(&ts, NULL);
}

static long now_ms(void)
{
    struct timespec ts;
    clock_gettime(CLOCK_MONOTONIC, &ts);
    return ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

/* Reads a whole small file; returns its length or -1 when it does not exist. */
static int slurp(const char *path, char *buf, int size)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return -1;
    int n = 0;
    for (ssize_t r; n < size - 1 && (r = read(fd, buf + n, size - 1 - n)) > 0;)
        n += r;
    buf[n] = 0;
    close(fd);
    return n;
}

static uint64_t rnd_state;

static uint64_t rnd(void)
{
    uint64_t z = rnd_state += 0x9e3779b97f4a7c15ull;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ull;
    z = (z ^ z >> 27) * 0x94d049bb133111ebull;
    return z ^ z >> 31;
}

static void remove_tree(const char *path)
{
    DIR *d = opendir(path);
    if (!d) {
        unlink(path);
        return;
    }
    for (struct dirent *e; (e = readdir(d));) {
        char sub[512];
        if (!strcmp(e->d_name, ".") || !strcmp(e->d_name, ".."))
            continue;
        snprintf(sub, sizeof sub, "%s/%.250s", path, e->d_name);
        struct stat st;
        if (lstat(sub, &st) == 0 && S_ISDIR(st.st_mode)) {
            chmod(sub, 0700);
            remove_tree(sub);
        } else
            unlink(sub);
    }
    closedir(d);
    rmdir(path);
}

/* ---- options and names ---- */

static void option_parse(const char *word)
{
    if (!strncmp(word, "testmode=", 9))
        snprintf(opt.mode, sizeof opt.mode, "%s", word + 9);
    else if (!strncmp(word, "test=", 5))
        snprintf(opt.only, sizeof opt.only, "%s", word + 5);
    else if (!strncmp(word, "testseed=", 9)) {
        opt.seed = strtoul(word + 9, NULL, 0);
        opt.seed_given = 1;
    } else if (!strncmp(word, "testrepeat=", 11))
        opt.repeat = atoi(word + 11);
    else if (!strncmp(word, "testlimit=", 10))
        opt.limit = atoi(word + 10);
}

static void options_read(int argc, char **argv, char **envp)
{
    if (slurp("/proc/cmdline", line_buf, sizeof line_buf) > 0)
        for (char *w = strtok(line_buf, " \n"); w; w = strtok(NULL, " \n"))
            option_parse(w);
    for (; *envp;
         envp++) /* Linux hands unknown words of its command line to init's environment */
        option_parse(*envp);
    for (int i = 1; i < argc; i++)
        option_parse(argv[i]);
    if (!opt.seed_given)
        syscall(SYS_getrandom, &opt.seed, 4, 0);
    rnd_state = opt.seed;
}

static int name_matches(const char *name)
{
    if (!opt.only[0])
        return 1;
    for (const char *p = opt.only; *p;) {
        size_t n = strcspn(p, ",");
        if (n && p[n - 1] == '*' ? !strncmp(name, p, n - 1)
                                 : strlen(name) == n && !strncmp(name, p, n))
            return 1;
        p += n + (p[n] == ',');
    }
    return 0;
}

static int name_compare(const void *a, const void *b)
{
    return strcmp(a, b);
}

static int names_read(const char *dir, char (*names)[NAME_LEN])
{
    int n = 0;
    DIR *d = opendir(dir);
    if (!d)
        return 0;
    for (struct dirent *e; (e = readdir(d)) && n < MAX_TESTS;)
        if (e->d_name[0] != '.' && strcmp(e->d_name, "run") && name_matches(e->d_name))
            snprintf(names[n++], NAME_LEN, "%.63s", e->d_name);
    closedir(d);
    qsort(names, n, NAME_LEN, name_compare);
    return n;
}

static void names_shuffle(char (*names)[NAME_LEN], int n)
{
    for (int i = n - 1; i > 0; i--) {
        char tmp[NAME_LEN];
        int j = rnd() % (i + 1);
        memcpy(tmp, names[i], NAME_LEN);
        memcpy(names[i], names[j], NAME_LEN);
        memcpy(names[j], tmp, NAME_LEN);
    }
}

/* ---- one program ---- */

static void child_exec(const char *dir, const char *name, int captured)
{
    char path[160], seed[32];
    setsid();
    snprintf(path, sizeof path, "/tmp/w");
    mkdir(path, 0755);
    if (chdir(path) < 0)
        _exit(126);
    int in = open("/dev/null", O_RDWR);
    if (in > 0)
        dup2(in, 0), close(in);
    if (captured) {
        int fd = open(out_path, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND, 0600);
        if (fd < 0)
            _exit(126);
        dup2(fd, 1);
        dup2(fd, 2);
        close(fd);
    }
    snprintf(path, sizeof path, "%s/%s", dir, name);
    snprintf(seed, sizeof seed, "T_SEED=%lu", opt.seed);
    char *argv[] = {path, NULL};
    char *envp[] = {"PATH=/bin:/sbin:/usr/bin:/usr/sbin", "HOME=/", seed, NULL};
    execve(path, argv, envp);
    say("cannot execute %s: %s\n", path, strerror(errno));
    _exit(127);
}

/* Ends whatever the program left behind and waits until nobody is left. */
static void leftovers_kill(pid_t pid)
{
    kill(-pid, SIGKILL);
    if (getpid() != 1)
        return;
    kill(-1, SIGKILL);
    for (int i = 0; i < 5000; i++) {
        pid_t r = waitpid(-1, NULL, WNOHANG);
        if (r < 0)
            return;
        if (r == 0)
            msleep(1);
    }
    say("# children of init do not end\n");
}

static void program_run(const char *dir, const char *name, int captured, struct outcome *o)
{
    memset(o, 0, sizeof *o);
    pid_t pid = fork();
    if (pid == 0)
        child_exec(dir, name, captured);
    if (pid < 0) {
        snprintf(o->reason, sizeof o->reason, "fork: %s", strerror(errno));
        o->status = 126 << 8;
        return;
    }
    long end = now_ms() + opt.limit * 1000l, sign = now_ms() + 5000;
    for (;;) {
        pid_t r = waitpid(-1, &o->status, WNOHANG);
        if (r == pid)
            break;
        if (r < 0 && errno != EINTR) {
            snprintf(o->reason, sizeof o->reason, "waitpid: %s", strerror(errno));
            o->status = 126 << 8;
            break;
        }
        if (r > 0)
            continue;          /* somebody's orphan */
        if (now_ms() > sign) { /* a sign of life for whoever watches the console */
            sign += 5000;
            if (captured && !strcmp(dir, "/tests/boot"))
                say("# ... %s\n", name);
        }
        if (now_ms() > end && !o->timed_out) {
            o->timed_out = 1;
            kill(-pid, SIGKILL);
            kill(pid, SIGKILL);
            end += 5000;
        } else if (now_ms() > end)
            break;
        msleep(2);
    }
    leftovers_kill(pid);
}

/* ---- what must be the same before and after ---- */

static long usage_field(const char *text, const char *key)
{
    const char *p = strstr(text, key);
    return p ? strtol(p + strlen(key), NULL, 10) : -1;
}

static int usage_read(struct usage *u)
{
    if (slurp("/proc/calf/usage", line_buf, sizeof line_buf) <= 0)
        return 0;
    u->frames_free = usage_field(line_buf, "frames_free ");
    u->objects_live = usage_field(line_buf, "objects_live ");
    u->threads = usage_field(line_buf, "threads ");
    return 1;
}

/* Reaping may lag behind the last wait: a difference counts when it stays for 300 ms. */
static int usage_differs(const struct usage *before, char *reason, size_t size)
{
    struct usage after;
    for (int i = 0; i < 30; i++) {
        if (!usage_read(&after) || !memcmp(before, &after, sizeof after))
            return 0;
        msleep(10);
    }
    snprintf(reason, size, "leak: frames %ld -> %ld, objects %ld -> %ld, threads %ld -> %ld",
             before->frames_free, after.frames_free, before->objects_live, after.objects_live,
             before->threads, after.threads);
    return 1;
}

static int recount_differs(char *reason, size_t size)
{
    for (int i = 0; i < 5; i++) {
        if (slurp("/proc/calf/recount", line_buf, sizeof line_buf) <= 0)
            return 0;
        if (!strncmp(line_buf, "ok", 2))
            return 0;
        msleep(10);
    }
    for (char *p = line_buf; *p; p++)
        if (*p == '\n')
            *p = ';';
    snprintf(reason, size, "recount: %.400s", line_buf);
    return 1;
}

static void files_clean(void)
{
    remove_tree("/tmp/w");
    unlink(out_path);
}

/* ---- reports ---- */

static void output_print(const char *prefix)
{
    int n = slurp(out_path, out_buf, sizeof out_buf);
    if (n <= 0)
        return;
    for (char *p = out_buf; *p;) {
        size_t len = strcspn(p, "\n");
        say("%s%.*s\n", prefix, (int)(len > 1500 ? 1500 : len), p);
        p += len + (p[len] == '\n');
    }
}

/* The last line that the program printed: the reason of a skip or of a failure. */
static const char *output_last_line(void)
{
    int n = slurp(out_path, out_buf, sizeof out_buf);
    if (n <= 0)
        return "";
    while (n && out_buf[n - 1] == '\n')
        out_buf[--n] = 0;
    char *nl = strrchr(out_buf, '\n');
    return nl ? nl + 1 : out_buf;
}

static void outcome_describe(struct outcome *o)
{
    if (o->reason[0])
        return;
    if (o->timed_out)
        snprintf(o->reason, sizeof o->reason, "no end within %d s", opt.limit);
    else if (WIFSIGNALED(o->status))
        snprintf(o->reason, sizeof o->reason, "killed by signal %d", WTERMSIG(o->status));
    else
        snprintf(o->reason, sizeof o->reason, "exit %d: %.300s", WEXITSTATUS(o->status),
                 output_last_line());
}

static int outcome_passed(const struct outcome *o)
{
    return !o->timed_out && !o->reason[0] && WIFEXITED(o->status) && !WEXITSTATUS(o->status);
}

static int outcome_skipped(const struct outcome *o)
{
    return !o->timed_out && WIFEXITED(o->status) && WEXITSTATUS(o->status) == STATUS_SKIP;
}

static void boot_test(const char *name, int show)
{
    static struct outcome o;
    struct usage before;
    char leak[300] = "", counts[450] = "";
    say("# run %s\n", name); /* whose fault it is when the machine dies */
    int known = usage_read(&before);
    long start = now_ms();
    program_run("/tests/boot", name, !show, &o);
    long took = now_ms() - start;
    int passed = outcome_passed(&o), skipped = outcome_skipped(&o);
    if (!passed && !skipped)
        outcome_describe(&o);
    char why[320] = "";
    if (skipped)
        snprintf(why, sizeof why, "%.300s", show ? "" : output_last_line());
    if (!passed && !skipped && !show)
        output_print("# ");
    files_clean();
    int leaks = known && usage_differs(&before, leak, sizeof leak);
    int wrong = recount_differs(counts, sizeof counts);
    n_run++;
    if ((passed || skipped) && !leaks && !wrong) {
        if (skipped)
            say("ok %d - %s # SKIP %s\n", n_run, name,
                strncmp(why, "SKIP ", 5) ? why : why + 5);
        else
            say("ok %d - %s # %ld ms\n", n_run, name, took);
        n_passed += passed;
        n_skipped += skipped;
        return;
    }
    n_failed++;
    say("not ok %d - %s # %s%s%s%s%s\n", n_run, name, o.reason, leak[0] ? " " : "", leak,
        counts[0] ? " " : "", counts);
}

static void abi_test(const char *name, int show)
{
    static struct outcome o;
    say("==== %s\n", name);
    program_run("/tests/abi", name, !show, &o);
    if (!show)
        output_print("");
    files_clean();
    if (o.timed_out)
        say("==== %s timeout\n", name);
    else if (WIFSIGNALED(o.status))
        say("==== %s signal %d\n", name, WTERMSIG(o.status));
    else
        say("==== %s exit %d\n", name, WEXITSTATUS(o.status));
}

/* ---- the boot ---- */

static void world_setup(void)
{
    mkdir("/proc", 0755);
    mkdir("/dev", 0755);
    mkdir("/tmp", 01777);
    mount("proc", "/proc", "proc", 0, NULL);
    if (access("/dev/null", F_OK) < 0 || access("/dev/zero", F_OK) < 0)
        mount("dev", "/dev", "devtmpfs", 0, NULL);
    mount("tmpfs", "/tmp", "tmpfs", 0, NULL);
    chmod("/tmp", 01777);
    if (fcntl(1, F_GETFD) < 0) { /* started without a console */
        int fd = open("/dev/console", O_RDWR);
        while (fd >= 0 && fd < 2)
            fd = dup(fd);
    }
    /* Messages of the kernel would land between the lines of a program. */
    syscall(SYS_syslog, 8, NULL, 1);
    memset(out_buf, 0, sizeof out_buf);
    memset(line_buf, 0, sizeof line_buf);
}

/* As deep as any test will leave one: the runner's heap has grown as far as it ever will. */
static void deep_tree_make(void)
{
    char path[64] = "/tmp/w";
    mkdir(path, 0755);
    for (int i = 0; i < 8; i++) {
        strcat(path, "/d");
        mkdir(path, 0755);
    }
}

static void warm_up(void)
{
    static struct outcome o;
    struct usage u;
    char reason[512];
    for (int i = 0; i < 3; i++) {
        usage_read(&u);
        program_run("/tests/boot", "nothing-of-this-name", 1, &o);
        output_last_line();
        outcome_describe(&o);
        deep_tree_make();
        files_clean();
        usage_differs(&u, reason, sizeof reason);
        recount_differs(reason, sizeof reason);
    }
}

static void boot_all(int show)
{
    say("# seed %lu\n", opt.seed);
    warm_up();
    say("TAP version 13\n1..%d\n", n_boot * opt.repeat);
    for (int r = 0; r < opt.repeat; r++) {
        names_shuffle(boot_names, n_boot);
        for (int i = 0; i < n_boot; i++)
            boot_test(boot_names[i], show);
    }
    say("# %d passed, %d failed, %d skipped\n", n_passed, n_failed, n_skipped);
}

static void abi_all(int show)
{
    for (int r = 0; r < opt.repeat; r++)
        for (int i = 0; i < n_abi; i++)
            abi_test(abi_names[i], show);
    say("==== end of %d programs\n", n_abi);
}

int main(int argc, char **argv, char **envp)
{
    int is_init = getpid() == 1;
    if (is_init)
        world_setup();
    options_read(argc, argv, envp);
    n_boot = names_read("/tests/boot", boot_names);
    n_abi = names_read("/tests/abi", abi_names);
    if (!strcmp(opt.mode, "boot"))
        boot_all(0);
    else if (!strcmp(opt.mode, "abi"))
        abi_all(0);
    else {
        if (n_boot)
            boot_all(1);
        if (n_abi)
            abi_all(1);
    }
    if (!is_init)
        return n_failed != 0;
    sync();
    reboot(RB_POWER_OFF);
    for (;;)
        pause();
}
