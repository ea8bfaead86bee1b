/* SPDX-License-Identifier: MIT */
/* poll and ppoll on pipes, files, bad descriptors; timeouts and masks. */
#include "t.h"

static void show(const char *what, int fd, short events, int timeout)
{
    struct pollfd p = {fd, events, 0};
    int r = poll(&p, 1, timeout);
    printf("%s: %d revents", what, r);
    if (r < 0)
        printf(" %s", t_errname(errno));
    static const struct {
        short bit;
        const char *name;
    } bits[] = {{POLLIN, "IN"},         {POLLOUT, "OUT"},      {POLLHUP, "HUP"},
                {POLLERR, "ERR"},       {POLLNVAL, "NVAL"},    {POLLPRI, "PRI"},
                {POLLRDNORM, "RDNORM"}, {POLLWRNORM, "WRNORM"}};
    for (size_t i = 0; i < sizeof bits / sizeof *bits; i++)
        if (p.revents & bits[i].bit)
            printf(" %s", bits[i].name);
    puts("");
}

static void on_signal(int sig)
{
    printf("handler %s\n", t_signame(sig));
}

int main(void)
{
    enum { ALL = POLLIN | POLLOUT | POLLPRI | POLLRDNORM | POLLWRNORM };
    int p[2];
    static char big[70000];
    pipe2(p, O_NONBLOCK);
    show("empty, read end", p[0], ALL, 0);
    show("empty, write end", p[1], ALL, 0);
    show("empty, wait 20 ms", p[0], POLLIN, 20);
    write(p[1], "x", 1);
    show("one byte, read end", p[0], ALL, -1);
    show("nothing asked", p[0], 0, 0);
    write(p[1], big, sizeof big);
    show("full, write end", p[1], ALL, 0);
    read(p[0], big, 4096);
    show("a page free, write end", p[1], ALL, 0);
    int keep = dup(p[1]);
    close(p[1]);
    close(keep);
    show("no writer, data left", p[0], ALL, 0);
    while (read(p[0], big, sizeof big) > 0)
        ;
    show("no writer, empty", p[0], ALL, 0);
    close(p[0]);
    show("closed", p[0], POLLIN, 0);
    show("negative", -1, POLLIN, 0);
    pipe(p);
    close(p[0]);
    show("no reader", p[1], ALL, 0);
    close(p[1]);
    int fd = open("f", O_RDWR | O_CREAT, 0644);
    show("file", fd, ALL, 0);
    show("null", open("/dev/null", O_RDWR), ALL, 0);
    R(poll(NULL, 0, 10));
    R(poll((void *)16, 1, 0));
    long start = t_now_ms();
    R(poll(NULL, 0, 50));
    printf("waited long enough %d\n", t_now_ms() - start >= 50);

    pipe(p);
    pid_t pid = fork();
    if (pid == 0) {
        t_msleep(50);
        write(p[1], "w", 1);
        _exit(0);
    }
    show("woken by a writer", p[0], POLLIN, 5000);
    t_wait("writer", pid);

    signal(SIGUSR1, on_signal);
    sigset_t none, usr1;
    sigemptyset(&none);
    sigemptyset(&usr1);
    sigaddset(&usr1, SIGUSR1);
    sigprocmask(SIG_BLOCK, &usr1, NULL);
    raise(SIGUSR1);
    struct timespec zero = {0, 0}, sec = {1, 0}, bad = {0, 1000000000};
    R(ppoll(NULL, 0, &zero, NULL));
    R(ppoll(NULL, 0, &sec, &none));
    sigset_t pending;
    sigpending(&pending);
    printf("pending %d\n", sigismember(&pending, SIGUSR1));
    R(ppoll(NULL, 0, &bad, NULL));
    struct pollfd two[2] = {{p[0], POLLIN, 0}, {p[1], POLLOUT, 0}};
    R(poll(two, 2, 0));
    printf("%d %d\n", two[0].revents, two[1].revents);
    return 0;
}
