/* SPDX-License-Identifier: MIT */
/*
 * COW-9: permissions never grow in a fault. After a page was shared, broken, filled or taken
 * over, it has exactly the permissions of its area: data is not executable, text is not
 * writable, read-only stays read-only, and an area without access stays so.
 */
#include "t.h"

static const unsigned ret = 0x00008067; /* ret */
static int initialised = 5;
static char zeroed[2 * PAGE];

static void data_not_exec(const char *what, void *p)
{
    *(volatile unsigned *)p = ret;
    __builtin___clear_cache(p, (char *)p + 4);
    CHECK(t_touch(p, 'x') == SIGSEGV, "%s is executable", what);
}

static void all(const char *what)
{
    char *heap = malloc(64), stack[64] __attribute__((aligned(8)));
    char *m = t_map(1);
    data_not_exec(what, m);
    data_not_exec(what, (void *)(((uintptr_t)heap + 7) & -8ul));
    data_not_exec(what, stack);
    data_not_exec(what, &initialised);
    data_not_exec(what, zeroed + PAGE);
    free(heap);
}

int main(void)
{
    t_catch_faults();
    all("before fork");
    char *m = t_map(3);
    for (int i = 0; i < 3; i++)
        *(volatile unsigned *)(m + i * PAGE) = ret;
    char *x = t_map(1);
    *(volatile unsigned *)x = ret;
    CHECK(mprotect(x, PAGE, PROT_READ | PROT_EXEC) == 0);
    CHECK(t_touch(x, 'x') == 0 && t_touch(x, 'w') == SIGSEGV);
    char *wx = t_map(1);
    CHECK(mprotect(wx, PAGE, RW | PROT_EXEC) == 0);
    *(volatile unsigned *)wx = ret;
    pid_t pid = t_fork();
    if (pid == 0) {
        data_not_exec("broken in the child", m);
        all("in the child");
        CHECK(t_touch(x, 'x') == 0 && t_touch(x, 'w') == SIGSEGV, "text changed its nature");
        *(volatile unsigned *)wx = ret;
        CHECK(t_touch(wx, 'x') == 0, "a writable text page lost execution when broken");
        CHECK(mprotect(m + 2 * PAGE, PAGE, PROT_NONE) == 0);
        CHECK(t_touch(m + 2 * PAGE, 'r') == SIGSEGV && t_touch(m + 2 * PAGE, 'w') == SIGSEGV);
        _exit(0);
    }
    t_wait_ok(pid);
    data_not_exec("taken over in the parent", m + PAGE);
    data_not_exec("in the parent", m);
    CHECK(mprotect(m, PAGE, PROT_READ) == 0);
    CHECK(t_touch(m, 'r') == 0 && t_touch(m, 'w') == SIGSEGV && t_touch(m, 'x') == SIGSEGV);
    char *z = mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CHECK(t_touch(z, 'r') == 0 && t_touch(z, 'w') == SIGSEGV && t_touch(z, 'x') == SIGSEGV);
    return 0;
}
