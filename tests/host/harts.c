/* SPDX-License-Identifier: MIT */
// with: kernel/vm/aspace.c kernel/vm/vma.c kernel/vm/pt.c kernel/vm/fault.c kernel/vm/ahead.c kernel/vm/around.c kernel/vm/cow.c kernel/vm/ptshare.c kernel/vm/ptown.c kernel/vm/ptrange.c
// with: kernel/vm/object.c kernel/vm/mmap.c kernel/vm/protect.c kernel/vm/mremap.c kernel/vm/advise.c
// with: kernel/vm/gather.c kernel/vm/ledger.c kernel/vm/usage.c kernel/vm/census.c kernel/vm/recount.c
// with: kernel/lib/rbtree.c kernel/lib/radix.c kernel/lib/printf.c kernel/mem/page.c kernel/mem/cache.c kernel/mem/fail.c
// with: tests/host/stub/kernel.c tests/host/stub/arena.c tests/host/stub/vm.c tests/host/stub/fibers.c
/*
 * Several harts in the same address spaces at once: they load, store, fork, exit, discard,
 * protect and truncate, and are interleaved within every operation (stub/fibers.h), with TLBs
 * that forget nothing.
 *
 * Each hart stores growing numbers into words of its own, so that what a load may return is
 * known without stopping anybody: not less than what was stored before the load began, not more
 * than what was being stored when it ended.
 *
 *   COW-5  a reader sees neither the old page after the new one was written, nor a frame that
 *          has been given away
 *   COW-6  what a child sees is one moment, and nothing lands in it later
 *   PT-2   when a shared table is replaced by a copy, nobody still goes through the original
 *          once the copy can differ
 *   what a walker sets in an entry (D) is not lost when fork takes W away
 *   mprotect and truncation hold for every hart when the call returns
 */
#include "stub/fibers.h"
#include "stub/check.h"
#include "stub/kernel.h"
#include "stub/vm.h"
#include "t.h"

#include <asm/mman.h>
#include <linux/errno.h>
#include <linux/mman.h>
#include <signal.h>
#include <string.h>
#include <vm/internal.h>
#include <vm/mmap.h>
#include <vm/pt.h>
#include <vm/tlb.h>

enum { HARTS = 4, PROCS = 3, PAGES = 4, FILE_PAGES = 2, ROUNDS = 300, STEPS = 250 };

#define ANON_VA    (0x200000UL - PAGES / 2 * PAGE_SIZE) /* around the end of a page table */
#define SHARED_VA  0x40000000UL
#define OTHER_VA   0x40600000UL
#define PRIVATE_VA 0x50000000UL

/* A hart's two words of a page: one in each half, which a copy does not move at once. */
struct words {
    u64 issued[HARTS][2], done[HARTS][2];
};

struct proc_model {
    struct aspace *as;
    bool taken; /* there is a process, or somebody is making one or ending it */
    bool ready; /* others may use it */
    unsigned n_users, n_forks;
    vaddr_t shared_va; /* where the file is mapped */
    unsigned n_file_users;
    bool is_moving;
    struct page_model {
        struct words words;
        unsigned n_storing;
        unsigned epoch; /* odd while it is being discarded */
        bool read_only;
    } page[PAGES];
};

static struct proc_model procs[PROCS];
static u64 counter[HARTS];

static struct vm_object *file;
static struct {
    struct words words[FILE_PAGES];
    unsigned n_storing;
    unsigned epoch; /* odd while it is being truncated or extended */
    bool is_empty;
} file_model;

static unsigned word_offset(unsigned hart, unsigned half)
{
    return half * (PAGE_SIZE - 64) + hart * 8;
}

/* Mostly the same one: the harts are to meet. */
static unsigned some_page(void)
{
    return t_below(8) ? 1 : t_below(PAGES);
}

static struct proc_model *use_some(void)
{
    struct proc_model *m = &procs[t_below(PROCS)];

    if (!m->ready)
        return NULL;
    m->n_users++;
    return m;
}

/* --- private memory --- */

static void step_store(struct proc_model *m, unsigned me)
{
    unsigned i = some_page(), half = t_below(2);
    struct page_model *page = &m->page[i];
    struct fault_info info;

    if (page->epoch & 1)
        return;
    bool read_only = page->read_only;
    u64 value = ++counter[me];
    page->n_storing++;
    if (!read_only)
        page->words.issued[me][half] = value;
    int err = sim_store(m->as, ANON_VA + i * PAGE_SIZE + word_offset(me, half), value, &info);
    CHECK_EQ(err, read_only ? -EFAULT : 0);
    if (!read_only)
        page->words.done[me][half] = value;
    page->n_storing--;
}

static void load_word(struct proc_model *m, unsigned i, unsigned hart, unsigned half)
{
    struct page_model *page = &m->page[i];
    struct fault_info info;
    unsigned epoch = page->epoch;
    u64 least = page->words.done[hart][half], before = page->words.issued[hart][half], value;

    int err = sim_load(m->as, ANON_VA + i * PAGE_SIZE + word_offset(hart, half), &value, &info);
    CHECK_EQ(err, 0);
    bool was_discarded = (epoch & 1) || epoch != page->epoch;
    u64 most = max(before, page->words.issued[hart][half]);
    if (was_discarded && value == 0)
        return;
    CHECK(value >= least || was_discarded);
    CHECK(value <= most);
}

static void step_load(struct proc_model *m)
{
    unsigned i = some_page();

    for (unsigned word = 0; word < HARTS * 2; word++)
        load_word(m, i, word / 2, word % 2);
}

/* Everybody stays out of it but for loads, which may still see the old value or zero already.
 */
static void step_discard(struct proc_model *m)
{
    unsigned i = some_page();
    struct page_model *page = &m->page[i];
    vaddr_t va = ANON_VA + i * PAGE_SIZE, out;

    if (page->n_storing || (page->epoch & 1) || m->n_forks || page->read_only)
        return;
    page->epoch++;
    if (t_below(2)) {
        CHECK_EQ(vm_madvise(m->as, va, PAGE_SIZE, MADV_DONTNEED), 0);
    } else {
        struct vm_map_request req = {
            .addr = va, .length = PAGE_SIZE, .prot = 3, .flags = MAP_PRIVATE | MAP_FIXED};
        CHECK_EQ(vm_mmap(m->as, &req, &out), 0);
    }
    memset(&page->words, 0, sizeof(page->words));
    page->epoch++;
}

static void step_protect(struct proc_model *m)
{
    unsigned i = some_page();
    struct page_model *page = &m->page[i];
    u32 prot = page->read_only ? PROT_READ | PROT_WRITE : PROT_READ;

    if (page->n_storing || (page->epoch & 1) || m->n_forks)
        return;
    page->epoch++;
    CHECK_EQ(vm_mprotect(m->as, ANON_VA + i * PAGE_SIZE, PAGE_SIZE, prot), 0);
    page->read_only = !page->read_only;
    page->epoch++;
}

/* --- processes --- */

static struct proc_model *free_proc(void)
{
    for (unsigned i = 0; i < PROCS; i++) {
        if (!procs[i].taken)
            return &procs[i];
    }
    return NULL;
}

static bool is_changing(const struct proc_model *m)
{
    for (unsigned i = 0; i < PAGES; i++) {
        if (m->page[i].epoch & 1)
            return true;
    }
    return false;
}

/* What the child has of one word lies between what was done before fork and what had begun when
 * it returned; from now on it is the child's own. */
static void adopt_word(struct proc_model *child, const struct words *before,
                       const struct words *after, unsigned i, unsigned hart, unsigned half)
{
    struct words *words = &child->page[i].words;
    struct fault_info info;
    u64 value;

    CHECK_EQ(
        sim_load(child->as, ANON_VA + i * PAGE_SIZE + word_offset(hart, half), &value, &info),
        0);
    CHECK(value >= before->done[hart][half]);
    CHECK(value <= after->issued[hart][half]);
    words->issued[hart][half] = words->done[hart][half] = value;
}

static void step_fork(struct proc_model *m)
{
    struct proc_model *child = free_proc();
    struct words before[PAGES], after[PAGES];

    if (!child || is_changing(m) || m->is_moving)
        return;
    child->taken = true;
    m->n_forks++;
    CHECK_EQ(aspace_create(&child->as), 0);
    for (unsigned i = 0; i < PAGES; i++)
        before[i] = m->page[i].words;
    CHECK_EQ(uvmcopy(m->as, child->as), 0);
    for (unsigned i = 0; i < PAGES; i++) {
        after[i] = m->page[i].words;
        child->page[i].read_only = m->page[i].read_only;
    }
    child->shared_va = m->shared_va;
    m->n_forks--;
    for (unsigned i = 0; i < PAGES * HARTS * 2; i++)
        adopt_word(child, &before[i / HARTS / 2], &after[i / HARTS / 2], i / HARTS / 2,
                   i / 2 % HARTS, i % 2);
    child->ready = true;
}

static void proc_exit(struct proc_model *m)
{
    m->ready = false;
    m->as->harts_active = 0;
    sim_forget(m->as);
    aspace_put(m->as);
    memset(m, 0, sizeof(*m));
}

static void step_exit(struct proc_model *m)
{
    if (m->n_users == 1 && (procs[0].ready + procs[1].ready + procs[2].ready) > 1)
        proc_exit(m);
    else
        m->n_users--;
}

/* --- a file that is truncated while it is mapped --- */

static void step_file_store(struct proc_model *m, unsigned me)
{
    unsigned i = t_below(FILE_PAGES), half = t_below(2), epoch = file_model.epoch;
    bool was_empty = file_model.is_empty;
    struct words *words = &file_model.words[i];
    struct fault_info info;
    u64 value = ++counter[me];

    if (m->is_moving)
        return;
    m->n_file_users++;
    file_model.n_storing++;
    words->issued[me][half] = value;
    int err =
        sim_store(m->as, m->shared_va + i * PAGE_SIZE + word_offset(me, half), value, &info);
    CHECK(!err || (err == -EFAULT && info.signo == SIGBUS));
    if (!(epoch & 1) && epoch == file_model.epoch) {
        CHECK_EQ(err, was_empty ? -EFAULT : 0);
        if (!err)
            words->done[me][half] = value;
    }
    file_model.n_storing--;
    m->n_file_users--;
}

static void step_file_load(struct proc_model *m)
{
    unsigned i = t_below(FILE_PAGES), hart = t_below(HARTS), half = t_below(2);
    vaddr_t va = (t_below(3) ? m->shared_va : PRIVATE_VA) + i * PAGE_SIZE;
    unsigned epoch = file_model.epoch;
    bool was_empty = file_model.is_empty;
    u64 least = file_model.words[i].done[hart][half], value = 0;
    struct fault_info info;

    if (m->is_moving)
        return;
    m->n_file_users++;
    int err = sim_load(m->as, va + word_offset(hart, half), &value, &info);
    m->n_file_users--;
    CHECK(!err || (err == -EFAULT && info.signo == SIGBUS));
    CHECK(value <= counter[hart]);
    if ((epoch & 1) || epoch != file_model.epoch)
        return;
    CHECK_EQ(err, was_empty ? -EFAULT : 0);
    if (!err)
        CHECK(value >= least);
}

static void step_truncate(void)
{
    if (file_model.epoch & 1)
        return;
    if (file_model.is_empty && file_model.n_storing)
        return;
    file_model.epoch++;
    object_truncate(file, file_model.is_empty ? FILE_PAGES * PAGE_SIZE : 0);
    memset(file_model.words, 0, sizeof(file_model.words));
    file_model.is_empty = !file_model.is_empty;
    file_model.epoch++;
}

/* Truncation, of which the mover knows nothing, finds the pages at one of the two places. */
static void step_move(struct proc_model *m)
{
    vaddr_t to = m->shared_va == SHARED_VA ? OTHER_VA : SHARED_VA, out;

    if (m->n_file_users || m->is_moving || m->n_forks)
        return;
    m->is_moving = true;
    CHECK_EQ(vm_mremap(m->as, m->shared_va, FILE_PAGES * PAGE_SIZE, FILE_PAGES * PAGE_SIZE,
                       MREMAP_MAYMOVE | MREMAP_FIXED, to, &out),
             0);
    m->shared_va = to;
    m->is_moving = false;
}

/* --- all together --- */

static void step(unsigned me)
{
    struct proc_model *m = use_some();

    if (!m)
        return;
    switch (t_below(32)) {
    case 0:
        return step_exit(m);
    case 1:
        step_discard(m);
        break;
    case 2:
        step_protect(m);
        break;
    case 3:
        step_truncate();
        break;
    case 4:
        step_move(m);
        break;
    case 5:
    case 31:
        step_fork(m);
        break;
    case 6 ... 8:
        step_file_store(m, me);
        break;
    case 9 ... 12:
        step_file_load(m);
        break;
    case 13 ... 22:
        step_load(m);
        break;
    default:
        step_store(m, me);
        break;
    }
    m->n_users--;
}

static void hart(unsigned me)
{
    for (unsigned i = 0; i < STEPS && !t_n_failed; i++) {
        step(me);
        stub_point();
    }
}

/* --- the moment in which a table is replaced --- */

/* Most loads first, so that the shared table is linked and remembered; the first store of any
 * hart replaces it, while others store through the copy and load through what they remember. */
static void hammer(unsigned me)
{
    for (unsigned i = 0; i < 24 && !t_n_failed; i++) {
        if (t_below(i < 8 ? 8 : 3))
            step_load(&procs[0]);
        else
            step_store(&procs[0], me);
        stub_point();
    }
}

static void replace_table(unsigned round)
{
    static const unsigned one_in[] = {9, 17, 33, 65};
    struct aspace *child;

    CHECK_EQ(aspace_create(&child), 0);
    CHECK_EQ(uvmcopy(procs[0].as, child), 0);
    fibers_run(HARTS, hammer, t_random(), one_in[round % 4]);
    check_recount();
    CHECK_EQ(sim_audit(procs[0].as), 0);
    child->harts_active = 0;
    sim_forget(child);
    aspace_put(child);
}

static void map(struct aspace *as, vaddr_t at, u64 pages, u32 flags, struct vm_object *object)
{
    struct vm_map_request req = {.addr = at,
                                 .length = pages * PAGE_SIZE,
                                 .prot = PROT_READ | PROT_WRITE,
                                 .max_prot = 7,
                                 .flags = MAP_FIXED | flags,
                                 .object = object};
    vaddr_t out;

    CHECK_EQ(vm_mmap(as, &req, &out), 0);
}

/* Who sets A and D. */
enum ad { AT_ONCE, BY_FAULT, BY_WALKER };

static void run(const char *engine, enum ad ad, unsigned n_rounds)
{
    static const unsigned one_in[] = {2, 3, 5, 9, 17, 33}; /* short turns and long ones */
    u64 free_before = free_frames();

    vm_lazy_ad = ad != AT_ONCE;
    sim_sets_ad = ad == BY_WALKER;
    memset(&file_model, 0, sizeof(file_model));
    CHECK_EQ(object_create_anon(FILE_PAGES * PAGE_SIZE, &file), 0);
    file->owner = &file; /* counts as a file */
    CHECK_EQ(aspace_create(&procs[0].as), 0);
    CHECK_EQ(aspace_set_engine(procs[0].as, engine), 0);
    map(procs[0].as, ANON_VA, PAGES, MAP_PRIVATE, NULL);
    map(procs[0].as, SHARED_VA, FILE_PAGES, MAP_SHARED, file);
    map(procs[0].as, PRIVATE_VA, FILE_PAGES, MAP_PRIVATE, file);
    procs[0].shared_va = SHARED_VA;
    procs[0].taken = procs[0].ready = true;
    for (unsigned i = 0; i < n_rounds && !t_n_failed; i++) {
        fibers_run(HARTS, hart, t_random(), one_in[i % 6]);
        check_recount();
    }
    for (unsigned i = 0; i < PROCS; i++) {
        if (procs[i].as)
            proc_exit(&procs[i]);
    }
    object_put(file);
    CHECK_EQ(free_frames(), free_before);
    vm_lazy_ad = sim_sets_ad = false;
}

static void all_at_once(void)
{
    run("cow", AT_ONCE, ROUNDS);
}

static void all_at_once_lazy_ad(void)
{
    run("cow", BY_FAULT, ROUNDS / 4);
    run("cow", BY_WALKER, ROUNDS / 4);
}

static void all_at_once_eager(void)
{
    run("eager", AT_ONCE, ROUNDS / 4);
}

/* Whole tables are shared, however few entries they have. */
static void all_at_once_share(void)
{
    share_policy = (struct share_policy){1, 1};
    run("share", AT_ONCE, ROUNDS);
    run("share", BY_FAULT, ROUNDS);
    run("share", BY_WALKER, ROUNDS / 2);
}

/* PT-2: no hart goes through the original any more once the copy can change. */
static void replaced_at_once(void)
{
    u64 free_before = free_frames();

    /* leaf tables alone are shared, so that there is one replacement for each */
    share_policy = (struct share_policy){1, PT_ENTRIES};
    CHECK_EQ(aspace_create(&procs[0].as), 0);
    CHECK_EQ(aspace_set_engine(procs[0].as, "share"), 0);
    map(procs[0].as, ANON_VA, PAGES, MAP_PRIVATE, NULL);
    for (unsigned i = 0; i < 2 * ROUNDS && !t_n_failed; i++)
        replace_table(i);
    proc_exit(&procs[0]);
    CHECK_EQ(free_frames(), free_before);
}

/* --- a walker that sets A and D while fork takes W away --- */

static bool was_dirtied;
static struct aspace *walked, *forked;

static void walk_or_fork(unsigned me)
{
    if (!me) {
        CHECK_EQ(uvmcopy(walked, forked), 0);
        return;
    }
    for (unsigned n = t_below(32); n; n--)
        stub_point();
    was_dirtied = sim_walk_to_write(walked, ANON_VA);
}

/* What the walker set stays: the page was written to. */
static void dirty_is_kept(void)
{
    for (unsigned i = 0; i < 4 * ROUNDS; i++) {
        vm_lazy_ad = true;
        CHECK_EQ(aspace_create(&walked), 0);
        CHECK_EQ(aspace_create(&forked), 0);
        CHECK_EQ(aspace_set_engine(walked, "cow"), 0);
        map(walked, ANON_VA, 1, MAP_PRIVATE | MAP_POPULATE, NULL);
        pte_t before = pte_load(walk(walked, ANON_VA));
        CHECK(pte_is_writable(before) && !pte_is_dirty(before));
        fibers_run(2, walk_or_fork, t_random(), 3);
        pte_t after = pte_load(walk(walked, ANON_VA));
        CHECK(pte_is_cow(after) && pte_is_dirty(after) == was_dirtied);
        vm_lazy_ad = false;
        forked->harts_active = walked->harts_active = 0;
        sim_forget(forked);
        aspace_put(forked);
        sim_forget(walked);
        aspace_put(walked);
    }
}

int main(int argc, char **argv)
{
    t_begin(argc, argv);
    stub_ram_create(8192, 0);
    vm_file_ops.get = vm_file_ops.put = no_file;
    vm_init(NULL, 0);
    RUN(all_at_once);
    RUN(all_at_once_lazy_ad);
    RUN(all_at_once_eager);
    RUN(all_at_once_share);
    RUN(replaced_at_once);
    RUN(dirty_is_kept);
    return t_done();
}
