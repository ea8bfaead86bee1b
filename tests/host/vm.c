/* SPDX-License-Identifier: MIT */
// with: kernel/vm/aspace.c kernel/vm/vma.c kernel/vm/pt.c kernel/vm/fault.c kernel/vm/ahead.c kernel/vm/around.c kernel/vm/cow.c
// with: kernel/vm/ptshare.c kernel/vm/ptown.c kernel/vm/ptrange.c kernel/vm/object.c kernel/vm/mmap.c kernel/vm/protect.c
// with: kernel/vm/mremap.c kernel/vm/advise.c kernel/vm/gather.c kernel/vm/ledger.c
// with: kernel/vm/usage.c kernel/vm/census.c kernel/vm/recount.c kernel/lib/rbtree.c kernel/lib/radix.c
// with: kernel/lib/printf.c kernel/mem/page.c kernel/mem/cache.c kernel/mem/fail.c
// with: tests/host/stub/kernel.c tests/host/stub/arena.c tests/host/stub/vm.c
/*
 * The model test of copy-on-write: random processes map, unmap, protect, move, fork, read,
 * write, truncate and exit on four harts with TLBs that forget nothing; a plain model that
 * copies everything must see the same values and the same faults, and the recount must add up
 * after each step.
 *
 * Pages lie around a 2 MiB and a 1 GiB boundary, so that ranges straddle tables of both levels.
 */
#include "stub/check.h"
#include "stub/kernel.h"
#include "stub/vm.h"
#include "t.h"

#include <asm/mman.h>

#include <signal.h>
#include <linux/errno.h>
#include <linux/mman.h>
#include <string.h>
#include <vm/internal.h>
#include <vm/mmap.h>
#include <vm/pt.h>
#include <vm/tlb.h>

#define WINDOW   12 /* pages around each boundary */
#define PAGES    (2 * WINDOW)
#define PROCS    6
#define FILE_MAX 6 /* pages of the file */

/* Words of a page that are read and written, each by itself. */
static const u64 offsets[] = {0, 1024, PAGE_SIZE - 8};
#define N_WORDS 3

enum kind { NOTHING, ANON, FILE_SHARED, FILE_PRIVATE };

/* What a page is in the model. */
struct mpage {
    enum kind kind;
    int prot;
    bool own;           /* FILE_PRIVATE: written here, value is the page's own */
    u64 value[N_WORDS]; /* ANON, or own */
    int cell;           /* FILE_*: page of the file */
};

struct mproc {
    struct aspace *as; /* NULL: none */
    struct mpage page[PAGES];
};

static struct mproc procs[PROCS];
static struct vm_object *file;
static u64 cells[FILE_MAX][N_WORDS];
static int file_pages;

static vaddr_t va_of(int i)
{
    vaddr_t boundary = i < WINDOW ? 0x40000000 : 0x600000;
    return boundary - WINDOW / 2 * PAGE_SIZE + (i % WINDOW) * PAGE_SIZE;
}

static u64 *model_value(struct mpage *p)
{
    return p->kind == ANON || p->own ? p->value : cells[p->cell];
}

static bool beyond_end(const struct mpage *p)
{
    return p->kind != ANON && p->cell >= file_pages;
}

/* --- failing allocations: a call that had one changes nothing --- */

static bool injects;
static int armed;

static void arm(void)
{
    armed = injects && t_below(4) == 0 ? 1 + t_below(6) : 0;
    stub_fail_countdown = armed;
}

/* After the call: did it fail for want of memory, as it was made to? */
static bool was_denied(int err)
{
    bool fired = armed && stub_fail_countdown == 0;

    stub_fail_countdown = 0;
    return fired && err == -ENOMEM;
}

/* --- one step each --- */

struct range {
    int first, n;
};

static struct range some_range(void)
{
    int window = t_below(2) * WINDOW, first = t_below(WINDOW);
    return (struct range){window + first, 1 + t_below(WINDOW - first)};
}

static void step_map(struct mproc *m)
{
    static const int prots[] = {PROT_READ, PROT_READ | PROT_WRITE, PROT_READ | PROT_WRITE,
                                PROT_WRITE, PROT_NONE};
    struct range r = some_range();
    enum kind kind = 1 + t_below(3);
    int prot = prots[t_below(5)], cell = t_below(FILE_MAX);
    vaddr_t out;

    if (kind != ANON)
        r.n = r.n < FILE_MAX - cell ? r.n : FILE_MAX - cell;
    struct vm_map_request req = {
        .addr = va_of(r.first),
        .length = r.n * PAGE_SIZE,
        .prot = prot,
        .max_prot = 7,
        .flags = MAP_FIXED | (kind == FILE_SHARED ? MAP_SHARED : MAP_PRIVATE),
        .object = kind == ANON ? NULL : file,
        .offset = cell * PAGE_SIZE,
    };
    arm();
    int err = vm_mmap(m->as, &req, &out);
    if (was_denied(err))
        return;
    CHECK_EQ(err, 0);
    for (int i = 0; i < r.n; i++)
        m->page[r.first + i] = (struct mpage){.kind = kind, .prot = prot, .cell = cell + i};
}

static void step_unmap(struct mproc *m)
{
    struct range r = some_range();

    arm();
    int err = vm_munmap(m->as, va_of(r.first), r.n * PAGE_SIZE);
    if (was_denied(err))
        return;
    CHECK_EQ(err, 0);
    memset(&m->page[r.first], 0, r.n * sizeof(m->page[0]));
}

static void step_protect(struct mproc *m)
{
    static const int prots[] = {PROT_READ, PROT_READ | PROT_WRITE, PROT_NONE, PROT_WRITE};
    struct range r = some_range();
    int prot = prots[t_below(4)], n = 0;

    while (n < r.n && m->page[r.first + n].kind)
        n++;
    arm();
    int err = vm_mprotect(m->as, va_of(r.first), r.n * PAGE_SIZE, prot);
    if (was_denied(err))
        return;
    CHECK_EQ(err, n == r.n ? 0 : -ENOMEM);
    for (int i = 0; i < n; i++)
        m->page[r.first + i].prot = prot;
}

static void step_dontneed(struct mproc *m)
{
    struct range r = some_range();
    bool hole = false;

    for (int i = r.first; i < r.first + r.n; i++) {
        hole |= !m->page[i].kind;
        m->page[i].own = false;
        memset(m->page[i].value, 0, sizeof(m->page[i].value));
    }
    CHECK_EQ(vm_madvise(m->as, va_of(r.first), r.n * PAGE_SIZE, MADV_DONTNEED),
             hole ? -ENOMEM : 0);
}

/* A run of pages of one area, moved onto the other window. */
static void step_move(struct mproc *m)
{
    struct range r = some_range();
    struct mpage moved[WINDOW];
    vaddr_t out;

    rw_write_lock(&m->as->lock);
    struct vma *vma = vma_find(m->as, va_of(r.first));
    bool one_area =
        vma && vma->start <= va_of(r.first) && vma->end >= va_of(r.first) + r.n * PAGE_SIZE;
    rw_write_unlock(&m->as->lock);
    int to = (r.first < WINDOW ? WINDOW : 0) + t_below(WINDOW - r.n + 1);
    arm();
    int err = vm_mremap(m->as, va_of(r.first), r.n * PAGE_SIZE, r.n * PAGE_SIZE,
                        MREMAP_MAYMOVE | MREMAP_FIXED, va_of(to), &out);
    if (was_denied(err))
        return;
    CHECK_EQ(err, one_area ? 0 : -EFAULT);
    if (err)
        return;
    memcpy(moved, &m->page[r.first], r.n * sizeof(moved[0]));
    memset(&m->page[r.first], 0, r.n * sizeof(moved[0]));
    memcpy(&m->page[to], moved, r.n * sizeof(moved[0]));
}

static void step_read(struct mproc *m)
{
    int i = t_below(PAGES), word = t_below(N_WORDS);
    struct mpage *p = &m->page[i];
    struct fault_info info = {0};
    u64 value = ~0UL;
    arm();
    int err = sim_load(m->as, va_of(i) + offsets[word], &value, &info);

    if (was_denied(err))
        return;
    if (!p->kind || !(p->prot & (PROT_READ | PROT_WRITE))) {
        CHECK_EQ(err, -EFAULT);
        CHECK_EQ(info.signo, SIGSEGV);
        CHECK_EQ(info.code, p->kind ? SEGV_ACCERR : SEGV_MAPERR);
    } else if (beyond_end(p)) {
        CHECK_EQ(err, -EFAULT);
        CHECK_EQ(info.signo, SIGBUS);
    } else {
        CHECK_EQ(err, 0);
        CHECK_EQ(value, model_value(p)[word]);
    }
}

/* A write to a private page of the file: from now on it is the area's own. */
static void own_page(struct mpage *p)
{
    if (p->kind != FILE_PRIVATE || p->own)
        return;
    memcpy(p->value, cells[p->cell], sizeof(p->value));
    p->own = true;
}

static void step_write(struct mproc *m)
{
    int i = t_below(PAGES), word = t_below(N_WORDS);
    struct mpage *p = &m->page[i];
    struct fault_info info = {0};
    u64 value = t_random();
    arm();
    int err = sim_store(m->as, va_of(i) + offsets[word], value, &info);

    if (was_denied(err))
        return;
    if (!p->kind || !(p->prot & PROT_WRITE)) {
        CHECK_EQ(err, -EFAULT);
        CHECK_EQ(info.signo, SIGSEGV);
    } else if (beyond_end(p)) {
        CHECK_EQ(err, -EFAULT);
        CHECK_EQ(info.signo, SIGBUS);
    } else {
        CHECK_EQ(err, 0);
        own_page(p);
        model_value(p)[word] = value;
    }
}

static void step_truncate(void)
{
    file_pages = t_below(FILE_MAX + 1);
    object_truncate(file, file_pages * PAGE_SIZE);
    for (int i = file_pages; i < FILE_MAX; i++)
        memset(cells[i], 0, sizeof(cells[i]));
    for (int i = 0; i < PROCS * PAGES; i++) {
        struct mpage *p = &procs[i / PAGES].page[i % PAGES];
        if (beyond_end(p))
            p->own = false;
    }
}

static void proc_exit(struct mproc *m)
{
    struct aspace *as = m->as;

    as->harts_active = 0;
    sim_forget(as);
    aspace_put(as);
    memset(m, 0, sizeof(*m));
}

static void step_fork(struct mproc *m)
{
    struct mproc *child = &procs[t_below(PROCS)];

    if (child == m)
        return;
    if (child->as)
        proc_exit(child);
    *child = *m;
    CHECK_EQ(aspace_create(&child->as), 0);
    arm();
    int err = uvmcopy(m->as, child->as);
    if (was_denied(err))
        return proc_exit(child);
    CHECK_EQ(err, 0);
}

static void one_step(void)
{
    struct mproc *m = &procs[t_below(PROCS)];

    stub_set_hart(t_below(4));
    if (!m->as)
        return;
    switch (t_below(injects && t_below(2) ? 7 : 32)) { /* what can fail, more often */
    case 0:
        step_map(m);
        break;
    case 1:
        step_unmap(m);
        break;
    case 2:
        step_protect(m);
        break;
    case 3:
        step_dontneed(m);
        break;
    case 4:
        step_move(m);
        break;
    case 5:
    case 6:
        step_fork(m);
        break;
    case 7:
        step_truncate();
        break;
    case 8 ... 18:
        step_read(m);
        break;
    default:
        step_write(m);
        break;
    }
}

static void model_run(const char *engine, unsigned n_steps)
{
    u64 free_before = free_frames();

    CHECK_EQ(object_create_anon(0, &file), 0);
    file->owner = &file; /* counts as a file */
    memset(cells, 0, sizeof(cells));
    file_pages = 0;
    CHECK_EQ(aspace_create(&procs[0].as), 0);
    CHECK_EQ(aspace_set_engine(procs[0].as, engine), 0);
    for (unsigned i = 0; i < n_steps; i++) {
        one_step();
        if (i % 8 == 0)
            check_recount();
        if (t_n_failed)
            break;
    }
    for (int i = 0; i < PROCS; i++) {
        if (procs[i].as)
            proc_exit(&procs[i]);
    }
    object_put(file);
    CHECK_EQ(free_frames(), free_before);
}

static void model_cow(void)
{
    model_run("cow", 40000);
}

static void model_eager(void)
{
    model_run("eager", 20000);
}

/* Everything is shared that may be. */
static void model_share(void)
{
    struct share_policy usual = share_policy;

    share_policy = (struct share_policy){1, 1};
    model_run("share", 40000);
    share_policy = (struct share_policy){4, 2};
    model_run("share", 20000);
    share_policy = usual;
}

static void model_no_memory(void)
{
    struct share_policy usual = share_policy;

    injects = true;
    model_run("cow", 20000);
    model_run("eager", 10000);
    share_policy = (struct share_policy){1, 1};
    model_run("share", 20000);
    share_policy = usual;
    injects = false;
}

static void model_lazy_ad(void)
{
    struct share_policy usual = share_policy;

    vm_lazy_ad = true;
    model_run("cow", 10000);
    share_policy = (struct share_policy){1, 1};
    model_run("share", 10000);
    share_policy = usual;
    vm_lazy_ad = false;
}

/* COW-8 and the first promise: the sole owner's write works when no memory is left. */
static void sole_owner_needs_no_memory(void)
{
    struct aspace *parent, *child;
    struct fault_info info;
    struct vm_map_request req = {
        .addr = 0x100000, .length = 4 * PAGE_SIZE, .prot = 3, .flags = MAP_PRIVATE | MAP_FIXED};
    vaddr_t va;

    CHECK_EQ(aspace_create(&parent), 0);
    CHECK_EQ(aspace_create(&child), 0);
    CHECK_EQ(vm_mmap(parent, &req, &va), 0);
    CHECK_EQ(sim_store(parent, va, 7, &info), 0);
    CHECK_EQ(uvmcopy(parent, child), 0);
    stub_fail_countdown = 1;
    CHECK_EQ(sim_store(parent, va, 8, &info), -ENOMEM);
    stub_fail_countdown = 0;
    child->harts_active = 0;
    sim_forget(child);
    aspace_put(child);
    stub_fail_countdown = 1;
    CHECK_EQ(sim_store(parent, va, 9, &info), 0);
    CHECK_EQ(stub_fail_countdown, 1);
    stub_fail_countdown = 0;
    CHECK_EQ(parent->events[VM_REUSED], 1);
    CHECK_EQ(parent->events[VM_COPIED], 0);
    parent->harts_active = 0;
    sim_forget(parent);
    aspace_put(parent);
}

/* Whatever allocation of a fork fails: the parent is unharmed, the child is empty, nothing
 * leaks. */
static void fork_fails_with(const char *engine)
{
    struct vm_map_request req = {.addr = 0x3ff00000,
                                 .length = 512 * PAGE_SIZE,
                                 .prot = 3,
                                 .flags = MAP_PRIVATE | MAP_FIXED};
    struct aspace *parent, *child;
    struct fault_info info;
    vaddr_t va;
    u64 value;
    int err = -ENOMEM;

    CHECK_EQ(aspace_create(&parent), 0);
    CHECK_EQ(aspace_set_engine(parent, engine), 0);
    CHECK_EQ(vm_mmap(parent, &req, &va), 0);
    for (unsigned i = 0; i < 512; i += 7)
        CHECK_EQ(sim_store(parent, va + i * PAGE_SIZE, i + 1, &info), 0);
    u64 before = free_frames();
    for (int k = 1; err && k < 100; k++) {
        CHECK_EQ(aspace_create(&child), 0);
        stub_fail_countdown = k;
        err = uvmcopy(parent, child);
        stub_fail_countdown = 0;
        CHECK(err == 0 || err == -ENOMEM);
        if (!err)
            check_recount();
        child->harts_active = 0;
        aspace_put(child);
        CHECK_EQ(free_frames(), before);
        check_recount();
    }
    CHECK_EQ(err, 0);
    for (unsigned i = 0; i < 512; i += 7) {
        CHECK_EQ(sim_load(parent, va + i * PAGE_SIZE, &value, &info), 0);
        CHECK_EQ(value, i + 1);
    }
    parent->harts_active = 0;
    sim_forget(parent);
    aspace_put(parent);
}

static void fork_fails_cleanly(void)
{
    fork_fails_with("share");
    fork_fails_with("cow");
    fork_fails_with("eager");
}

static void gap_search(void)
{
    struct aspace *as;
    vaddr_t a, b, c, d;
    struct vm_map_request req = {.length = 3 * PAGE_SIZE, .prot = 3, .flags = MAP_PRIVATE};

    CHECK_EQ(aspace_create(&as), 0);
    CHECK_EQ(vm_mmap(as, &req, &a), 0);
    CHECK_EQ(vm_mmap(as, &req, &b), 0);
    CHECK_EQ(b, a - req.length);
    CHECK_EQ(as->n_areas, 1); /* joined */
    CHECK_EQ(vm_munmap(as, a, PAGE_SIZE), 0);
    req.length = PAGE_SIZE;
    CHECK_EQ(vm_mmap(as, &req, &c), 0);
    CHECK_EQ(c, a); /* the hole is the highest gap that fits */
    req.length = USER_END;
    CHECK_EQ(vm_mmap(as, &req, &d), -ENOMEM);
    req.length = UINT64_MAX - 4;
    CHECK_EQ(vm_mmap(as, &req, &d), -ENOMEM);
    aspace_put(as);
}

int main(int argc, char **argv)
{
    t_begin(argc, argv);
    stub_ram_create(8192, 0);
    vm_file_ops.get = vm_file_ops.put = no_file;
    vm_init(NULL, 0);
    RUN(gap_search);
    RUN(sole_owner_needs_no_memory);
    RUN(fork_fails_cleanly);
    RUN(model_cow);
    RUN(model_eager);
    RUN(model_share);
    RUN(model_no_memory);
    RUN(model_lazy_ad);
    return t_done();
}
