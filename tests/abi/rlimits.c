/* SPDX-License-Identifier: MIT */
/* Resource limits: NOFILE, FSIZE, AS, CORE, NPROC; reading and setting. */
#include "t.h"
#include <sys/resource.h>

static void set(int which, rlim_t soft, rlim_t hard)
{
    struct rlimit l = {soft, hard};
    setrlimit(which, &l);
}

static void files(void)
{
    set(RLIMIT_NOFILE, 10, 20);
    int n = 0;
    while (dup(0) >= 0)
        n++;
    printf("stopped by %s, highest %d\n", t_errname(errno), fcntl(9, F_GETFD));
    R(dup2(0, 10));
    R(fcntl(0, F_DUPFD, 10));
    R(open("/dev/null", O_RDONLY));
    int p[2];
    R(pipe(p));
    close(9);
    R(pipe(p));
    R(dup(0));
    struct rlimit l = {30, 30};
    IN_CHILD("unprivileged", setuid(1000); R(setrlimit(RLIMIT_NOFILE, &l)));
    R(setrlimit(RLIMIT_NOFILE, &l));
    R(dup2(0, 29));
    l = (struct rlimit){5, 4};
    R(setrlimit(RLIMIT_NOFILE, &l));
}

static void size(void)
{
    char b[8192] = "";
    int fd = open("f", O_RDWR | O_CREAT, 0644);
    set(RLIMIT_FSIZE, 5000, RLIM_INFINITY);
    R(write(fd, b, 4000));
    R(write(fd, b, 4000));
    IN_CHILD("at the limit", write(fd, b, 1));
    signal(SIGXFSZ, SIG_IGN);
    R(write(fd, b, 1));
    R(ftruncate(fd, 6000));
    R(ftruncate(fd, 100));
    R(lseek(fd, 0, SEEK_END));
    R(pwrite(fd, b, 100, 10000));
    R(pwrite(fd, b, 10, 4995));
}

static void memory(void)
{
    set(RLIMIT_AS, 64 << 20, 64 << 20);
    P(mmap(NULL, 16 << 20, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    R(mmap(NULL, 64 << 20, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    R((long)sbrk(64 << 20));
    char *a = P(mmap(NULL, 1 << 20, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    R(mremap(a, 1 << 20, 64 << 20, MREMAP_MAYMOVE));
}

static void reading(void)
{
    struct rlimit l;
    for (int i = 0; i < 16; i++)
        R(getrlimit(i, &l));
    R(getrlimit(16, &l));
    R(getrlimit(0, (void *)16));
    R(prlimit(getpid(), RLIMIT_CORE, NULL, &l));
    R(prlimit(999999, RLIMIT_CORE, NULL, &l));
    set(RLIMIT_CORE, 123, 456);
    IN_CHILD("inherited", getrlimit(RLIMIT_CORE, &l); _exit(l.rlim_cur));
    getrlimit(RLIMIT_STACK, &l);
    printf("stack 8 MiB %d\n", l.rlim_cur == 8 << 20);
}

int main(void)
{
    reading();
    IN_CHILD("files", files());
    IN_CHILD("size", size());
    IN_CHILD("memory", memory());
}
