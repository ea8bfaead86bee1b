/* SPDX-License-Identifier: MIT */
// with: kernel/vm/aspace.c kernel/vm/vma.c kernel/vm/pt.c kernel/vm/fault.c kernel/vm/ahead.c kernel/vm/around.c kernel/vm/cow.c
// with: kernel/vm/ptshare.c kernel/vm/ptown.c kernel/vm/ptrange.c kernel/vm/object.c kernel/vm/mmap.c kernel/vm/protect.c
// with: kernel/vm/mremap.c kernel/vm/advise.c kernel/vm/gather.c kernel/vm/ledger.c
// with: kernel/vm/usage.c kernel/vm/census.c kernel/vm/recount.c kernel/lib/rbtree.c kernel/lib/radix.c
// with: kernel/lib/printf.c kernel/mem/page.c kernel/mem/cache.c kernel/mem/fail.c
// with: tests/host/stub/kernel.c tests/host/stub/arena.c tests/host/stub/vm.c
/*
 * Filling ahead: a run of first writes is given pages that it has not asked for yet, not many,
 * only where they would have come from anyway, and never at anybody's expense.
 */
#include "stub/check.h"
#include "stub/kernel.h"
#include "stub/vm.h"
#include "t.h"

#include <asm/mman.h>
#include <linux/mman.h>
#include <vm/internal.h>
#include <vm/mmap.h>
#include <vm/pt.h>

#define AT 0x10000000UL

static struct aspace *create(void)
{
    struct aspace *as;

    CHECK_EQ(aspace_create(&as), 0);
    return as;
}

static void finish(struct aspace *as)
{
    check_recount();
    as->harts_active = 0;
    sim_forget(as);
    aspace_put(as);
}

static void map(struct aspace *as, vaddr_t at, u64 pages, u32 prot)
{
    struct vm_map_request req = {.addr = at,
                                 .length = pages * PAGE_SIZE,
                                 .prot = prot,
                                 .max_prot = 7,
                                 .flags = MAP_PRIVATE | MAP_FIXED};
    vaddr_t out;

    CHECK_EQ(vm_mmap(as, &req, &out), 0);
}

static void store(struct aspace *as, vaddr_t va, u64 value)
{
    struct fault_info info;

    CHECK_EQ(sim_store(as, va, value, &info), 0);
}

static u64 load(struct aspace *as, vaddr_t va)
{
    struct fault_info info;
    u64 value = ~0UL;

    CHECK_EQ(sim_load(as, va, &value, &info), 0);
    return value;
}

static bool is_mapped(struct aspace *as, vaddr_t va)
{
    const pte_t *slot = walk(as, va);

    return slot && !pte_is_none(pte_load(slot));
}

/* At any time at most a quarter of what was written is given on top, and at most 16 pages; it
 * is all zero, counted, and spares most of the faults. */
static void quarter_on_top(void)
{
    enum { N = 300 };
    struct aspace *as = create();

    map(as, AT, N, 3);
    for (u64 i = 0; i < N; i++) {
        vaddr_t va = AT + i * PAGE_SIZE;
        if (is_mapped(as, va))
            CHECK_EQ(load(as, va), 0);
        store(as, va, i + 1);
        u64 extra = aspace_rss(as, RSS_ANON) - (i + 1);
        CHECK(extra <= (i + 1) / 4 && extra <= 16);
        CHECK_EQ(as->events[VM_ZERO_FILLED], aspace_rss(as, RSS_ANON));
    }
    CHECK_EQ(aspace_rss(as, RSS_ANON), N);
    CHECK(as->events[VM_AHEAD] > N * 3 / 4);
    for (u64 i = 0; i < N; i++)
        CHECK_EQ(load(as, AT + i * PAGE_SIZE), i + 1);
    finish(as);
}

/* Writes here and there, or a few pages in a row, are given what they ask for. */
static void no_run(void)
{
    struct aspace *as = create();
    u64 n = 0;

    map(as, AT, 512, 3);
    for (u64 i = 0; i < 500; i += 20) {
        for (u64 j = 0; j < 16; j++, n++)
            store(as, AT + (i + j) * PAGE_SIZE, 1);
    }
    CHECK_EQ(aspace_rss(as, RSS_ANON), n);
    CHECK_EQ(as->events[VM_AHEAD], 0);
    finish(as);
}

/* It ends with the area, at a page that is there, and goes on behind a table's end. */
static void boundaries(void)
{
    struct aspace *as = create();
    vaddr_t at = AT + pt_span(1) - 40 * PAGE_SIZE;

    map(as, at, 90, 3);
    map(as, at + 90 * PAGE_SIZE, 40, 7);
    store(as, at + 30 * PAGE_SIZE, 99);
    for (u64 i = 0; i < 90; i++) {
        if (i == 30)
            CHECK_EQ(load(as, at + i * PAGE_SIZE), 99);
        store(as, at + i * PAGE_SIZE, i + 1);
    }
    CHECK_EQ(aspace_rss(as, RSS_ANON), 90);
    CHECK(!is_mapped(as, at + 90 * PAGE_SIZE));
    for (u64 i = 0; i < 90; i++)
        CHECK_EQ(load(as, at + i * PAGE_SIZE), i + 1);
    finish(as);
}

/* No frame for more than what was asked for: then not more. */
static void no_memory(void)
{
    struct aspace *as = create();
    u64 i = 0;

    map(as, AT, 512, 3);
    for (; i < 20; i++)
        store(as, AT + i * PAGE_SIZE, 1);
    while (is_mapped(as, AT + i * PAGE_SIZE))
        i++;
    stub_fail_countdown = 2; /* the second page ahead */
    store(as, AT + i * PAGE_SIZE, 1);
    CHECK_EQ(stub_fail_countdown, 0);
    CHECK(is_mapped(as, AT + (i + 1) * PAGE_SIZE) && !is_mapped(as, AT + (i + 2) * PAGE_SIZE));
    finish(as);
}

static void scarce_memory(void)
{
    struct aspace *hog = create(), *as = create();

    map(hog, AT, 6000, 3);
    for (u64 i = 0; mem_has_free(4096); i++)
        store(hog, AT + i * PAGE_SIZE, 1);
    map(as, AT, 512, 3);
    for (u64 i = 0; i < 100; i++)
        store(as, AT + i * PAGE_SIZE, 1);
    CHECK_EQ(as->events[VM_AHEAD], 0);
    finish(as);
    finish(hog);
}

int main(int argc, char **argv)
{
    t_begin(argc, argv);
    stub_ram_create(8192, 0);
    vm_file_ops.get = vm_file_ops.put = no_file;
    vm_init(NULL, 0);
    u64 before = free_frames();
    RUN(quarter_on_top);
    RUN(no_run);
    RUN(boundaries);
    RUN(no_memory);
    RUN(scarce_memory);
    CHECK(before - free_frames() < 16); /* what caches of objects keep */
    stub_ram_destroy();
    return t_done();
}
