/* SPDX-License-Identifier: MIT */
/*
 * The memory of a process of cowmodel, a plain model of it, and the steps that change both.
 *
 *   wide    40 MiB around a GiB boundary; some pages on both sides of each 2 MiB boundary are
 *           looked at, what lies between them is mapped, unmapped and protected with them
 *   mixed   pages around a 2 MiB boundary in a GiB where shared memory is mapped as well
 *   block   4 MiB that only ever move, grow and shrink as a whole, to places that differ in how
 *           they lie to 2 MiB and 1 GiB boundaries
 *
 * The model is an array with a cell for each page (or gap between pages): is it mapped, what
 * does it permit, what becomes of it at fork, and the tag of its contents, from which each word
 * follows. It lies in ordinary memory and is forked like the rest.
 */
#pragma once
#include "storm.h"
#include <setjmp.h>
#include <signal.h>

enum {
    WIDE_BLOCKS = 20, /* of 2 MiB */
    WIDE_DENSE = 32,  /* pages on each side of the GiB boundary */
    WIDE_SPARSE = 3,  /* pages on each side of the others */
    MIXED_PAGES = 100,
    BLOCK_PAGES = 72,
    MAX_CELLS = 400,
    WORDS = PAGE / 8,
    MAX_DEPTH = 4,
    MAX_CHILDREN = 3,
    CHILD_STEPS = 100,
    MAX_TREES = 64,
    N_PATTERNS = 16,  /* pages of a file, read into memory by the kernel */
    FIRST_TAG = 1000, /* of what a process itself writes */
    PATIENCE_MS = 120 * 1000,
};

#define WIDE_START  ((16ul << 30) - WIDE_BLOCKS / 2 * 2 * MIB)
#define MIXED_START ((24ul << 30) + 2 * MIB - MIXED_PAGES / 2 * PAGE)
#define NEIGHBOUR   ((24ul << 30) + 64 * MIB) /* the shared page */
#define BLOCK_SIZE  (4 * MIB)

static const uint64_t homes[] = {(32ul << 30) - 2 * MIB, (40ul << 30) + MIB, 48ul << 30,
                                 (56ul << 30) - 2 * MIB - PAGE, (60ul << 30) + 64 * MIB};
enum { N_HOMES = sizeof homes / sizeof homes[0] };

struct cell {
    uint64_t at; /* address; in the block: offset */
    uint64_t size;
    uint32_t tag;
    bool is_gap, mapped, dont_fork, wipe_on_fork;
    uint8_t prot;
};

static struct board {
    struct board_head head;
    uint64_t steps, processes, digest, compared;
    uint64_t alive[MAX_TREES];
} * board;

static struct {
    uint64_t steps, seed;
    int trees;
    bool quiet;
} option = {100 * 1000, 1, 0, false};

/* What a process knows; forked with it. */
static struct cell cells[MAX_CELLS];
static int n_wide, n_ranges, n_cells; /* wide: [0, n_wide), mixed: up to n_ranges, then block */
static uint64_t block_home, block_size;
static uint64_t state, step, budget;
static int tree, depth, pattern_fd, n_harts;
static pid_t children[MAX_CHILDREN];
static int n_children;
static const char *doing = "start";
static char path[64];

static uint32_t pick(uint32_t n)
{
    return mix(&state) % n;
}

static void __attribute__((noreturn, format(printf, 1, 2))) wrong(const char *fmt, ...)
{
    char text[200];
    va_list args;
    int e = errno;

    va_start(args, fmt);
    vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    give_up("seed %lu, process %d%s, step %lu (%s): %s (errno %d)", option.seed, tree, path,
            step, doing, text, e);
}

#define MUST(condition)              \
    do {                             \
        if (!(condition))            \
            wrong("%s", #condition); \
    } while (0)

/* ---- cells ---- */

static void cell_add(uint64_t at, uint64_t size, bool is_gap)
{
    cells[n_cells++] =
        (struct cell){.at = at, .size = size, .is_gap = is_gap, .mapped = true, .prot = RW};
}

/* Pages on both sides of a boundary, after a gap that begins at *from. */
static void cells_around(uint64_t *from, uint64_t boundary, int each_side)
{
    uint64_t start = boundary - each_side * PAGE;

    cell_add(*from, start - *from, true);
    for (int i = 0; i < 2 * each_side; i++)
        cell_add(start + i * PAGE, PAGE, false);
    *from = boundary + each_side * PAGE;
}

static void cells_make(void)
{
    uint64_t at = WIDE_START, end = WIDE_START + WIDE_BLOCKS * 2 * MIB;

    for (int i = 1; i < WIDE_BLOCKS; i++)
        cells_around(&at, WIDE_START + i * 2 * MIB,
                     i == WIDE_BLOCKS / 2 ? WIDE_DENSE : WIDE_SPARSE);
    cell_add(at, end - at, true);
    n_wide = n_cells;
    for (int i = 0; i < MIXED_PAGES; i++)
        cell_add(MIXED_START + i * PAGE, PAGE, false);
    n_ranges = n_cells;
    for (int i = 0; i < BLOCK_PAGES; i++) /* at both ends, in the middle, and sixty together */
        cell_add(i < 3    ? i * PAGE
                 : i < 63 ? MIB + i * PAGE
                 : i < 69 ? 2 * MIB + (i - 66) * PAGE
                          : BLOCK_SIZE - (BLOCK_PAGES - i) * PAGE,
                 PAGE, false);
}

static bool is_in_block(const struct cell *c)
{
    return c >= cells + n_ranges;
}

static uint64_t *cell_at(const struct cell *c)
{
    return (uint64_t *)(c->at + (is_in_block(c) ? block_home : 0));
}

static void cell_clear(struct cell *c, bool mapped)
{
    c->mapped = mapped;
    c->prot = mapped ? RW : 0;
    c->tag = 0;
    c->dont_fork = c->wipe_on_fork = false;
}

/* ---- contents ---- */

static uint64_t word_of(uint32_t tag, int word)
{
    return tag ? tag * 0x9e3779b97f4a7c15ull + word : 0;
}

static void word_compare(const struct cell *c, int word)
{
    uint64_t got = ((volatile uint64_t *)cell_at(c))[word], want = word_of(c->tag, word);

    if (got != want)
        wrong("cell %d at %p: word %d is %#lx, not %#lx (tag %u)", (int)(c - cells), cell_at(c),
              word, got, want, c->tag);
}

static __thread sigjmp_buf fault_env;
static volatile sig_atomic_t fault_expected;

static void on_fault(int signo, siginfo_t *info, void *unused)
{
    (void)unused;
    if (!fault_expected)
        wrong("signal %d at %p", signo, info->si_addr);
    siglongjmp(fault_env, 1);
}

static bool faults(const struct cell *c, bool writes)
{
    volatile uint64_t *at = cell_at(c);

    if (sigsetjmp(fault_env, 0)) {
        fault_expected = 0;
        return true;
    }
    fault_expected = 1;
    uint64_t word = *at;
    if (writes)
        *at = word;
    fault_expected = 0;
    return false;
}

/* What must not be possible is tried now and then: a signal is dear. */
static void refusals_check(const struct cell *c)
{
    if (c->prot != RW)
        MUST(faults(c, true));
    if (!(c->prot & PROT_READ))
        MUST(faults(c, false));
}

static void cell_check(const struct cell *c, bool whole)
{
    if (c->is_gap)
        return;
    if (pick(16) == 0)
        refusals_check(c);
    if (!(c->prot & PROT_READ))
        return;
    if (whole) {
        for (int word = 0; word < (int)WORDS; word++)
            word_compare(c, word);
    }
    word_compare(c, 0);
    word_compare(c, WORDS - 1);
    word_compare(c, pick(WORDS));
    atomic_add(&board->compared, 1);
}

static void all_check(bool whole)
{
    for (int i = 0; i < n_cells; i++)
        cell_check(&cells[i], whole);
}

/* ---- steps: contents ---- */

static struct cell *any_page(void)
{
    struct cell *c;

    do
        c = &cells[pick(n_cells)];
    while (c->is_gap);
    return c;
}

static void step_write(void)
{
    struct cell *c = any_page();
    volatile uint64_t *at = cell_at(c);

    doing = "write";
    if (c->prot != RW)
        return;
    c->tag = FIRST_TAG + pick(1u << 30);
    for (int word = 0; word < (int)WORDS; word++)
        at[word] = word_of(c->tag, word);
}

/* The kernel writes: a whole page, or nothing. */
static void step_kernel_writes(void)
{
    struct cell *c = any_page();
    uint32_t nth = pick(N_PATTERNS);

    doing = "read()";
    ssize_t n = pread(pattern_fd, cell_at(c), PAGE, nth * PAGE);
    if (c->prot != RW) {
        MUST(n == -1 && errno == EFAULT);
        return;
    }
    MUST(n == (ssize_t)PAGE);
    c->tag = nth + 1;
}

static void step_kernel_reads(void)
{
    struct cell *c = any_page();
    uint64_t words[8];
    int ends[2];

    doing = "write()";
    MUST(pipe(ends) == 0);
    ssize_t n = write(ends[1], cell_at(c), sizeof words);
    if (!(c->prot & PROT_READ)) {
        MUST(n == -1 && errno == EFAULT);
    } else {
        MUST(n == sizeof words && read(ends[0], words, sizeof words) == n);
        for (int word = 0; word < 8; word++)
            MUST(words[word] == word_of(c->tag, word));
    }
    close(ends[0]);
    close(ends[1]);
}

/* ---- steps: ranges of wide and mixed ---- */

struct range {
    struct cell *first, *end;
    char *at;
    uint64_t size;
    bool is_mapped; /* all of it */
};

/* Mostly a few cells; sometimes to one end, or all; often from gap to gap, which is 2 MiB. */
static struct range any_range(void)
{
    int low = pick(4) ? 0 : n_wide, high = low ? n_ranges : n_wide;
    int from = low + pick(high - low), n = 1 + pick(pick(4) ? 8 : 60);
    int to = from + n < high ? from + n : high;

    if (pick(4) == 0) {
        while (from > low && !cells[from].is_gap)
            from--;
        while (to < high && !cells[to].is_gap)
            to++;
    }
    if (pick(64) == 0)
        from = low;
    if (pick(64) == 0)
        to = high;
    struct range r = {&cells[from], &cells[to], (char *)cells[from].at, 0, true};
    for (struct cell *c = r.first; c < r.end; c++) {
        r.size += c->size;
        r.is_mapped &= c->mapped;
    }
    return r;
}

static void step_unmap(void)
{
    struct range r = any_range();

    doing = "munmap";
    MUST(munmap(r.at, r.size) == 0);
    for (struct cell *c = r.first; c < r.end; c++)
        cell_clear(c, false);
}

static void step_map(void)
{
    struct range r = any_range();
    int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | MAP_NORESERVE;

    doing = "mmap";
    MUST(mmap(r.at, r.size, RW, flags, -1, 0) == r.at);
    for (struct cell *c = r.first; c < r.end; c++)
        cell_clear(c, true);
}

static int any_prot(void)
{
    static const int prots[] = {RW, RW, RW, PROT_READ, PROT_READ, PROT_NONE};

    return prots[pick(sizeof prots / sizeof prots[0])];
}

static void step_protect(void)
{
    struct range r = any_range();
    int prot = any_prot();

    doing = "mprotect";
    if (!r.is_mapped)
        return;
    MUST(mprotect(r.at, r.size, prot) == 0);
    for (struct cell *c = r.first; c < r.end; c++)
        c->prot = prot;
}

static void cell_advise(struct cell *c, int advice)
{
    if (advice == MADV_DONTNEED)
        c->tag = 0;
    else if (advice == MADV_DONTFORK || advice == MADV_DOFORK)
        c->dont_fork = advice == MADV_DONTFORK;
    else
        c->wipe_on_fork = advice == MADV_WIPEONFORK;
}

static int any_advice(void)
{
    static const int advices[] = {MADV_DONTNEED,   MADV_DONTNEED,   MADV_DONTFORK,
                                  MADV_DOFORK,     MADV_DOFORK,     MADV_DOFORK,
                                  MADV_WIPEONFORK, MADV_KEEPONFORK, MADV_KEEPONFORK};

    return advices[pick(sizeof advices / sizeof advices[0])];
}

static void step_advise(void)
{
    struct range r = any_range();
    int advice = any_advice();

    doing = "madvise";
    if (!r.is_mapped)
        return;
    MUST(madvise(r.at, r.size, advice) == 0);
    for (struct cell *c = r.first; c < r.end; c++)
        cell_advise(c, advice);
}

/* One page, with all that it is, to the place of another. */
static void step_move(void)
{
    struct cell *from = &cells[pick(n_ranges)], *to = &cells[pick(n_ranges)];

    doing = "mremap";
    if (from == to || from->is_gap || to->is_gap || !from->mapped)
        return;
    MUST(mremap(cell_at(from), PAGE, PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, cell_at(to)) ==
         cell_at(to));
    uint64_t at = to->at;
    *to = *from;
    to->at = at;
    cell_clear(from, false);
}

/* ---- steps: the block ---- */

static void block_map(void)
{
    int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE | MAP_NORESERVE;

    block_home = homes[pick(N_HOMES)];
    block_size = BLOCK_SIZE;
    MUST(mmap((void *)block_home, block_size, RW, flags, -1, 0) == (void *)block_home);
    for (struct cell *c = cells + n_ranges; c < cells + n_cells; c++)
        cell_clear(c, true);
}

static void block_move(void)
{
    uint64_t to = homes[pick(N_HOMES)];

    if (to == block_home)
        return;
    MUST(mremap((void *)block_home, block_size, block_size, MREMAP_MAYMOVE | MREMAP_FIXED,
                (void *)to) == (void *)to);
    block_home = to;
}

static void block_resize(void)
{
    uint64_t size = block_size == BLOCK_SIZE ? BLOCK_SIZE / 2 + pick(2) * 2 * PAGE : BLOCK_SIZE;
    const struct cell like = cells[n_ranges];

    MUST(mremap((void *)block_home, block_size, size, 0) == (void *)block_home);
    for (struct cell *c = cells + n_ranges; c < cells + n_cells; c++) {
        if (c->at < block_size && c->at < size)
            continue;
        cell_clear(c, false);
        if (c->at < size) {
            c->mapped = true;
            c->prot = like.prot;
            c->dont_fork = like.dont_fork;
            c->wipe_on_fork = like.wipe_on_fork;
        }
    }
    block_size = size;
}

static void block_change(void)
{
    int prot = any_prot(), advice = any_advice();
    bool protects = pick(2);

    if (protects)
        MUST(mprotect((void *)block_home, block_size, prot) == 0);
    else
        MUST(madvise((void *)block_home, block_size, advice) == 0);
    for (struct cell *c = cells + n_ranges; c < cells + n_cells && c->at < block_size; c++) {
        if (protects)
            c->prot = prot;
        else
            cell_advise(c, advice);
    }
}

static void step_block(void)
{
    uint32_t what = pick(8);

    doing = "block";
    if (!block_size)
        block_map();
    else if (what < 4)
        block_move();
    else if (what < 6)
        block_resize();
    else
        block_change();
}
