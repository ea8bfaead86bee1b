/* SPDX-License-Identifier: MIT */
/*
 * What the programs share that ask about fork when whole page tables are shared: memory at
 * known places around 2 MiB and 1 GiB boundaries, filled densely, and shown in short.
 *
 * A painted page carries a number in three words. show() prints the numbers of a range, equal
 * neighbours together: "5*64 0*2 x*4" are 64 pages with a 5, two of zeroes, four that cannot be
 * read.
 */
#pragma once
#include "t.h"
#include <setjmp.h>

#define MIB      (1ul << 20)
#define GIB      (1ul << 30)
#define RW       (PROT_READ | PROT_WRITE)

/* The page `n` pages after the boundary; before it if n < 0. */
#define GIANT(n) ((char *)(8 * GIB) + (n) * (long)PAGE)

static inline char *map_at(void *at, unsigned long size)
{
    int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE | MAP_NORESERVE;
    char *got = mmap(at, size, RW, flags, -1, 0);

    if (got != at)
        printf("cannot map: %s\n", t_errname(errno));
    madvise(got, size, MADV_NOHUGEPAGE);
    return got;
}

static inline void paint(void *at, int n_pages, unsigned long tag)
{
    for (int i = 0; i < n_pages; i++) {
        volatile unsigned long *page = (void *)((char *)at + i * PAGE);
        page[0] = page[255] = page[511] = tag;
    }
}

enum { CANNOT_BE_READ = -1, TORN = -2 };

static sigjmp_buf look_env;
static volatile sig_atomic_t is_looking;

static void look_fault(int signo)
{
    if (is_looking)
        siglongjmp(look_env, signo);
    signal(signo, SIG_DFL); /* not ours: again, and to the end */
}

/* What a page carries; a fault is an answer too. */
static inline long page_tag(const void *at)
{
    static struct sigaction look = {.sa_handler = look_fault, .sa_flags = SA_NODEFER};
    const volatile unsigned long *page = at;
    volatile long tag = CANNOT_BE_READ;

    if (look.sa_handler) { /* once */
        sigaction(SIGSEGV, &look, NULL);
        sigaction(SIGBUS, &look, NULL);
        look.sa_handler = NULL;
    }
    is_looking = 1;
    if (sigsetjmp(look_env, 0) == 0)
        tag = page[0] == page[255] && page[0] == page[511] ? (long)page[0] : TORN;
    is_looking = 0;
    return tag;
}

static inline void show(const char *who, const void *at, int n_pages)
{
    long last = TORN - 1;
    int n = 0;

    printf("%s:", who);
    for (int i = 0; i <= n_pages; i++) {
        long tag = i < n_pages ? page_tag((const char *)at + i * PAGE) : TORN - 1;
        if (tag != last && n) {
            if (last < 0)
                printf(" %s*%d", last == TORN ? "torn" : "x", n);
            else
                printf(" %ld*%d", last, n);
            n = 0;
        }
        last = tag;
        n++;
    }
    printf("\n");
}

/* Does a store raise a signal? Tried in a child. */
static inline void try_store(const char *who, char *at)
{
    IN_CHILD(who, *(volatile unsigned long *)at = 99);
}

/* Two processes take turns: "go" lets the other one on. */
struct turn {
    int ends[2];
};

static inline struct turn turn_make(void)
{
    struct turn t;

    pipe(t.ends);
    return t;
}

static inline void turn_end(struct turn t)
{
    close(t.ends[0]);
    close(t.ends[1]);
}

static inline void turn_go(struct turn t)
{
    write(t.ends[1], "", 1);
}

static inline void turn_await(struct turn t)
{
    char c;

    read(t.ends[0], &c, 1);
}
