/* SPDX-License-Identifier: MIT */
/* The console as a terminal: settings, waiting reads, sessions, job control, hang-up. */
#include "t.h"

#include <sys/ioctl.h>
#include <termios.h>

static int console;
static struct termios saved;

static void settings(void)
{
    struct termios t;
    struct winsize w = {.ws_row = 30, .ws_col = 100}, back, first;

    R(tcgetattr(console, &saved));
    printf("iflag %x oflag %x lflag %x line %d\n", saved.c_iflag, saved.c_oflag, saved.c_lflag,
           saved.c_line);
    for (int i = 0; i <= VEOL2; i++)
        printf("%d ", saved.c_cc[i]);
    printf("\n");
    t = saved;
    t.c_lflag &= ~(ICANON | ECHO);
    t.c_cc[VMIN] = 3;
    R(tcsetattr(console, TCSANOW, &t));
    R(tcgetattr(console, &t));
    printf("raw %d min %d\n", !(t.c_lflag & (ICANON | ECHO)), t.c_cc[VMIN]);
    R(tcsetattr(console, TCSAFLUSH, &saved));
    R(ioctl(console, TIOCGWINSZ, &first));
    R(ioctl(console, TIOCSWINSZ, &w));
    R(ioctl(console, TIOCGWINSZ, &back));
    printf("window %d %d\n", back.ws_row, back.ws_col);
    ioctl(console, TIOCSWINSZ, &first);
    R(ioctl(console, TIOCGWINSZ, NULL));
    R(ioctl(console, TCGETS, (void *)1));
    R(ioctl(console, 0x5499, 0));
    R(tcflow(console, 9));
    R(tcflush(console, 9));
    R(isatty(console));
    R(lseek(console, 0, SEEK_SET));
    int pending = -1;
    R(ioctl(console, FIONREAD, &pending));
    printf("pending %d\n", pending);
    R(ioctl(console, TIOCGETD, &pending));
    printf("discipline %d\n", pending);
    R(tcgetattr(open("/dev/null", O_RDWR), &t));
}

static void raw_read(int vmin, int vtime, int flags)
{
    struct termios t = saved;
    char b[4];
    long begun = t_now_ms();

    t.c_lflag &= ~(ICANON | ECHO);
    t.c_cc[VMIN] = vmin;
    t.c_cc[VTIME] = vtime;
    tcsetattr(console, TCSANOW, &t);
    fcntl(console, F_SETFL, O_RDWR | flags);
    R(read(console, b, 4));
    long took = t_now_ms() - begun;
    printf("min %d time %d nonblock %d: waited %d\n", vmin, vtime, flags != 0, took >= 150);
    fcntl(console, F_SETFL, O_RDWR);
    tcsetattr(console, TCSANOW, &saved);
}

static void waiting(void)
{
    struct pollfd p = {console, POLLIN | POLLOUT, 0};
    char b[4];

    raw_read(0, 0, 0);
    raw_read(0, 2, 0);
    raw_read(0, 0, O_NONBLOCK);
    raw_read(0, 2, O_NONBLOCK);
    raw_read(1, 0, O_NONBLOCK);
    raw_read(1, 2, O_NONBLOCK);
    fcntl(console, F_SETFL, O_RDWR | O_NONBLOCK);
    R(read(console, b, 4));
    R(read(console, b, 0));
    fcntl(console, F_SETFL, O_RDWR);
    R(poll(&p, 1, 0));
    printf("events %x\n", p.revents);
    R(read(console, (void *)1, 0));
    R(write(console, (void *)1, 4));
    R(write(console, b, 0));
}

static void nobody(int sig)
{
}

static void interrupted(void)
{
    char b[4];
    struct sigaction action = {.sa_handler = nobody};
    struct itimerval soon = {.it_value.tv_usec = 50000};

    sigaction(SIGALRM, &action, NULL);
    setitimer(ITIMER_REAL, &soon, NULL);
    R(read(console, b, 4));
}

static void without_session(void)
{
    pid_t group;

    R(open("/dev/tty", O_RDWR));
    R(ioctl(console, TIOCGPGRP, &group));
    R(ioctl(console, TIOCGSID, &group));
    R(ioctl(console, TIOCNOTTY));
    R(tcsetpgrp(console, getpgrp()));
    R(ioctl(console, TIOCSCTTY, 0)); /* not a leader */
}

/* A session of our own, with the terminal, in a child that leads it. */
static void session_begin(void)
{
    setsid();
    R(ioctl(console, TIOCSCTTY, 0));
    R(ioctl(console, TIOCSCTTY, 0)); /* it is already */
    printf("foreground %d session %d\n", tcgetpgrp(console) == getpgrp(),
           tcgetsid(console) == getsid(0));
}

static void control(void)
{
    int tty, other;

    session_begin();
    P(tty = open("/dev/tty", O_RDWR));
    printf("same %d\n", tcgetpgrp(tty) == getpgrp());
    R(tcsetpgrp(console, 999999));
    R(tcsetpgrp(console, -1));
    R(tcsetpgrp(console, 1)); /* somebody else's session */
    IN_CHILD("another session", setsid(); R(ioctl(console, TIOCSCTTY, 0));
             R(open("/dev/tty", O_RDWR)); R(tcsetpgrp(console, getpgrp())));
    signal(SIGHUP, SIG_IGN);
    signal(SIGCONT, SIG_IGN);
    R(ioctl(tty, TIOCNOTTY));
    R(open("/dev/tty", O_RDWR));
    P(other = open("/dev/ttyS0", O_RDWR)); /* a leader without a terminal gets it */
    printf("controls %d\n", tcgetpgrp(other) == getpgrp());
}

/* What happens to a background group that does this. */
#define IN_BACKGROUND(who, ...)             \
    do {                                    \
        pid_t pid_ = fork();                \
        int status_;                        \
        if (pid_ == 0) {                    \
            setpgid(0, 0);                  \
            __VA_ARGS__;                    \
            _exit(0);                       \
        }                                   \
        setpgid(pid_, pid_);                \
        waitpid(pid_, &status_, WUNTRACED); \
        t_print_status(who, status_);       \
        if (WIFSTOPPED(status_)) {          \
            kill(pid_, SIGKILL);            \
            waitpid(pid_, &status_, 0);     \
        }                                   \
    } while (0)

static void background(void)
{
    struct termios t = saved;
    int tty;
    char b[4];

    session_begin();
    tty = open("/dev/tty", O_RDWR);
    IN_BACKGROUND("read", read(tty, b, 4));
    IN_BACKGROUND("read, ignoring", signal(SIGTTIN, SIG_IGN); R(read(tty, b, 4)));
    IN_BACKGROUND("write", R(write(tty, b, 0)));
    IN_BACKGROUND("tcsetattr", tcsetattr(tty, TCSANOW, &saved));
    IN_BACKGROUND("tcsetattr, ignoring", signal(SIGTTOU, SIG_IGN);
                  R(tcsetattr(tty, TCSANOW, &saved)));
    IN_BACKGROUND("tcsetpgrp", tcsetpgrp(tty, getpgrp()));
    IN_BACKGROUND("tcflush", tcflush(tty, TCIFLUSH));
    IN_BACKGROUND("tcgetattr", R(tcgetattr(tty, &t)));
    t = saved;
    t.c_lflag |= TOSTOP;
    tcsetattr(tty, TCSANOW, &t);
    IN_BACKGROUND("write with TOSTOP", write(tty, "", 1));
    tcsetattr(tty, TCSANOW, &saved);
    IN_BACKGROUND("to the front", signal(SIGTTOU, SIG_IGN); R(tcsetpgrp(tty, getpgrp()));
                  R(tcsetattr(tty, TCSANOW, &saved)));
    signal(SIGTTOU, SIG_IGN);
    tcsetpgrp(tty, getpgrp());
    signal(SIGTTOU, SIG_DFL);
}

static int report[2];

static void on_signal(int sig)
{
    char b[32];
    int n = snprintf(b, sizeof b, "got SIG%s\n", t_signame(sig));

    write(report[1], b, n);
}

/* The leader ends: its foreground group is told, and what it had open is dead. */
static void leader_ends(void)
{
    int ready[2];
    char b[4];

    session_begin();
    pipe(ready);
    if (fork() == 0) {
        int tty = open("/dev/tty", O_RDWR);
        struct termios t;

        signal(SIGHUP, on_signal);
        write(ready[1], "", 1);
        while (getppid() != 1)
            t_msleep(5);
        t_msleep(50);
        dup2(report[1], 1);
        R(read(tty, b, 4));
        R(write(tty, b, 1));
        R(tcgetattr(tty, &t));
        R(open("/dev/tty", O_RDWR));
        R(tcgetattr(console, &t)); /* /dev/console lives on */
        _exit(0);
    }
    read(ready[0], b, 1);
}

static void window_change(void)
{
    struct winsize w, first;
    sigset_t set;

    session_begin();
    sigemptyset(&set);
    sigaddset(&set, SIGWINCH);
    sigprocmask(SIG_BLOCK, &set, NULL);
    ioctl(console, TIOCGWINSZ, &first);
    w = first;
    w.ws_row += 5;
    ioctl(console, TIOCSWINSZ, &w);
    R(sigtimedwait(&set, NULL, &(struct timespec){1, 0}));
    ioctl(console, TIOCSWINSZ, &w); /* no change, no signal */
    R(sigtimedwait(&set, NULL, &(struct timespec){0, 50000000}));
    ioctl(console, TIOCSWINSZ, &first);
}

int main(void)
{
    char b[2000];
    ssize_t n;

    P(console = open("/dev/console", O_RDWR | O_NOCTTY));
    settings();
    waiting();
    interrupted();
    IN_CHILD("no session", without_session());
    IN_CHILD("control", control());
    IN_CHILD("background", background());
    IN_CHILD("window", window_change());
    pipe(report);
    IN_CHILD("leader", leader_ends());
    close(report[1]);
    while ((n = read(report[0], b, sizeof b)) > 0)
        fwrite(b, 1, n, stdout);
    tcsetattr(console, TCSANOW, &saved);
    return 0;
}
