/* SPDX-License-Identifier: MIT */
// with: kernel/vm/aspace.c kernel/vm/vma.c kernel/vm/pt.c kernel/vm/fault.c kernel/vm/ahead.c kernel/vm/around.c kernel/vm/cow.c
// with: kernel/vm/ptshare.c kernel/vm/ptown.c kernel/vm/ptrange.c kernel/vm/object.c kernel/vm/mmap.c kernel/vm/protect.c
// with: kernel/vm/mremap.c kernel/vm/advise.c kernel/vm/gather.c kernel/vm/ledger.c
// with: kernel/vm/usage.c kernel/vm/census.c kernel/vm/recount.c kernel/lib/rbtree.c kernel/lib/radix.c
// with: kernel/lib/printf.c kernel/mem/page.c kernel/mem/cache.c kernel/mem/fail.c
// with: tests/host/stub/kernel.c tests/host/stub/arena.c tests/host/stub/vm.c
/*
 * What shared page tables promise, one promise at a time: what is copied and what is not, what
 * needs no memory, what limits do, and that tables go when nothing is in them.
 *
 * A process of 1 GiB, of which a page in each 2 MiB is in use; everything that may be shared is.
 */
#include "stub/check.h"
#include "stub/kernel.h"
#include "stub/vm.h"
#include "t.h"

#include <asm/mman.h>
#include <linux/errno.h>
#include <linux/mman.h>
#include <string.h>
#include <vm/internal.h>
#include <vm/mmap.h>
#include <vm/pt.h>
#include <vm/tlb.h>
#include <vm/usage.h>

#define AT              GiB
#define STEP            (2 * MiB)
#define N               8 /* leaf tables in use */
#define EVENT(as, name) ((as)->events[VM_TABLE_##name])

static struct aspace *parent, *child;
static u64 free_before;

static void map(struct aspace *as, vaddr_t at, u64 length, u32 flags)
{
    struct vm_map_request req = {.addr = at,
                                 .length = length,
                                 .prot = PROT_READ | PROT_WRITE,
                                 .flags = MAP_PRIVATE | MAP_FIXED | MAP_NORESERVE | flags};
    vaddr_t out;

    CHECK_EQ(vm_mmap(as, &req, &out), 0);
}

static int store(struct aspace *as, int i, u64 value)
{
    struct fault_info info;

    return sim_store(as, AT + i * STEP, value, &info);
}

static u64 load(struct aspace *as, int i)
{
    struct fault_info info;
    u64 value = ~0UL;

    CHECK_EQ(sim_load(as, AT + i * STEP, &value, &info), 0);
    return value;
}

static void finish(struct aspace *as)
{
    as->harts_active = 0;
    sim_forget(as);
    aspace_put(as);
}

static void begin(void)
{
    share_policy = (struct share_policy){1, 1};
    free_before = free_frames();
    CHECK_EQ(aspace_create(&parent), 0);
    CHECK_EQ(aspace_set_engine(parent, "share"), 0);
    map(parent, AT, GiB, 0);
    for (int i = 0; i < N; i++)
        CHECK_EQ(store(parent, i, 100 + i), 0);
}

static void fork_it(void)
{
    CHECK_EQ(aspace_create(&child), 0);
    CHECK_EQ(uvmcopy(parent, child), 0);
}

static void end(void)
{
    check_recount();
    finish(parent);
    CHECK_EQ(free_frames(), free_before);
}

static struct page *table_of_root(const struct aspace *as)
{
    return pte_page(pte_load(pt_upper_slot(as, AT, PT_LEVELS - 1)));
}

static bool is_parked(const struct aspace *as)
{
    return pte_is_parked(pte_load(pt_upper_slot(as, AT, PT_LEVELS - 1)));
}

/* Fork of 1 GiB: a root table for the child, and one reference. */
static void fork_copies_nothing(void)
{
    begin();
    u64 tables = aspace_n_tables(parent), frames = free_frames();
    fork_it();
    CHECK(is_parked(parent) && is_parked(child));
    CHECK_EQ(EVENT(parent, SHARED), 1);
    CHECK_EQ(page_count(table_of_root(parent)), 2);
    CHECK_EQ(aspace_n_tables(child), tables);
    CHECK(frames - free_frames() <= 2); /* the root, and what the areas and the rest take */
    finish(child);
    CHECK_EQ(page_count(table_of_root(parent)), 1);
    end();
}

/* Who reads everything links, and copies nothing; who writes one page copies the way to it. */
static void only_the_way_is_copied(void)
{
    begin();
    fork_it();
    for (int i = 0; i < N; i++)
        CHECK_EQ(load(child, i), 100 + i);
    CHECK_EQ(EVENT(child, COPIED), 0);
    CHECK_EQ(EVENT(child, SEALED), 1 + N);
    CHECK_EQ(store(child, 3, 7), 0);
    CHECK_EQ(EVENT(child, COPIED), 2);
    CHECK_EQ(child->events[VM_COPIED], 1);
    for (int i = 0; i < N; i++) {
        CHECK_EQ(load(child, i), i == 3 ? 7 : 100 + i);
        CHECK_EQ(load(parent, i), 100 + i);
    }
    CHECK_EQ(EVENT(parent, SEALED), 0); /* once for all */
    finish(child);
    end();
}

/* A linked table stays linked in a child: neither side will ever fault for reading. */
static void linked_stays_linked(void)
{
    begin();
    fork_it();
    CHECK_EQ(load(parent, 0), 100);
    finish(child);
    fork_it();
    CHECK(!is_parked(parent) && !is_parked(child));
    CHECK_EQ(load(child, 1), 101);
    CHECK_EQ(EVENT(child, LINKED), 1); /* the leaf table alone: nobody had been there */
    finish(child);
    end();
}

/* The last owner takes its tables back without copying, and without memory. */
static void last_owner_takes_back(void)
{
    begin();
    fork_it();
    for (int i = 0; i < N; i++)
        load(parent, i);
    finish(child);
    u64 copied = EVENT(parent, COPIED);
    stub_fail_countdown = 1;
    for (int i = 0; i < N; i++)
        CHECK_EQ(store(parent, i, 200 + i), 0);
    CHECK_EQ(stub_fail_countdown, 1);
    stub_fail_countdown = 0;
    CHECK_EQ(EVENT(parent, COPIED), copied);
    CHECK_EQ(EVENT(parent, RECLAIMED), 1 + N);
    CHECK_EQ(parent->events[VM_COPIED], 0);
    end();
}

/* munmap of all that a table serves drops one reference: nothing is copied for it, and it needs
 * no memory. */
static void whole_tables_are_dropped(void)
{
    begin();
    fork_it();
    stub_fail_countdown = 1;
    CHECK_EQ(vm_munmap(child, AT, GiB), 0);
    stub_fail_countdown = 0;
    CHECK_EQ(EVENT(child, COPIED), 0);
    CHECK_EQ(aspace_n_tables(child), 1);
    CHECK_EQ(aspace_rss_total(child), 0);
    CHECK_EQ(aspace_rss_total(parent), N);
    check_recount();
    finish(child);
    for (int i = 0; i < N; i++)
        CHECK_EQ(load(parent, i), 100 + i);
    end();
}

/* A part of it owns the ways to its two ends, and drops what lies between whole. */
static void parts_own_their_edges(void)
{
    begin();
    fork_it();
    CHECK_EQ(vm_munmap(child, AT + STEP + PAGE_SIZE, 4 * STEP), 0);
    CHECK_EQ(EVENT(child, COPIED), 3);
    CHECK_EQ(aspace_n_tables(child), 1 + 1 + N - 3 - 1); /* one is left empty, and goes */
    CHECK_EQ(aspace_rss_total(child), N - 4);
    check_recount();
    CHECK_EQ(load(child, 1), 101);
    finish(child);
    end();
}

/* Tables go as soon as nothing is in them. */
static void empty_tables_are_freed(void)
{
    begin();
    CHECK_EQ(aspace_n_tables(parent), 2 + N);
    CHECK_EQ(vm_munmap(parent, AT, 2 * STEP), 0);
    CHECK_EQ(aspace_n_tables(parent), 2 + N - 2);
    CHECK_EQ(vm_munmap(parent, AT + 2 * STEP, GiB - 2 * STEP), 0);
    CHECK_EQ(aspace_n_tables(parent), 1);
    end();
}

/* The engine is asked at each fork; whatever was shared before is made the parent's own. */
static void engines_are_obeyed(void)
{
    begin();
    fork_it();
    finish(child);
    fork_it();
    u64 shared = EVENT(parent, SHARED);
    struct aspace *first = child;

    CHECK_EQ(aspace_set_engine(parent, "cow"), 0);
    fork_it();
    CHECK_EQ(EVENT(parent, SHARED), shared);
    CHECK_EQ(child->events[VM_SHARED], N);
    finish(child);
    CHECK_EQ(aspace_set_engine(parent, "eager"), 0);
    u64 frames = free_frames();
    fork_it();
    CHECK_EQ(EVENT(parent, SHARED), shared);
    CHECK(frames - free_frames() >= N + N + 2);
    for (int i = 0; i < N; i++)
        CHECK_EQ(load(child, i), 100 + i);
    finish(child);
    finish(first);
    end();
}

/* As many references as a count can hold: fork says so, and nothing has happened. */
static void table_count_has_a_limit(void)
{
    begin();
    fork_it();
    struct page *table = table_of_root(parent);
    struct aspace *second;

    CHECK_EQ(aspace_create(&second), 0);
    table->count += PAGE_COUNT_MAX - 2;
    CHECK_EQ(uvmcopy(parent, second), -EOVERFLOW);
    CHECK_EQ(table->count, PAGE_COUNT_MAX);
    table->count -= PAGE_COUNT_MAX - 2;
    finish(second);
    finish(child);
    end();
}

/* The same for a frame when its table is copied: the write is refused, the copy is undone. */
static void frame_count_has_a_limit(void)
{
    struct fault_info info;

    begin();
    /* a second page in the last table: the first has been counted when this one is refused */
    vaddr_t second = AT + (N - 1) * STEP + PAGE_SIZE;
    CHECK_EQ(sim_store(parent, second, 9, &info), 0);
    fork_it();
    load(parent, N - 1);
    struct page *page = pte_page(pte_load(walk_any(parent, second)));
    page->count += PAGE_COUNT_MAX - 1;
    CHECK_EQ(store(parent, N - 1, 5), -EOVERFLOW);
    page->count -= PAGE_COUNT_MAX - 1;
    check_recount();
    CHECK_EQ(store(parent, N - 1, 5), 0);
    CHECK_EQ(load(child, N - 1), 100 + N - 1);
    finish(child);
    end();
}

/* An area that the child does not inherit, or gets empty, keeps its tables from being shared;
 * its neighbours' are. */
static void kept_areas_are_not_shared(int advice)
{
    begin();
    CHECK_EQ(vm_madvise(parent, AT + STEP, STEP, advice), 0);
    fork_it();
    CHECK_EQ(EVENT(parent, SHARED), N - 1);
    CHECK(!walk_any(child, AT + STEP) || pte_is_none(pte_load(walk_any(child, AT + STEP))));
    CHECK_EQ(aspace_rss_total(child), N - 1);
    CHECK_EQ(load(child, 2), 102);
    CHECK_EQ(load(parent, 1), 101);
    finish(child);
    end();
}

static void dontfork_is_not_shared(void)
{
    kept_areas_are_not_shared(MADV_DONTFORK);
}

static void wipeonfork_is_not_shared(void)
{
    kept_areas_are_not_shared(MADV_WIPEONFORK);
}

/* Whichever allocation of a fork fails: nobody refers to anything more than before. Tables of
 * both levels are shared, and the child needs a middle table of its own. */
static void fork_fails_anywhere(void)
{
    int err = -ENOMEM;

    begin();
    map(parent, 4 * GiB, STEP, 0);
    CHECK_EQ(vm_madvise(parent, AT + STEP, STEP, MADV_DONTFORK), 0);
    u64 before = free_frames();
    for (int k = 1; err && k < 100; k++) {
        CHECK_EQ(aspace_create(&child), 0);
        stub_fail_countdown = k;
        err = uvmcopy(parent, child);
        stub_fail_countdown = 0;
        CHECK(err == 0 || err == -ENOMEM);
        finish(child);
        check_recount();
        CHECK_EQ(sim_audit(parent), 0);
        CHECK_EQ(free_frames(), before);
    }
    CHECK_EQ(err, 0);
    end();
}

/* Tables with fewer entries than the policy wants are copied. */
static void small_tables_are_copied(void)
{
    begin();
    share_policy = (struct share_policy){2, 1};
    fork_it(); /* the middle table has enough */
    CHECK_EQ(EVENT(parent, SHARED), 1);
    finish(child);
    load(parent, 0);
    CHECK_EQ(store(parent, 0, 1), 0);
    share_policy = (struct share_policy){2, N + 1};
    for (int i = 1; i < N; i++)
        CHECK_EQ(store(parent, i, i), 0); /* all its own again */
    fork_it();
    CHECK_EQ(EVENT(parent, SHARED), 1);
    CHECK_EQ(child->events[VM_SHARED], N);
    finish(child);
    end();
}

int main(int argc, char **argv)
{
    t_begin(argc, argv);
    stub_ram_create(1024, 0);
    vm_file_ops.get = vm_file_ops.put = no_file;
    vm_init(NULL, 0);
    RUN(fork_copies_nothing);
    RUN(only_the_way_is_copied);
    RUN(linked_stays_linked);
    RUN(last_owner_takes_back);
    RUN(whole_tables_are_dropped);
    RUN(parts_own_their_edges);
    RUN(empty_tables_are_freed);
    RUN(engines_are_obeyed);
    RUN(table_count_has_a_limit);
    RUN(frame_count_has_a_limit);
    RUN(dontfork_is_not_shared);
    RUN(wipeonfork_is_not_shared);
    RUN(fork_fails_anywhere);
    RUN(small_tables_are_copied);
    return t_done();
}
