/* SPDX-License-Identifier: MIT */
/* munmap and mprotect on parts of mappings: what is left where. */
#include "t.h"
#include <setjmp.h>

static sigjmp_buf env;
static volatile int code;

static void on_segv(int sig, siginfo_t *si, void *u)
{
    (void)sig, (void)u;
    code = si->si_code;
    siglongjmp(env, 1);
}

/* One character per page: w writable, r readable, - mapped without access, . not mapped. */
static char probe(volatile char *p)
{
    if (sigsetjmp(env, 1))
        return code == SEGV_MAPERR ? '.' : '-';
    char c = *p;
    if (sigsetjmp(env, 1))
        return 'r';
    *p = c;
    return 'w';
}

static void show(const char *what, char *p, int n)
{
    printf("%-28s", what);
    for (int i = 0; i < n; i++)
        putchar(probe(p + i * PAGE));
    puts("");
}

int main(void)
{
    struct sigaction sa = {.sa_sigaction = on_segv, .sa_flags = SA_SIGINFO};
    sigaction(SIGSEGV, &sa, NULL);
    char *a = mmap(NULL, 10 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    for (int i = 0; i < 10; i++)
        a[i * PAGE] = 'a' + i;
    show("all", a, 10);
    R(munmap(a + 4 * PAGE, PAGE));
    show("hole in the middle", a, 10);
    R(munmap(a, PAGE));
    R(munmap(a + 9 * PAGE, PAGE));
    show("both ends", a, 10);
    R(munmap(a + 3 * PAGE, 3 * PAGE));
    show("across the hole", a, 10);
    R(munmap(a + 6 * PAGE, 1));
    show("one byte is one page", a, 10);
    R(mprotect(a + PAGE, PAGE, PROT_READ));
    R(mprotect(a + 7 * PAGE, PAGE, PROT_NONE));
    show("protected", a, 10);
    R(mprotect(a + PAGE, 3 * PAGE, PROT_READ));
    show("a range with a hole", a, 10);
    R(mprotect(a + 4 * PAGE, PAGE, PROT_READ));
    R(mprotect(a + PAGE, 2 * PAGE, PROT_READ | PROT_WRITE));
    R(mprotect(a + 7 * PAGE, PAGE, PROT_READ | PROT_WRITE));
    show("back", a, 10);
    printf("content %c%c%c%c\n", a[PAGE], a[2 * PAGE], a[7 * PAGE], a[8 * PAGE]);
    R(mprotect(a + PAGE, PAGE, PROT_WRITE));
    show("PROT_WRITE alone", a, 10);
    R(mprotect(a + PAGE, PAGE, PROT_EXEC | PROT_READ));
    show("read and execute", a, 10);
    R(mprotect(a + 1, PAGE, PROT_READ));
    R(mprotect(a + PAGE, 0, PROT_NONE));
    R(mprotect(a + PAGE, PAGE, 0x40));
    R(mprotect(a + PAGE, -PAGE, PROT_READ));
    R(mprotect(a + PAGE, PAGE, PROT_READ | PROT_GROWSDOWN));
    char *n = mmap(NULL, 4 * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    show("PROT_NONE", n, 4);
    R(mprotect(n + PAGE, 2 * PAGE, PROT_READ | PROT_WRITE));
    show("middle opened", n, 4);
    n[PAGE] = 'n';
    IN_CHILD("child", show("in the child", n, 4); mprotect(n + PAGE, PAGE, PROT_NONE));
    show("parent unchanged", n, 4);
    int p[2];
    pipe(p);
    write(p[1], "data", 4);
    R(mprotect(n + PAGE, PAGE, PROT_READ));
    R(read(p[0], n + PAGE, 4));
    printf("%c\n", n[PAGE]);
    R(write(p[1], n, 1));
    return 0;
}
