/* SPDX-License-Identifier: MIT */
/*
 * init: the first process, the same binary on calf and on Linux.
 *
 *   init                  mounts, /etc/rc, then a login shell on the console, again and again
 *   init -c "COMMAND"     mounts, runs one command, and powers the machine off with its status
 *
 * The command may also be spread over several arguments; they are joined with blanks, so
 * that a kernel which does not honour quotes on its command line works as well.
 *
 * The end of the machine. Process 1 leaves in one of two ways: on calf an exit of process 1
 * powers the machine off and its status becomes QEMU's; on Linux that would be a panic, so
 * there it is reboot(2), and the status is printed instead. Signals as busybox's `poweroff`,
 * `reboot` and `halt` send them: SIGUSR2, SIGTERM, SIGUSR1.
 *
 * The shell is the leader of a session of its own with the console as controlling terminal:
 * without that there is no job control, and ^C reaches nobody.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/major.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

enum { STATUS_NOT_STARTED = 127, STATUS_SIGNAL = 128 };

static const char welcome[] =
    "\nWelcome. Try:  cowdemo  (watch fork share and copy pages)   cowstat  (the counters)\n"
    "               ls /xv6  (programs for xv6)   busybox  (all the tools)\n"
    "To leave: poweroff, or Ctrl-A x.\n\n";

static void mount_all(void);
static void console_open(void);
static void environment_set(void);
static void signals_set(void);
static void rc_run(void);
static int command_run(char **words);
static void shell_forever(void);
static void machine_end(int status);

int main(int argc, char **argv)
{
    if (getpid() != 1) {
        fprintf(stderr, "init: only the kernel starts this\n");
        return 1;
    }
    mount_all();
    console_open();
    environment_set();
    signals_set();
    for (int i = 1; i + 1 < argc; i++) {
        if (strcmp(argv[i], "-c") == 0)
            machine_end(command_run(argv + i + 1));
    }
    rc_run();
    if (write(1, welcome, sizeof(welcome) - 1) < 0)
        return 1;
    shell_forever();
}

/* Mounts what programs expect; a file system that is there already, or that this kernel
 * does not know, is no reason to stop. */
static void mount_all(void)
{
    static const struct {
        const char *type, *dir, *options;
    } table[] = {
        {"proc", "/proc", NULL},
        {"sysfs", "/sys", NULL},
        {"devtmpfs", "/dev", NULL},
        {"tmpfs", "/tmp", "mode=1777"},
    };

    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        mkdir(table[i].dir, 0755);
        mount(table[i].type, table[i].dir, table[i].type, 0, table[i].options);
    }
    mkdir("/root", 0700);
}

/* The console becomes descriptors 0, 1 and 2. */
static void console_open(void)
{
    int fd = open("/dev/console", O_RDWR | O_NOCTTY);

    if (fd < 0)
        return; /* whatever the kernel opened for us stays */
    for (int i = 0; i < 3; i++) {
        if (fd != i)
            dup2(fd, i);
    }
    if (fd > 2)
        close(fd);
}

static void environment_set(void)
{
    setenv("HOME", "/root", 1);
    setenv("PATH", "/bin:/sbin:/usr/bin:/usr/sbin:/xv6", 1);
    setenv("TERM", "linux", 0);
    setenv("PS1", "\\w \\$ ", 1);
    setenv("USER", "root", 1);
    setenv("SHELL", "/bin/sh", 1);
    if (chdir(getenv("HOME")) < 0 && chdir("/") < 0)
        _exit(STATUS_NOT_STARTED);
}

/* Ends every other process, writes back, and hands the machine to the kernel. Runs in a
 * signal handler too: system calls only. */
static void machine_stop(int how)
{
    struct timespec grace = {.tv_nsec = 100 * 1000 * 1000};

    kill(-1, SIGTERM);
    kill(-1, SIGCONT);
    nanosleep(&grace, NULL);
    kill(-1, SIGKILL);
    sync();
    reboot(how);
    _exit(0); /* no right to reboot: the end of process 1 is the end as well */
}

static void signal_stop(int sig)
{
    if (getpid() != 1)
        _exit(STATUS_SIGNAL + sig); /* a child that had not reached its exec yet */
    if (sig == SIGUSR1)
        machine_stop(RB_HALT_SYSTEM);
    machine_stop(sig == SIGUSR2 ? RB_POWER_OFF : RB_AUTOBOOT);
}

static void signals_set(void)
{
    static const int stop[] = {SIGUSR1, SIGUSR2, SIGTERM, SIGINT};
    struct sigaction action = {.sa_handler = signal_stop};

    sigfillset(&action.sa_mask);
    for (size_t i = 0; i < sizeof(stop) / sizeof(stop[0]); i++)
        sigaction(stop[i], &action, NULL);
    reboot(RB_DISABLE_CAD);
}

/* Exchanges /dev/console for the serial port behind it, for which job control holds and which
 * is hung up when the session ends. */
static void terminal_open(void)
{
    unsigned device;
    char path[32];
    int fd;

    if (ioctl(0, TIOCGDEV, &device) < 0 || device >> 8 != TTY_MAJOR || (device & 0xff) < 64)
        return;
    snprintf(path, sizeof(path), "/dev/ttyS%u", (device & 0xff) - 64);
    fd = open(path, O_RDWR | O_NOCTTY);
    for (int i = 0; fd >= 0 && i < 3; i++)
        dup2(fd, i);
    if (fd > 2)
        close(fd);
}

/* In the child: a session, the terminal, default signals, the program. */
static void program_become(char **argv)
{
    setsid();
    terminal_open();
    if (ioctl(0, TIOCSCTTY, 1) == 0)
        tcsetpgrp(0, getpid());
    for (int sig = 1; sig < 32; sig++)
        signal(sig, SIG_DFL);
    execv(argv[0], argv);
    fprintf(stderr, "init: cannot start %s: %s\n", argv[0], strerror(errno));
    _exit(STATUS_NOT_STARTED);
}

/* Starts argv and reaps everybody who ends until argv itself has; gives its status as a
 * shell would number it. */
static int program_run(char **argv)
{
    int status = 0;
    pid_t pid = fork();

    if (pid == 0)
        program_become(argv);
    if (pid < 0)
        return STATUS_NOT_STARTED;
    for (;;) {
        pid_t got = waitpid(-1, &status, 0);

        if (got == pid)
            break;
        if (got < 0 && errno != EINTR)
            return STATUS_NOT_STARTED;
    }
    return WIFSIGNALED(status) ? STATUS_SIGNAL + WTERMSIG(status) : WEXITSTATUS(status);
}

static void rc_run(void)
{
    char *direct[] = {"/etc/rc", NULL};
    char *by_shell[] = {"/bin/sh", "/etc/rc", NULL};

    if (access("/etc/rc", R_OK) == 0)
        program_run(access("/etc/rc", X_OK) == 0 ? direct : by_shell);
}

static int command_run(char **words)
{
    static char line[4096];
    char *argv[] = {"/bin/sh", "-c", line, NULL};
    size_t used = 0;

    for (; *words; words++) {
        int n = snprintf(line + used, sizeof(line) - used, "%s%s", used ? " " : "", *words);

        if (n < 0 || (size_t)n >= sizeof(line) - used) {
            fprintf(stderr, "init: the command is too long\n");
            return STATUS_NOT_STARTED;
        }
        used += (size_t)n;
    }
    return program_run(argv);
}

static void shell_forever(void)
{
    char *argv[] = {"/bin/sh", "-l", NULL};

    for (;;) {
        time_t begun = time(NULL);

        program_run(argv);
        if (time(NULL) - begun < 2)
            sleep(1); /* a shell that cannot start must not eat the machine */
    }
}

static bool kernel_is_calf(void)
{
    struct utsname name;

    return uname(&name) == 0 &&
           (strcasestr(name.sysname, "calf") || strcasestr(name.release, "calf") ||
            strcasestr(name.version, "calf"));
}

static void machine_end(int status)
{
    fflush(stdout);
    sync();
    if (kernel_is_calf())
        _exit(status);
    printf("init: the command ended with status %d\n", status);
    fflush(stdout);
    tcdrain(1);
    machine_stop(RB_POWER_OFF);
}
