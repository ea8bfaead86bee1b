/* SPDX-License-Identifier: MIT */
// with: kernel/vm/aspace.c kernel/vm/vma.c kernel/vm/pt.c kernel/vm/fault.c kernel/vm/ahead.c kernel/vm/around.c kernel/vm/cow.c
// with: kernel/vm/ptshare.c kernel/vm/ptown.c kernel/vm/ptrange.c kernel/vm/object.c kernel/vm/mmap.c kernel/vm/protect.c
// with: kernel/vm/mremap.c kernel/vm/advise.c kernel/vm/gather.c kernel/vm/ledger.c
// with: kernel/vm/usage.c kernel/vm/census.c kernel/vm/recount.c kernel/lib/rbtree.c kernel/lib/radix.c
// with: kernel/lib/printf.c kernel/mem/page.c kernel/mem/cache.c kernel/mem/fail.c
// with: tests/host/stub/kernel.c tests/host/stub/arena.c tests/host/stub/vm.c
/*
 * What /proc says about pages, against a naive count: after each step of random processes that
 * fork, write, read, unmap, move, share memory and exit, every way from every root table down
 * to every entry is walked, one by one. The census must have the same numbers, a page must be
 * exclusive where the number is one, and the sums of smaps and VmPTE must follow from them.
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
#include <vm/usage.h>

#define PROCS   7
#define FRAMES  4096
#define WINDOWS 6
#define WINDOW  8 /* pages around each of them */

static struct aspace *procs[PROCS];
static u32 ways[FRAMES];

static vaddr_t window_at(unsigned i)
{
    static const vaddr_t boundaries[WINDOWS] = {0x400000,   0x600000,   0x40000000,
                                                0x40200000, 0x80000000, 0x80a00000};
    return boundaries[i] - WINDOW / 2 * PAGE_SIZE;
}

/* --- the naive count --- */

static void walk_ways(const struct page *table)
{
    const pte_t *slots = page_to_va(table);
    unsigned limit = table->pt.level == PT_LEVELS - 1 ? PT_ENTRIES / 2 : PT_ENTRIES;

    ways[page_to_pfn(table) - page_first_pfn]++;
    for (unsigned i = 0; i < limit; i++) {
        if (pte_is_none(slots[i]) || pte_page(slots[i]) == zero_page)
            continue;
        if (table->pt.level > 0)
            walk_ways(pte_page(slots[i]));
        else
            ways[pte_pfn(slots[i]) - page_first_pfn]++;
    }
}

static void tables_below(const struct page *table, u64 *reached, u64 *own)
{
    const pte_t *slots = page_to_va(table);
    unsigned limit = table->pt.level == PT_LEVELS - 1 ? PT_ENTRIES / 2 : PT_ENTRIES;

    ++*reached;
    *own += ways[page_to_pfn(table) - page_first_pfn] == 1;
    for (unsigned i = 0; table->pt.level > 0 && i < limit; i++) {
        if (!pte_is_none(slots[i]))
            tables_below(pte_page(slots[i]), reached, own);
    }
}

/* --- comparing --- */

static void check_area(const struct vma *vma, const struct census *census)
{
    struct vma_usage u = {0};
    struct mapped_page pages[WINDOW];
    u64 n = 0, n_own = 0, pss = 0;

    for (vaddr_t at = vma->start; at < vma->end; at += WINDOW * PAGE_SIZE) {
        u64 room = min((vma->end - at) / PAGE_SIZE, (u64)WINDOW);
        char states[WINDOW];

        vma_mapped_pages(vma, at, pages, room);
        vma_page_states(vma, at, states, room);
        for (unsigned i = 0; i < room; i++) {
            const struct page *frame = pages[i].frame;
            if (!frame || frame == zero_page) {
                CHECK_EQ(states[i], frame ? 'z' : '.');
                CHECK(!pages[i].is_exclusive);
                continue;
            }
            u32 maps = ways[page_to_pfn(frame) - page_first_pfn];
            n++;
            n_own += maps == 1;
            pss += (PAGE_SIZE << PSS_SHIFT) / maps;
            CHECK_EQ(pages[i].is_exclusive, maps == 1);
            if (!vma->object)
                CHECK_EQ(states[i] == 's', maps > 1);
        }
    }
    vma_usage_add(vma, census, &u);
    CHECK_EQ(u.rss, n);
    CHECK_EQ(u.private_clean + u.private_dirty, n_own);
    CHECK_EQ(u.shared_clean + u.shared_dirty, n - n_own);
    CHECK_EQ(u.pss, pss);
    CHECK_EQ(u.pss_anon + u.pss_file + u.pss_shmem, pss);
}

static void check_all(void)
{
    struct census *census;
    struct mem_stats stats;
    u64 n_tables = 0;

    CHECK_EQ(census_take(&census), 0);
    memset(ways, 0, sizeof(ways));
    for (int i = 0; i < PROCS; i++) {
        if (procs[i])
            walk_ways(pa_to_page(procs[i]->root_pa));
    }
    for (pfn_t pfn = page_first_pfn; pfn < page_end_pfn; pfn++) {
        CHECK_EQ(census_maps(census, pfn_to_page(pfn)), ways[pfn - page_first_pfn]);
        n_tables += ways[pfn - page_first_pfn] && pfn_to_page(pfn)->type == PAGE_TABLE;
    }
    for (int i = 0; i < PROCS; i++) {
        struct vma *vma;
        u64 reached = 0, own = 0;

        if (!procs[i])
            continue;
        rw_write_lock(&procs[i]->lock);
        rb_for_each (vma, &procs[i]->areas, node)
            check_area(vma, census);
        rw_write_unlock(&procs[i]->lock);
        tables_below(pa_to_page(procs[i]->root_pa), &reached, &own);
        CHECK_EQ(aspace_n_tables(procs[i]), reached);
        CHECK_EQ(aspace_n_own_tables(procs[i]), own);
    }
    census_drop(census);
    mem_stats_read(&stats);
    CHECK_EQ(stats.by_type[PAGE_TABLE], n_tables); /* each frame once */
}

/* --- steps --- */

static void map(struct aspace *as, unsigned window, u32 flags)
{
    vaddr_t out;
    struct vm_map_request req = {.addr = window_at(window),
                                 .length = WINDOW * PAGE_SIZE,
                                 .prot = PROT_READ | PROT_WRITE,
                                 .max_prot = 7,
                                 .flags = MAP_ANONYMOUS | MAP_FIXED | flags};
    CHECK_EQ(vm_mmap(as, &req, &out), 0);
}

static void proc_exit(int i)
{
    procs[i]->harts_active = 0;
    sim_forget(procs[i]);
    aspace_put(procs[i]);
    procs[i] = NULL;
}

static void proc_fork(struct aspace *parent)
{
    static const char *const engines[] = {"share", "share", "share", "cow", "eager"};
    int i = t_below(PROCS);

    if (procs[i] == parent)
        return;
    if (procs[i])
        proc_exit(i);
    CHECK_EQ(aspace_create(&procs[i]), 0);
    CHECK_EQ(aspace_set_engine(parent, engines[t_below(5)]), 0);
    CHECK_EQ(uvmcopy(parent, procs[i]), 0);
}

static void touch(struct aspace *as)
{
    vaddr_t va = window_at(t_below(WINDOWS)) + t_below(WINDOW) * PAGE_SIZE;
    struct fault_info info;
    u64 value;

    if (t_below(3) == 0)
        (void)sim_load(as, va, &value, &info);
    else
        (void)sim_store(as, va, t_random(), &info);
}

/* A part of a window goes to where it also was in the children: the same frame at two places. */
static void move(struct aspace *as)
{
    unsigned from = t_below(WINDOWS), to = t_below(WINDOWS), n = 1 + t_below(WINDOW);
    vaddr_t out;

    if (from == to)
        return;
    int err = vm_mremap(as, window_at(from), n * PAGE_SIZE, n * PAGE_SIZE,
                        MREMAP_MAYMOVE | MREMAP_FIXED, window_at(to), &out);
    CHECK(err == 0 || err == -EFAULT);
}

static void one_step(void)
{
    struct aspace *as = procs[t_below(PROCS)];

    if (!as)
        return;
    switch (t_below(16)) {
    case 0:
        map(as, t_below(WINDOWS), t_below(4) ? MAP_PRIVATE : MAP_SHARED);
        break;
    case 1:
        CHECK_EQ(vm_munmap(as, window_at(t_below(WINDOWS)), (1 + t_below(WINDOW)) * PAGE_SIZE),
                 0);
        break;
    case 2:
        move(as);
        break;
    case 3 ... 5:
        proc_fork(as);
        break;
    default:
        touch(as);
        break;
    }
}

static void random_processes(void)
{
    u64 free_before = free_frames();

    CHECK_EQ(aspace_create(&procs[0]), 0);
    for (unsigned i = 0; i < WINDOWS; i++)
        map(procs[0], i, MAP_PRIVATE);
    for (unsigned i = 0; i < 6000 && !t_n_failed; i++) {
        one_step();
        check_all();
    }
    check_recount();
    for (int i = 0; i < PROCS; i++) {
        if (procs[i])
            proc_exit(i);
    }
    CHECK_EQ(free_frames(), free_before);
}

/* Where the product of the counts on a way would be wrong: three share a table of tables; one
 * of them writes, so there are two tables above the leaf table, one of them with two users. */
static void no_product(void)
{
    struct fault_info info;
    struct census *census;

    CHECK_EQ(aspace_create(&procs[0]), 0);
    map(procs[0], 1, MAP_PRIVATE);
    map(procs[0], 3, MAP_PRIVATE);
    map(procs[0], 4, MAP_PRIVATE);
    for (unsigned i = 0; i < WINDOW; i++) {
        CHECK_EQ(sim_store(procs[0], window_at(3) + i * PAGE_SIZE, 1, &info), 0);
        CHECK_EQ(sim_store(procs[0], window_at(4) + i * PAGE_SIZE, 1, &info), 0);
    }
    CHECK_EQ(aspace_set_engine(procs[0], "share"), 0);
    for (int i = 1; i < 3; i++) {
        CHECK_EQ(aspace_create(&procs[i]), 0);
        CHECK_EQ(uvmcopy(procs[0], procs[i]), 0);
    }
    check_all();
    CHECK_EQ(sim_store(procs[0], window_at(4), 2, &info), 0);
    check_all();
    CHECK_EQ(census_take(&census), 0);
    rw_write_lock(&procs[0]->lock);
    const pte_t *slot = walk_any(procs[0], window_at(3));
    CHECK(slot && census_maps(census, pte_page(*slot)) == 3);
    rw_write_unlock(&procs[0]->lock);
    census_drop(census);
    for (int i = 0; i < 3; i++)
        proc_exit(i);
}

/* A census that finds no memory says so, and gives back what it had. */
static void no_memory(void)
{
    struct census *census;
    int err = -ENOMEM;

    CHECK_EQ(aspace_create(&procs[0]), 0);
    map(procs[0], 0, MAP_PRIVATE);
    u64 before = free_frames();
    for (int k = 1; err && k < 100; k++) {
        stub_fail_countdown = k;
        err = census_take(&census);
        stub_fail_countdown = 0;
        CHECK(err == 0 || err == -ENOMEM);
        if (!err)
            census_drop(census);
        CHECK_EQ(free_frames(), before);
    }
    CHECK_EQ(err, 0);
    proc_exit(0);
}

int main(int argc, char **argv)
{
    t_begin(argc, argv);
    stub_ram_create(FRAMES, 0);
    vm_file_ops.get = vm_file_ops.put = no_file;
    vm_init(NULL, 0);
    share_policy = (struct share_policy){1, 1};
    RUN(no_product);
    RUN(no_memory);
    RUN(random_processes);
    return t_done();
}
