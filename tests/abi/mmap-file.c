/* SPDX-License-Identifier: MIT */
/* File mappings: private against shared, coherence with read and write, SIGBUS past the end. */
#include "t.h"
#include <setjmp.h>

static sigjmp_buf env;
static volatile int code;

static void on_bus(int sig, siginfo_t *si, void *u)
{
    (void)u;
    code = si->si_code;
    siglongjmp(env, sig);
}

static void touch(const char *what, volatile char *p, int write)
{
    int sig = sigsetjmp(env, 1);
    if (sig == 0) {
        if (write)
            *p = 'w';
        else
            (void)*p;
        printf("%s: fine\n", what);
    } else
        printf("%s: SIG%s code %d\n", what, t_signame(sig), code);
}

int main(void)
{
    struct sigaction sa = {.sa_sigaction = on_bus, .sa_flags = SA_SIGINFO};
    sigaction(SIGBUS, &sa, NULL);
    sigaction(SIGSEGV, &sa, NULL);
    char b[16] = "";
    int fd = open("f", O_RDWR | O_CREAT, 0644);
    for (int i = 0; i < 3; i++) {
        char page[PAGE];
        memset(page, '0' + i, PAGE);
        write(fd, page, PAGE);
    }
    ftruncate(fd, 2 * PAGE + 100);
    char *s = P(mmap(NULL, 4 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0));
    char *p = P(mmap(NULL, 4 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0));
    printf("%c%c%c %c%c%c\n", s[0], s[PAGE], s[2 * PAGE], p[0], p[PAGE], p[2 * PAGE]);
    printf("zero after the end %d %d\n", s[2 * PAGE + 100], p[2 * PAGE + 4095]);
    p[0] = 'P';
    R(pread(fd, b, 1, 0));
    printf("%s %c %c\n", b, s[0], p[0]);
    s[1] = 'S';
    R(pread(fd, b, 2, 0));
    printf("%s, private page broken before: %c, untouched private page: ", b, p[1]);
    s[PAGE] = 'T';
    printf("%c\n", p[PAGE]);
    R(pwrite(fd, "WW", 2, PAGE));
    printf("%c %c\n", s[PAGE], p[PAGE + 1]);
    touch("read past the end, shared", s + 3 * PAGE, 0);
    touch("write past the end, shared", s + 3 * PAGE, 1);
    touch("read past the end, private", p + 3 * PAGE, 0);
    touch("write past the end, private", p + 3 * PAGE, 1);
    R(pread(fd, p + 3 * PAGE, 10, 0));
    R(ftruncate(fd, 4 * PAGE));
    touch("grown, shared", s + 3 * PAGE, 1);
    touch("grown, private", p + 3 * PAGE, 0);
    R(ftruncate(fd, PAGE));
    touch("shrunk, shared", s + PAGE, 0);
    touch("shrunk, private", p + 2 * PAGE, 0);
    touch("shrunk, first page", s, 1);
    R(ftruncate(fd, 2 * PAGE));
    printf("zero after growing again %d\n", s[PAGE]);
    IN_CHILD("child", s[10] = 'C'; p[10] = 'D');
    printf("%c %c\n", s[10], p[10] == 'D' ? 'D' : '-');
    R(close(fd));
    printf("mapping outlives the descriptor %c\n", s[10]);
    R(unlink("f"));
    printf("and the name %c\n", s[10]);
    R(munmap(s, 4 * PAGE));
    int ro = open("ro", O_RDONLY | O_CREAT, 0644);
    write(open("ro", O_WRONLY), "readonly", 8);
    char *r = P(mmap(NULL, PAGE, PROT_READ, MAP_SHARED, ro, 0));
    R(mprotect(r, PAGE, PROT_READ | PROT_WRITE));
    touch("write to read-only", r, 1);
    R(mmap(NULL, PAGE, PROT_READ, MAP_SHARED, ro, PAGE) == MAP_FAILED);
    char *o =
        P(mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, open("/dev/zero", O_RDWR), 0));
    o[5] = 1;
    printf("%d%d\n", o[4], o[5]);
    return 0;
}
