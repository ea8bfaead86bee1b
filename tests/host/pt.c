/* SPDX-License-Identifier: MIT */
// with: kernel/vm/aspace.c kernel/vm/vma.c kernel/vm/pt.c kernel/vm/fault.c kernel/vm/ahead.c kernel/vm/around.c kernel/vm/cow.c
// with: kernel/vm/ptshare.c kernel/vm/ptown.c kernel/vm/ptrange.c kernel/vm/object.c kernel/vm/mmap.c kernel/vm/protect.c
// with: kernel/vm/mremap.c kernel/vm/advise.c kernel/vm/gather.c kernel/vm/ledger.c
// with: kernel/vm/usage.c kernel/vm/census.c kernel/vm/recount.c kernel/lib/rbtree.c kernel/lib/radix.c
// with: kernel/lib/printf.c kernel/mem/page.c kernel/mem/cache.c kernel/mem/fail.c
// with: tests/host/stub/kernel.c tests/host/stub/arena.c tests/host/stub/vm.c
/*
 * Page tables: the range iterator against a naive loop, across every 2 MiB and 1 GiB boundary, and
 * pruning back to the root.
 */
#include "stub/kernel.h"
#include "stub/vm.h"
#include "t.h"

#include <vm/internal.h>
#include <vm/mmap.h>
#include <vm/pt.h>
#include <vm/usage.h>
#include <vm/tlb.h>

/* The page-table iterator against a naive loop, over ranges around all boundaries. */
static void iterator(void)
{
    struct aspace *as;
    struct pt_run run;
    pte_t *slot;
    static vaddr_t with_table[64];
    unsigned n = 0;

    CHECK_EQ(aspace_create(&as), 0);
    for (unsigned i = 0; i < 12; i++) {
        vaddr_t va =
            t_below(6) * (1UL << 30) + t_below(4) * (2UL << 20) + t_below(512) * PAGE_SIZE;
        CHECK_EQ(walk_alloc(as, va, &slot), 0);
        with_table[n++] = align_down(va, 2UL << 20);
    }
    for (unsigned i = 0; i < 2000; i++) {
        vaddr_t start = t_below(6UL << 18) * PAGE_SIZE,
                end = start + t_below(1 << (4 + t_below(15))) * PAGE_SIZE;
        u64 seen = 0, expected = 0;
        vaddr_t last = 0;
        for (vaddr_t va = start; pt_next_run(as, va, end, &run); va = pt_run_end(&run)) {
            CHECK(run.va >= start && pt_run_end(&run) <= end && run.va >= last);
            CHECK(walk(as, run.va) == run.slots);
            CHECK(align_down(run.va, 2UL << 20) == align_down(pt_run_end(&run) - 1, 2UL << 20));
            last = pt_run_end(&run);
            seen += run.n;
        }
        for (vaddr_t block = align_down(start, 2UL << 20); block < end; block += 2UL << 20) {
            bool has = false;
            for (unsigned k = 0; k < n; k++)
                has |= with_table[k] == block;
            if (has)
                expected += (min(end, block + (2UL << 20)) - max(start, block)) / PAGE_SIZE;
        }
        CHECK_EQ(seen, expected);
    }
    struct tlb_gather g;
    rw_write_lock(&as->lock);
    gather_begin(&g, as);
    pt_prune(as, USER_MIN & ~((2UL << 20) - 1), 7UL << 30, &g);
    gather_end(&g);
    rw_write_unlock(&as->lock);
    CHECK_EQ(aspace_n_tables(as), 1);
    aspace_put(as);
}

int main(int argc, char **argv)
{
    t_begin(argc, argv);
    stub_ram_create(4096, 0);
    vm_init(NULL, 0);
    RUN(iterator);
    return t_done();
}
