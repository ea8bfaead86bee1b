/* SPDX-License-Identifier: MIT */
/*
 * The pages of a process of cowstorm: where they lie, how they are written and compared.
 *
 * They lie on both sides of a GiB boundary: dense around it, so that leaf tables are worth
 * sharing, and a few in each of sixteen other 2 MiB blocks, so that tables of tables are. Each
 * word is filled once so that it tells where it is; a write changes four words of a page to
 * tell its tag. The tags are the process's model of its memory, and are forked with it.
 */
#pragma once
#include "storm.h"

enum {
    DENSE = 128, /* pages around the boundary */
    BLOCKS = 8,  /* 2 MiB blocks with a few pages, on each side */
    PER_BLOCK = 3,
    N_PAGES = DENSE + 2 * BLOCKS * PER_BLOCK,
    THREAD_PAGES = 8, /* the first ones of the dense part belong to the thread */
    N_MARKS = 4,      /* words that a write changes */
    WORDS = PAGE / 8,
    MAX_WORKERS = 64,
    WRITES_MAX = 150,
};

#define BOUNDARY (8ul << 30)

static struct board {
    struct board_head head;
    uint64_t forks, writes, checks;
    uint64_t wish; /* writes per process, times 16 */
    int stop;
    struct {
        uint64_t alive; /* descendants */
        char pad[56];
    } worker[MAX_WORKERS];
} * board;

static struct {
    uint64_t forks, breaks, seed;
    int workers;
} option = {1000 * 1000, 10 * 1000 * 1000, 1, 0};

/* What a process knows; forked with it. */
static uint32_t tags[N_PAGES];
static uint32_t last_tag;
static uint64_t state, n_writes, n_checks;
static int me;
static bool is_eager;      /* fork itself copies: no breaks to count */
static bool is_one_moment; /* does fork take all of a process at one moment? */

static uint32_t pick(uint32_t n)
{
    return mix(&state) % n;
}

/* ---- pages ---- */

static uint64_t *page_at(int i)
{
    if (i < DENSE)
        return (uint64_t *)(BOUNDARY - (DENSE / 2 - i) * PAGE);
    int block = (i - DENSE) / PER_BLOCK, nth = (i - DENSE) % PER_BLOCK;
    uint64_t start = block < BLOCKS ? BOUNDARY - (block + 2) * 2 * MIB
                                    : BOUNDARY + (block - BLOCKS + 1) * 2 * MIB;
    return (uint64_t *)(start + nth * 37 * PAGE);
}

static uint64_t filling(int i, int word)
{
    return (uint64_t)(i + 1) << 32 | word;
}

/* The words that a write changes: the ends, and two that differ from page to page. */
static int mark_at(int i, int nth)
{
    const int at[N_MARKS] = {0, 1 + i * 5 % 250, 260 + i * 3 % 250, WORDS - 1};

    return at[nth];
}

static void page_write(int i)
{
    volatile uint64_t *page = page_at(i);

    tags[i] = last_tag = last_tag + 1 + pick(1000);
    for (int nth = 0; nth < N_MARKS; nth++)
        page[mark_at(i, nth)] = filling(i, tags[i] + WORDS);
    n_writes++;
}

static void mismatch(int i, int word, uint64_t got, uint64_t want)
{
    give_up("seed %lu, worker %d, pid %d: page %d word %d is %#lx, not %#lx", option.seed, me,
            getpid(), i, word, got, want);
}

static void word_check(int i, int word, uint64_t want)
{
    uint64_t got = ((volatile uint64_t *)page_at(i))[word];

    if (got != want)
        mismatch(i, word, got, want);
}

static bool is_mark(int i, int word)
{
    for (int nth = 0; nth < N_MARKS; nth++) {
        if (mark_at(i, nth) == word)
            return true;
    }
    return false;
}

static void page_check(int i)
{
    int word = pick(WORDS);

    for (int nth = 0; nth < N_MARKS; nth++)
        word_check(i, mark_at(i, nth), filling(i, tags[i] + WORDS));
    if (!is_mark(i, word))
        word_check(i, word, filling(i, word));
    n_checks++;
}

static void page_check_whole(int i)
{
    for (int word = 0; word < (int)WORDS; word++) {
        if (!is_mark(i, word))
            word_check(i, word, filling(i, word));
    }
    page_check(i);
}

/* Most of the time some pages, now and then every word of one, or all pages. */
static void pages_check(void)
{
    switch (pick(32)) {
    case 0:
        for (int i = THREAD_PAGES; i < N_PAGES; i++)
            page_check(i);
        return;
    case 1:
    case 2:
        page_check_whole(THREAD_PAGES + pick(N_PAGES - THREAD_PAGES));
        return;
    default:
        for (int n = 0; n < 6; n++)
            page_check(THREAD_PAGES + pick(N_PAGES - THREAD_PAGES));
    }
}

static void pages_write(void)
{
    int n = pick(1 + 2 * atomic_get(&board->wish) / 16);
    int at = pick(N_PAGES), step = pick(2) ? 1 : 1 + pick(N_PAGES);

    if (n > WRITES_MAX)
        n = WRITES_MAX;
    for (; n > 0; n--) {
        at = (at + step) % N_PAGES;
        if (at >= THREAD_PAGES)
            page_write(at);
        if (at % 16 == 0)
            page_check(THREAD_PAGES + pick(N_PAGES - THREAD_PAGES));
    }
}

static void pages_make(void)
{
    uint64_t size = (BLOCKS + 2) * 4 * MIB;
    char *start = (char *)(BOUNDARY - size / 2);

    if (mmap(start, size, RW, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE | MAP_NORESERVE,
             -1, 0) != start)
        give_up("no memory at %p: %s", start, strerror(errno));
    madvise(start, size, MADV_NOHUGEPAGE);
    for (int i = 0; i < N_PAGES; i++) {
        for (int word = 0; word < (int)WORDS; word++)
            page_at(i)[word] = filling(i, word);
        page_write(i);
    }
    for (int i = 0; i < THREAD_PAGES; i++)
        page_at(i)[0] = page_at(i)[WORDS - 1] = 0;
}
