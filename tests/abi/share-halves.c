/* SPDX-License-Identifier: MIT */
/*
 * munmap, mprotect, mremap and MADV_DONTNEED of halves of what shared tables serve, and of the
 * whole, by a child, by its parent, and with a third one looking on.
 */
#include "share.h"

enum { FIRST = 576, N = 1152, PLACES = 8 }; /* pages; those before the boundary */

static char *base;

static const struct place {
    const char *name;
    int first, n; /* pages; 64 to 575 is the table before the boundary, then the one after it */
} places[PLACES] = {
    {"one page", 300, 1},
    {"first half of a table", 64, 256},
    {"second half", 320, 256},
    {"a table", 576, 512},
    {"two tables", 64, 1024},
    {"halves of both", 320, 512},
    {"a table and a page", 575, 513},
    {"everything", 0, N},
};

static void do_unmap(const struct place *p)
{
    R(munmap(base + p->first * PAGE, p->n * PAGE));
}

static void do_protect(const struct place *p)
{
    R(mprotect(base + p->first * PAGE, p->n * PAGE, PROT_READ));
    try_store("store", base + (p->first + p->n / 2) * PAGE);
    R(mprotect(base + p->first * PAGE, (p->n + 1) / 2 * PAGE, PROT_NONE));
}

static void do_protect_and_back(const struct place *p)
{
    R(mprotect(base + p->first * PAGE, p->n * PAGE, PROT_NONE));
    R(mprotect(base + p->first * PAGE, p->n * PAGE, RW));
    paint(base + (p->first + p->n / 2) * PAGE, 1, 9);
}

static void do_discard(const struct place *p)
{
    R(madvise(base + p->first * PAGE, p->n * PAGE, MADV_DONTNEED));
    paint(base + (p->first + p->n / 2) * PAGE, 1, 9);
}

/* To a place that lies to the boundaries as before. */
static void do_move(const struct place *p)
{
    char *from = base + p->first * PAGE, *to = from + 32 * MIB;

    P(mremap(from, p->n * PAGE, p->n * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, to) == to);
    show("moved", to, p->n);
    paint(to + p->n / 2 * PAGE, 1, 9);
    show("moved, written", to, p->n);
    IN_CHILD("its child", show(" in it", to, p->n));
    R(munmap(to, p->n * PAGE));
}

/* To one that does not. */
static void do_move_askew(const struct place *p)
{
    char *from = base + p->first * PAGE, *to = from + GIB - 37 * PAGE;

    P(mremap(from, p->n * PAGE, p->n * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, to) == to);
    paint(to + p->n / 2 * PAGE, 1, 9);
    show("moved", to, p->n);
    P(mremap(to, p->n * PAGE, p->n * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, from) == from);
}

static void do_map_over(const struct place *p)
{
    int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED;

    P(mmap(base + p->first * PAGE, p->n * PAGE, RW, flags, -1, 0));
    paint(base + (p->first + p->n / 2) * PAGE, 1, 9);
}

static const struct {
    const char *name;
    void (*run)(const struct place *p);
} acts[] = {
    {"munmap", do_unmap},
    {"mprotect", do_protect},
    {"mprotect and back", do_protect_and_back},
    {"discard", do_discard},
    {"move", do_move},
    {"move askew and back", do_move_askew},
    {"map over", do_map_over},
};

static void tell(const char *who)
{
    show(who, base, N);
}

/* The parent acts, then the child, while somebody else holds all tables; then the parent alone. */
static void one(unsigned act, const struct place *p)
{
    struct turn onlooker = turn_make(), child = turn_make();

    base = map_at(GIANT(-FIRST), N * PAGE);
    paint(base, N, 1);
    pid_t looks = fork();
    if (looks == 0) {
        turn_await(onlooker);
        tell("onlooker");
        _exit(0);
    }
    pid_t pid = fork();
    if (pid == 0) {
        turn_await(child);
        tell("child, parent acted");
        paint(base + 60 * PAGE, 1, 2);
        acts[act].run(p);
        tell("child");
        _exit(0);
    }
    acts[act].run(p);
    turn_go(child);
    t_wait("child", pid);
    tell("parent");
    turn_go(onlooker);
    t_wait("onlooker", looks);
    tell("alone");
    munmap(base, N * PAGE);
    turn_end(onlooker);
    turn_end(child);
}

/* The table above is shared too: many 2 MiB blocks with a page each. */
static void sparse(unsigned act)
{
    static const struct place cut = {"sparse", 5 * 512, 4 * 512 + 1};

    base = map_at(GIANT(0), 64 * MIB);
    for (int i = 0; i < 32; i++)
        paint(base + i * 2 * MIB, 1, 1 + i);
    pid_t pid = fork();
    if (pid == 0) {
        acts[act].run(&cut);
        for (int i = 0; i < 32; i += 1 + (i < 3 || i > 11))
            show("child", base + i * 2 * MIB, 1);
        _exit(0);
    }
    t_wait("child", pid);
    for (int i = 0; i < 32; i += 1 + (i < 3 || i > 11))
        show("parent", base + i * 2 * MIB, 1);
    munmap(base, 64 * MIB);
}

int main(void)
{
    for (unsigned act = 0; act < sizeof acts / sizeof acts[0]; act++) {
        for (int i = 0; i < PLACES; i++) {
            printf("-- %s, %s\n", acts[act].name, places[i].name);
            one(act, &places[i]);
        }
        printf("-- %s, sparse\n", acts[act].name);
        sparse(act);
    }
    return 0;
}
