/* SPDX-License-Identifier: MIT */
/*
 * The plain model that trees.c compares the kernel with: what each page of each process holds,
 * copied whole at fork.
 *
 * Memory is described in cells, pages and gaps. Two stretches of 4 GiB have four windows of
 * pages each, around boundaries of 2 MiB and 1 GiB, and the gaps between them; the second ends
 * where user memory ends. Both are laid out alike, but lie differently to the boundaries, so that
 * whole ranges can move from one to the other. A stack that grows lies apart.
 */
#pragma once

#include "stub/audit.h"
#include "stub/check.h"
#include "stub/vm.h"
#include "t.h"

#include <asm/mman.h>
#include <string.h>
#include <vm/internal.h>
#include <vm/pt.h>
#include <vm/usage.h>

enum {
    PROCS = 6,
    FRAMES = 2048,
    WINDOW = 8, /* pages */
    WINDOWS = 4,
    STRETCH = WINDOWS * (WINDOW + 1) - 1, /* cells: pages, and a gap behind each window */
    STACK = 6,                            /* pages */
    CELLS = 2 * STRETCH + STACK,
    FILE_MAX = 6, /* pages of the file */
    N_WORDS = 2,
};

#define SECOND_STRETCH (252 * GiB - 6 * PAGE_SIZE)
#define STACK_TOP      (128 * GiB + 2 * PAGE_SIZE)

static const u64 offsets[N_WORDS] = {0, PAGE_SIZE - 8};

enum kind { NOTHING, ANON, FILE_SHARED, FILE_PRIVATE };

/* What a page or gap is in the model. */
struct cell {
    u8 kind, prot, at; /* FILE_*: page of the file */
    bool own;          /* FILE_PRIVATE: written here, value is the page's own */
    bool dont_fork, wipe_on_fork;
    u64 value[N_WORDS]; /* ANON, or own */
};

struct process {
    struct aspace *as; /* NULL: none */
    struct cell cell[CELLS];
};

static struct process procs[PROCS];
static struct vm_object *file;
static u64 file_value[FILE_MAX][N_WORDS];
static int file_pages;

/* --- where a cell is --- */

static vaddr_t stretch_va(int i)
{
    static const vaddr_t starts[WINDOWS] = {
        GiB + 2 * MiB - PAGE_SIZE,
        2 * GiB - PAGE_SIZE,
        2 * GiB + 4 * MiB - PAGE_SIZE,
        4 * GiB - 3 * PAGE_SIZE,
    };
    return starts[i / (WINDOW + 1)] + i % (WINDOW + 1) * PAGE_SIZE;
}

static vaddr_t cell_va(int i)
{
    if (i < STRETCH)
        return stretch_va(i);
    if (i < 2 * STRETCH)
        return stretch_va(i - STRETCH) + SECOND_STRETCH;
    return STACK_TOP - (CELLS - i) * PAGE_SIZE;
}

static bool is_gap(int i)
{
    return i < 2 * STRETCH && i % STRETCH % (WINDOW + 1) == WINDOW;
}

static vaddr_t cell_end(int i)
{
    return is_gap(i) ? cell_va(i + 1) : cell_va(i) + PAGE_SIZE;
}

struct range {
    int first, n;
};

static vaddr_t range_start(struct range r)
{
    return cell_va(r.first);
}
static u64 range_bytes(struct range r)
{
    return cell_end(r.first + r.n - 1) - cell_va(r.first);
}

/* Within a window, or over several. */
static struct range some_range(void)
{
    int base = t_below(2) * STRETCH, first, last;

    if (t_below(4)) {
        int window = base + t_below(WINDOWS) * (WINDOW + 1);
        first = window + t_below(WINDOW);
        last = first + t_below(WINDOW - (first - window));
    } else {
        first = base + t_below(STRETCH);
        last = first + t_below(base + STRETCH - first);
    }
    return (struct range){first, last - first + 1};
}

/* Some page; gaps have a test of their own. */
static int some_page(void)
{
    int i;

    do
        i = t_below(CELLS);
    while (is_gap(i));
    return i;
}

static u64 *cell_value(struct cell *c)
{
    return c->kind == ANON || c->own ? c->value : file_value[c->at];
}

static bool beyond_end(const struct cell *c)
{
    return c->kind >= FILE_SHARED && c->at >= file_pages;
}

static void cell_forget(struct cell *c)
{
    c->own = false;
    memset(c->value, 0, sizeof(c->value));
}

/* --- does every page hold what the model says? --- */

static bool page_agrees(struct process *m, int i)
{
    struct cell *c = &m->cell[i];
    const pte_t *slot = walk_any(m->as, cell_va(i));
    const u64 *value = cell_value(c);
    u64 in_file = value == file_value[c->at];

    if (!slot || pte_is_none(pte_load(slot)))
        return in_file || !c->kind || (value[0] == 0 && value[1] == 0);
    if (!c->kind || beyond_end(c))
        return false;
    const char *page = page_to_va(pte_page(pte_load(slot)));
    for (int word = 0; word < N_WORDS; word++) {
        if (*(const u64 *)(page + offsets[word]) != value[word])
            return false;
    }
    return true;
}

static void check_contents(struct process *m)
{
    for (int i = 0; i < CELLS; i++) {
        if (is_gap(i) || page_agrees(m, i))
            continue;
        fprintf(stderr, "process %td, cell %d at %llx: kind %d, values %llx %llx\n", m - procs,
                i, (unsigned long long)cell_va(i), m->cell[i].kind,
                (unsigned long long)cell_value(&m->cell[i])[0],
                (unsigned long long)cell_value(&m->cell[i])[1]);
        CHECK(!"a page differs from the model");
    }
}

static void check_all(struct process *worked)
{
    audit_begin();
    for (int i = 0; i < PROCS; i++) {
        if (!procs[i].as)
            continue;
        check_contents(&procs[i]);
        audit_tables(procs[i].as);
    }
    CHECK_EQ(audit_end(), 0);
    if (worked->as)
        CHECK_EQ(sim_audit(worked->as), 0);
}

static void check_fully(void)
{
    check_recount();
    for (int i = 0; i < PROCS; i++) {
        if (!procs[i].as)
            continue;
        CHECK_EQ(sim_audit(procs[i].as), 0);
        CHECK_EQ(aspace_n_tables(procs[i].as), audit_n_tables(procs[i].as));
    }
}
