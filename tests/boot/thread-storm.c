/* SPDX-License-Identifier: MIT */
/*
 * Threads that map, unmap, protect, move and touch the same memory, fork, wait on futexes that
 * others requeue, and use one epoll set, while the process execs, exits or is killed at a
 * random moment from any of them. It always ends, soon, and leaves nothing.
 */
#include "t.h"
#include <linux/futex.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>

enum { THREADS = 5, PAGES = 64, SECONDS = 3, END_MS = 40000 };

static char *shared;
static volatile int words[2];
static int set, event, ends[2];

static void on_signal(int sig)
{
    (void)sig;
}

static void memory_change(uint64_t *s)
{
    char *at = shared + t_mix(s) % (PAGES - 4) * PAGE;
    switch (t_mix(s) % 5) {
    case 0:
        mprotect(at, (1 + t_mix(s) % 4) * PAGE, RW);
        break;
    case 1:
        mmap(at, 2 * PAGE, RW, MAP_FIXED | MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        break;
    case 2: {
        char *own = t_map(8);
        own[0] = 1;
        char *moved = mremap(own, 8 * PAGE, 40 * PAGE, MREMAP_MAYMOVE);
        CHECK(moved != MAP_FAILED && moved[0] == 1);
        moved[39 * PAGE] = 2;
        munmap(moved, 40 * PAGE);
        break;
    }
    case 3:
        madvise(at, 3 * PAGE, MADV_DONTNEED);
        break;
    default:
        (*at)++;
    }
}

static void futex_use(uint64_t *s)
{
    struct timespec soon = {0, 300000};
    switch (t_mix(s) % 3) {
    case 0:
        syscall(SYS_futex, &words[0], FUTEX_WAIT, 0, &soon, 0, 0);
        break;
    case 1:
        syscall(SYS_futex, &words[0], FUTEX_CMP_REQUEUE, 1, 10, &words[1], 0);
        break;
    default:
        syscall(SYS_futex, &words[t_mix(s) & 1], FUTEX_WAKE, 10, 0, 0, 0);
    }
}

static void events_use(uint64_t *s)
{
    struct epoll_event found[4], edge = {.events = EPOLLIN | EPOLLET};
    uint64_t one = 1;
    char buf[64] = "";
    switch (t_mix(s) % 4) {
    case 0:
        write(event, &one, sizeof one);
        write(ends[1], buf, 1 + t_mix(s) % sizeof buf);
        break;
    case 1:
        epoll_wait(set, found, 4, 1);
        break;
    case 2:
        read(event, &one, sizeof one);
        read(ends[0], buf, sizeof buf);
        break;
    default: {
        int fd = eventfd(0, EFD_NONBLOCK);
        epoll_ctl(set, EPOLL_CTL_ADD, fd, &edge);
        write(fd, &one, sizeof one);
        close(fd);
    }
    }
}

static void child_make(uint64_t *s)
{
    pid_t pid = fork();
    if (pid == 0) {
        shared[5 * PAGE] = 3;
        if (t_mix(s) & 1)
            execl("/proc/self/exe", "thread-storm", "0", NULL); /* ends at once */
        _exit(0);
    }
    if (pid > 0)
        waitpid(pid, NULL, 0);
}

static void process_end(uint64_t *s)
{
    switch (t_mix(s) % 4) {
    case 0:
        execl("/proc/self/exe", "thread-storm", "0", NULL); /* ends at once */
        break;
    case 1:
        syscall(SYS_exit_group, 0);
        break;
    case 2:
        kill(getpid(), SIGKILL);
        break;
    default:
        syscall(SYS_exit, 0);
    }
}

static void *thread(void *arg)
{
    uint64_t s = (uint64_t)arg;
    for (int n = t_mix(&s) % 300; n > 0; n--)
        switch (t_mix(&s) % 16) {
        case 0:
            child_make(&s);
            break;
        case 1:
        case 2:
            kill(getpid(), SIGUSR1);
            break;
        case 3:
        case 4:
        case 5:
            futex_use(&s);
            break;
        case 6:
        case 7:
        case 8:
            events_use(&s);
            break;
        default:
            memory_change(&s);
        }
    process_end(&s);
    return NULL;
}

static void process(uint64_t seed)
{
    struct epoll_event in = {.events = EPOLLIN}, edge = {.events = EPOLLIN | EPOLLET};
    pthread_t t;
    signal(SIGUSR1, on_signal);
    shared = t_map(PAGES);
    set = epoll_create1(0);
    event = eventfd(0, EFD_NONBLOCK);
    pipe2(ends, O_NONBLOCK);
    epoll_ctl(set, EPOLL_CTL_ADD, event, &in);
    epoll_ctl(set, EPOLL_CTL_ADD, ends[0], &edge);
    for (int i = 0; i < THREADS; i++)
        pthread_create(&t, NULL, thread, (void *)(t_mix(&seed) | 1));
    thread((void *)t_mix(&seed));
}

int main(int argc, char **argv)
{
    long end = t_now_ms() + (argc > 1 ? atol(argv[1]) : SECONDS) * 1000;
    t_delays(t_seed());
    while (t_now_ms() < end) {
        uint64_t seed = t_rnd();
        pid_t pid = t_fork();
        if (pid == 0)
            process(seed);
        long limit = t_now_ms() + END_MS;
        for (int st; waitpid(pid, &st, WNOHANG) != pid; t_msleep(1))
            CHECK(t_now_ms() < limit, "process %d, seed %#lx, does not end", pid,
                  (unsigned long)seed);
    }
    t_delays(0);
    return 0;
}
