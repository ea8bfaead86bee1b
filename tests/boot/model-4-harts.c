/* SPDX-License-Identifier: MIT */
/*
 * Random fork, read, write, unmap, map, protect, move, discard, exit in a tree of processes
 * on all harts, each holding a plain model of what its memory must contain: one tag per page.
 * Every page is compared with the model again and again. Seeded.
 */
#include "t.h"

enum { PAGES = 48, STEPS = 50, MAX_DEPTH = 4 };

struct model {
    uint32_t tag[PAGES]; /* 0: zero page */
    char mapped[PAGES], writable[PAGES];
};

static struct model model;
static char *base;
static uint64_t state;
static volatile int *alive; /* shared: how many processes there are */

static uint32_t pick(uint32_t n)
{
    return t_mix(&state) % n;
}

static void verify(int p, const char *when)
{
    char *at = base + p * PAGE;
    if (!model.mapped[p]) {
        if (pick(16) == 0)
            CHECK(t_touch(at, 'r') == SIGSEGV, "%s: page %d should not exist", when, p);
        return;
    }
    long bad = model.tag[p] ? t_compare(at, model.tag[p]) : t_compare_zero(at);
    CHECK(bad < 0, "%s: page %d word %ld, tag %u", when, p, bad, model.tag[p]);
    if (!model.writable[p] && pick(16) == 0)
        CHECK(t_touch(at, 'w') == SIGSEGV, "%s: page %d should be read-only", when, p);
}

static void page_write(int p)
{
    if (!model.mapped[p] || !model.writable[p])
        return;
    model.tag[p] = pick(1 << 30) + 1;
    t_fill(base + p * PAGE, model.tag[p]);
}

static void range_set(int from, int n, int mapped, int writable, int clear)
{
    for (int p = from; p < from + n; p++) {
        model.mapped[p] = mapped;
        model.writable[p] = writable;
        if (clear)
            model.tag[p] = 0;
    }
}

static int all_mapped(int from, int n)
{
    for (int p = from; p < from + n; p++)
        if (!model.mapped[p])
            return 0;
    return 1;
}

static void page_move(int from, int to)
{
    if (from == to || !model.mapped[from])
        return;
    void *r =
        mremap(base + from * PAGE, PAGE, PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, base + to * PAGE);
    CHECK(r == base + to * PAGE, "mremap %d to %d", from, to);
    model.tag[to] = model.tag[from];
    model.mapped[to] = 1;
    model.writable[to] = model.writable[from];
    range_set(from, 1, 0, 0, 1);
}

static void live(int depth);

static pid_t page_fork(int depth)
{
    if (depth >= MAX_DEPTH || __atomic_load_n(alive, __ATOMIC_SEQ_CST) >= 14)
        return 0;
    uint64_t seed = t_mix(&state);
    __atomic_fetch_add(alive, 1, __ATOMIC_SEQ_CST);
    pid_t pid = t_fork();
    if (pid == 0) {
        state = seed;
        live(depth + 1);
        __atomic_fetch_sub(alive, 1, __ATOMIC_SEQ_CST);
        _exit(0);
    }
    return pid;
}

static void step(int depth, pid_t *children, int *n)
{
    int from = pick(PAGES), len = 1 + pick(6), p = pick(PAGES);
    if (from + len > PAGES)
        len = PAGES - from;
    char *at = base + from * PAGE;
    switch (pick(12)) {
    case 0:
        CHECK(munmap(at, len * PAGE) == 0);
        range_set(from, len, 0, 0, 1);
        break;
    case 1:
    case 2:
        CHECK(mmap(at, len * PAGE, RW, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == at);
        range_set(from, len, 1, 1, 1);
        break;
    case 3:
        if (all_mapped(from, len)) {
            int w = pick(2);
            CHECK(mprotect(at, len * PAGE, w ? RW : PROT_READ) == 0);
            range_set(from, len, 1, w, 0);
        }
        break;
    case 4:
        if (all_mapped(from, len)) {
            CHECK(madvise(at, len * PAGE, MADV_DONTNEED) == 0);
            for (int q = from; q < from + len; q++)
                model.tag[q] = 0;
        }
        break;
    case 5:
        page_move(from, p);
        break;
    case 6:
        if (*n < 8) {
            pid_t pid = page_fork(depth);
            if (pid)
                children[(*n)++] = pid;
        }
        break;
    case 7:
        if (*n)
            t_wait_ok(children[--*n]);
        break;
    default:
        page_write(p);
    }
    verify(p, "after a step");
}

static void live(int depth)
{
    pid_t children[8];
    int n = 0;
    for (int s = 0; s < STEPS; s++)
        step(depth, children, &n);
    for (int p = 0; p < PAGES; p++)
        verify(p, "at the end");
    while (n)
        t_wait_ok(children[--n]);
    for (int p = 0; p < PAGES; p++)
        verify(p, "after the children");
}

int main(void)
{
    t_catch_faults();
    base = t_map(PAGES);
    alive = t_map_shared(1);
    range_set(0, PAGES, 1, 1, 1);
    state = t_seed();
    t_delays(t_seed());
    for (int round = 0; round < 3; round++)
        live(0);
    t_delays(0);
    return 0;
}
