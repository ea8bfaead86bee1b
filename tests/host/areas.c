/* SPDX-License-Identifier: MIT */
// with: kernel/vm/aspace.c kernel/vm/vma.c kernel/vm/pt.c kernel/vm/fault.c kernel/vm/ahead.c kernel/vm/around.c kernel/vm/cow.c kernel/vm/ptshare.c kernel/vm/ptown.c kernel/vm/ptrange.c
// with: kernel/vm/object.c kernel/vm/mmap.c kernel/vm/protect.c kernel/vm/mremap.c kernel/vm/advise.c
// with: kernel/vm/gather.c kernel/vm/ledger.c kernel/vm/usage.c kernel/vm/census.c kernel/vm/recount.c
// with: kernel/lib/rbtree.c kernel/lib/radix.c kernel/lib/printf.c kernel/mem/page.c kernel/mem/cache.c kernel/mem/fail.c
// with: tests/host/stub/kernel.c tests/host/stub/arena.c tests/host/stub/vm.c
/*
 * What the calls on areas promise, one by one: the heap, stacks, advice for fork, tails of
 * truncated pages, dirty pages, running out of memory, counts at their limit.
 */
#include "stub/check.h"
#include "stub/kernel.h"
#include "stub/vm.h"
#include "t.h"

#include <asm/mman.h>
#include <linux/errno.h>
#include <linux/mman.h>
#include <mem/cache.h>
#include <signal.h>
#include <string.h>
#include <vm/internal.h>
#include <vm/mmap.h>
#include <vm/pt.h>
#include <vm/usage.h>
#include <vm/tlb.h>

#define AT 0x10000000UL

static struct aspace *create(void)
{
    struct aspace *as;

    CHECK_EQ(aspace_create(&as), 0);
    return as;
}

static void finish(struct aspace *as)
{
    as->harts_active = 0;
    sim_forget(as);
    aspace_put(as);
}

static int map_flags(struct aspace *as, vaddr_t at, u64 pages, u32 flags,
                     struct vm_object *object)
{
    struct vm_map_request req = {.addr = at,
                                 .length = pages * PAGE_SIZE,
                                 .prot = PROT_READ | PROT_WRITE,
                                 .max_prot = 7,
                                 .flags = flags,
                                 .object = object};
    vaddr_t out;

    return vm_mmap(as, &req, &out);
}

static void map(struct aspace *as, vaddr_t at, u64 pages)
{
    CHECK_EQ(map_flags(as, at, pages, MAP_PRIVATE | MAP_FIXED, NULL), 0);
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

static int signal_of_load(struct aspace *as, vaddr_t va)
{
    struct fault_info info = {0};
    u64 value;

    return sim_load(as, va, &value, &info) ? info.signo : 0;
}

static struct aspace *fork_of(struct aspace *parent)
{
    struct aspace *child = create();

    CHECK_EQ(uvmcopy(parent, child), 0);
    return child;
}

/* --- the heap --- */

static void heap(void)
{
    struct aspace *as = create();

    as->brk_start = as->brk = AT + 100;
    CHECK_EQ(vm_brk(as, AT + 4 * PAGE_SIZE), AT + 4 * PAGE_SIZE);
    store(as, AT + 3 * PAGE_SIZE, 3);
    CHECK_EQ(signal_of_load(as, AT + 4 * PAGE_SIZE), SIGSEGV);
    CHECK_EQ(vm_brk(as, AT + 3 * PAGE_SIZE), AT + 3 * PAGE_SIZE);
    CHECK_EQ(signal_of_load(as, AT + 3 * PAGE_SIZE), SIGSEGV);
    CHECK_EQ(vm_brk(as, AT + 4 * PAGE_SIZE), AT + 4 * PAGE_SIZE);
    CHECK_EQ(load(as, AT + 3 * PAGE_SIZE), 0); /* not what was there before */
    CHECK_EQ(vm_brk(as, AT), AT + 4 * PAGE_SIZE);
    finish(as);
}

/* A mapping that was put in the way of the heap stays what it is. */
static void heap_meets_mapping(void)
{
    struct aspace *as = create();

    as->brk_start = as->brk = AT;
    CHECK_EQ(vm_brk(as, AT + 2 * PAGE_SIZE), AT + 2 * PAGE_SIZE);
    map(as, AT + 4 * PAGE_SIZE, 1);
    store(as, AT + 4 * PAGE_SIZE, 4);
    CHECK_EQ(vm_brk(as, AT + 6 * PAGE_SIZE), AT + 2 * PAGE_SIZE);
    CHECK_EQ(load(as, AT + 4 * PAGE_SIZE), 4);
    CHECK_EQ(vm_brk(as, AT + 4 * PAGE_SIZE), AT + 4 * PAGE_SIZE);
    CHECK_EQ(vm_brk(as, AT + 4 * PAGE_SIZE + 1), AT + 4 * PAGE_SIZE);
    finish(as);
}

/* --- stacks --- */

static void stack_with_below(u64 gap_pages, int expected)
{
    struct aspace *as = create();

    as->limit_stack = 1024 * PAGE_SIZE;
    CHECK_EQ(map_flags(as, AT, 4, MAP_PRIVATE | MAP_FIXED | MAP_GROWSDOWN, NULL), 0);
    map(as, AT - (gap_pages + 1) * PAGE_SIZE, 1);
    CHECK_EQ(signal_of_load(as, AT - PAGE_SIZE), expected);
    finish(as);
}

static void stack(void)
{
    struct aspace *as = create();

    as->limit_stack = 64 * PAGE_SIZE;
    CHECK_EQ(map_flags(as, AT, 4, MAP_PRIVATE | MAP_FIXED | MAP_GROWSDOWN, NULL), 0);
    store(as, AT - 10 * PAGE_SIZE, 10);
    CHECK_EQ(as->stack_pages, 14);
    CHECK_EQ(load(as, AT - 5 * PAGE_SIZE), 0);
    CHECK_EQ(signal_of_load(as, AT - 60 * PAGE_SIZE), 0);
    CHECK_EQ(signal_of_load(as, AT - 61 * PAGE_SIZE), SIGSEGV);
    finish(as);
    stack_with_below(300, 0);
    stack_with_below(100, SIGSEGV);
}

/* --- advice for fork --- */

static void advice_for_fork(void)
{
    struct aspace *parent = create();

    map(parent, AT, 6);
    for (int i = 0; i < 6; i++)
        store(parent, AT + i * PAGE_SIZE, i + 1);
    CHECK_EQ(vm_madvise(parent, AT + PAGE_SIZE, PAGE_SIZE, MADV_WIPEONFORK), 0);
    CHECK_EQ(vm_madvise(parent, AT + 3 * PAGE_SIZE, PAGE_SIZE, MADV_DONTFORK), 0);
    struct aspace *child = fork_of(parent);
    CHECK_EQ(load(child, AT), 1);
    CHECK_EQ(load(child, AT + PAGE_SIZE), 0);
    CHECK_EQ(load(child, AT + 2 * PAGE_SIZE), 3);
    CHECK_EQ(signal_of_load(child, AT + 3 * PAGE_SIZE), SIGSEGV);
    CHECK_EQ(load(child, AT + 5 * PAGE_SIZE), 6);
    CHECK_EQ(load(parent, AT + PAGE_SIZE), 2);
    CHECK_EQ(load(parent, AT + 3 * PAGE_SIZE), 4);
    finish(child);
    finish(parent);
}

/* --- files --- */

static u64 n_dirtied;

static int any_page(struct vm_object *object, u64 index, struct page **out)
{
    return object_find_or_zero(object, index, out);
}

static void dirtied(struct vm_object *object, struct page *page)
{
    (void)object, (void)page;
    n_dirtied++;
}

static void pages_away(struct vm_object *object)
{
    object_drop_range(object, 0, UINT64_MAX);
}

static const struct pager_ops dirty_ops = {
    .get_page = any_page, .page_dirtied = dirtied, .destroy = pages_away};

/* The first write to each page of a shared file mapping is noticed, whatever came before. */
static void dirty_pages(void)
{
    struct vm_object object;
    struct aspace *as = create();

    n_dirtied = 0;
    object_init(&object, &dirty_ops, &object, 4 * PAGE_SIZE);
    CHECK_EQ(map_flags(as, AT, 4, MAP_SHARED | MAP_FIXED, &object), 0);
    store(as, AT, 1);
    CHECK_EQ(n_dirtied, 1);
    load(as, AT + PAGE_SIZE);
    CHECK_EQ(n_dirtied, 1);
    store(as, AT + PAGE_SIZE, 2);
    CHECK_EQ(n_dirtied, 2);
    load(as, AT + 2 * PAGE_SIZE);
    CHECK_EQ(vm_mprotect(as, AT, 4 * PAGE_SIZE, PROT_READ), 0);
    CHECK_EQ(vm_mprotect(as, AT, 4 * PAGE_SIZE, PROT_READ | PROT_WRITE), 0);
    store(as, AT + 2 * PAGE_SIZE, 3);
    CHECK(n_dirtied >= 3);
    finish(as);
    object_put(&object);
}

/* A private copy of a file's page comes along at fork, however its area was joined since; pages
 * that the file still has need not, and are found there. */
static void copies_come_along(void)
{
    struct vm_object object;
    struct aspace *parent = create();

    object_init(&object, &dirty_ops, &object, 4 * PAGE_SIZE);
    for (u64 part = 0; part < 2; part++) { /* the one that is split off: below, above */
        vaddr_t at = AT + part * 8 * PAGE_SIZE, half = 2 * PAGE_SIZE;
        CHECK_EQ(map_flags(parent, at, 4, MAP_PRIVATE | MAP_FIXED, &object), 0);
        for (int rejoin = 0; rejoin < 2; rejoin++) {
            int prot = rejoin ? PROT_READ | PROT_WRITE : PROT_READ | PROT_WRITE | PROT_EXEC;
            CHECK_EQ(vm_mprotect(parent, at + part * half, half, prot), 0);
            store(parent, at + half, 7);
            load(parent, at);
            struct aspace *child = fork_of(parent);
            CHECK_EQ(aspace_rss(child, RSS_COPIED), part + 1);
            CHECK_EQ(load(child, at + half), 7);
            CHECK_EQ(load(child, at), 0);
            finish(child);
        }
    }
    finish(parent);
    object_put(&object);
}

/* What lies behind a new end is gone when the file grows again. */
static void truncated_tail(void)
{
    struct vm_object *object;
    struct aspace *as = create();

    CHECK_EQ(object_create_anon(2 * PAGE_SIZE, &object), 0);
    CHECK_EQ(map_flags(as, AT, 2, MAP_SHARED | MAP_FIXED, object), 0);
    for (u64 at = 0; at < 2 * PAGE_SIZE; at += 8)
        store(as, AT + at, at + 1);
    object_truncate(object, 1000);
    CHECK_EQ(load(as, AT + 992), 993);
    CHECK_EQ(load(as, AT + 1000), 0);
    CHECK_EQ(signal_of_load(as, AT + PAGE_SIZE), SIGBUS);
    object_truncate(object, 2 * PAGE_SIZE);
    for (u64 at = 1000; at < 2 * PAGE_SIZE; at += 8)
        CHECK_EQ(load(as, AT + at), 0);
    finish(as);
    object_put(object);
}

/* --- no memory --- */

/* A page that cannot be had is an error, never a page of zeroes. */
static void no_memory(void)
{
    struct vm_object *object;
    struct fault_info info;
    struct aspace *as = create();
    u64 value;

    CHECK_EQ(object_create_anon(PAGE_SIZE, &object), 0);
    map(as, AT, 3);
    CHECK_EQ(map_flags(as, AT + PAGE_SIZE, 1, MAP_SHARED | MAP_FIXED, object), 0);
    store(as, AT + 2 * PAGE_SIZE, 1); /* there is a page table */
    for (int n = 1; n < 4; n++) {
        stub_fail_countdown = 1;
        CHECK_EQ(sim_store(as, AT, 1, &info), -ENOMEM);
        CHECK_EQ(info.signo, 0);
        stub_fail_countdown = 1;
        CHECK_EQ(sim_load(as, AT + PAGE_SIZE, &value, &info), -ENOMEM);
        CHECK_EQ(as->events[VM_OOM], 2 * n);
    }
    stub_fail_countdown = 0;
    store(as, AT, 7);
    store(as, AT + PAGE_SIZE, 8);
    CHECK_EQ(load(as, AT), 7);
    CHECK_EQ(load(as, AT + PAGE_SIZE), 8);
    finish(as);
    object_put(object);
}

#define FAR (0x80000000UL - PAGE_SIZE) /* around the end of a gigabyte, where no table is yet */

static int change_middle(struct aspace *as, int what)
{
    vaddr_t middle = AT + 2 * PAGE_SIZE, out;

    switch (what) {
    case 0:
        return map_flags(as, middle, 2, MAP_PRIVATE | MAP_FIXED, NULL);
    case 1:
        return vm_munmap(as, middle, 2 * PAGE_SIZE);
    case 2:
        return vm_mprotect(as, middle, 2 * PAGE_SIZE, PROT_READ);
    case 3:
        return vm_mremap(as, middle, 2 * PAGE_SIZE, 2 * PAGE_SIZE,
                         MREMAP_MAYMOVE | MREMAP_FIXED, FAR, &out);
    default:
        return vm_madvise(as, middle, 2 * PAGE_SIZE, MADV_DONTFORK);
    }
}

/* Makes the k-th allocation of a call fail. Returns what the call says. */
static int fail_one(int what, int k)
{
    struct aspace *as = create();

    map(as, AT, 6);
    for (int i = 0; i < 6; i++)
        store(as, AT + i * PAGE_SIZE, i + 1);
    s64 tables = aspace_n_tables(as);
    stub_fail_countdown = k;
    int err = change_middle(as, what);
    stub_fail_countdown = 0;
    CHECK(!err || err == -ENOMEM);
    if (err)
        CHECK_EQ(aspace_n_tables(as), tables);
    for (int i = 0; i < 6; i++) {
        if (!err && (i == 2 || i == 3))
            continue;
        CHECK_EQ(load(as, AT + i * PAGE_SIZE), i + 1);
        store(as, AT + i * PAGE_SIZE, 0);
    }
    finish(as);
    return err;
}

/* Whatever allocation of a call fails: what was there stays, and nothing is left behind. */
static void calls_fail_cleanly(void)
{
    for (int what = 0; what < 5; what++) {
        int k = 1;
        while (k < 20 && fail_one(what, k))
            k++;
        CHECK(k > 1 && k < 20);
    }
}

/* --- sharers --- */

/* More sharers of one page than a narrow count can hold. */
static void many_sharers(void)
{
    static struct aspace *children[300];
    struct aspace *parent = create();

    map(parent, AT, 1);
    store(parent, AT, 5);
    for (int i = 0; i < 300; i++)
        children[i] = fork_of(parent);
    CHECK_EQ(page_count(pte_page(pte_load(walk(parent, AT)))), 301);
    for (int i = 0; i < 300; i++) {
        if (i % 3 == 0)
            store(children[i], AT, i);
        CHECK_EQ(load(children[i], AT), i % 3 ? 5 : i);
        finish(children[i]);
    }
    CHECK_EQ(load(parent, AT), 5);
    CHECK_EQ(page_count(pte_page(pte_load(walk(parent, AT)))), 1);
    finish(parent);
}

/* A count at its limit is an error of fork, and everything is as before. */
static void count_at_limit(void)
{
    struct aspace *parent = create(), *child = create();

    map(parent, AT, 3);
    for (int i = 0; i < 3; i++)
        store(parent, AT + i * PAGE_SIZE, i + 1);
    struct page *page = pte_page(pte_load(walk(parent, AT + PAGE_SIZE)));
    page->count = PAGE_COUNT_MAX;
    CHECK_EQ(uvmcopy(parent, child), -EOVERFLOW);
    CHECK_EQ(page->count, PAGE_COUNT_MAX);
    page->count = 1;
    finish(child);
    for (int i = 0; i < 3; i++) {
        CHECK_EQ(load(parent, AT + i * PAGE_SIZE), i + 1);
        CHECK_EQ(page_count(pte_page(pte_load(walk(parent, AT + i * PAGE_SIZE)))), 1);
    }
    finish(parent);
}

/* The sole owner gets more permission for the same frame: no other hart is troubled. */
static void reuse_is_local(void)
{
    struct aspace *parent = create();

    map(parent, AT, 2);
    store(parent, AT, 1);
    finish(fork_of(parent));
    load(parent, AT);
    u64 flushes = sim_n_flushes;
    store(parent, AT, 2);
    CHECK_EQ(parent->events[VM_REUSED], 1);
    CHECK(sim_n_flushes - flushes <= 2);
    finish(parent);
}

static bool is_writable(struct aspace *as, int i)
{
    return pte_is_writable(pte_load(walk(as, AT + i * PAGE_SIZE)));
}

/* Who writes page after page takes the next ones over along with it: up to the first that
 * somebody shares (COW-8), to the end of the area (COW-9), and no further than a window. */
static void reuse_goes_ahead(void)
{
    enum { N = 64, SHARED = 20, LAST = 58 };
    struct aspace *parent = create(), *child;

    map(parent, AT, N);
    for (int i = 0; i < N; i++)
        store(parent, AT + i * PAGE_SIZE, i);
    child = fork_of(parent);
    for (int i = 0; i < N; i++) {
        if (i != SHARED)
            store(child, AT + i * PAGE_SIZE, 100 + i);
        load(parent, AT + i * PAGE_SIZE); /* this hart remembers a read-only page */
    }
    /* from here on an area that permits more */
    CHECK_EQ(vm_mprotect(parent, AT + LAST * PAGE_SIZE, PAGE_SIZE * (N - LAST), 7), 0);
    u64 spurious = parent->events[VM_SPURIOUS];
    store(parent, AT + PAGE_SIZE, 1001);
    CHECK(!is_writable(parent, 2)); /* one write is not a run */
    for (int i = 0; i < N; i++) {
        store(parent, AT + i * PAGE_SIZE, 1000 + i);
        if (i == 2) {
            CHECK_EQ(parent->events[VM_REUSED], SHARED);
            CHECK_EQ(parent->events[VM_AHEAD], SHARED - 3);
            CHECK(!is_writable(parent, SHARED));
        }
        if (i == SHARED + 1)
            CHECK(is_writable(parent, i + 31) && !is_writable(parent, i + 32));
        if (i == LAST - 1)
            CHECK(!is_writable(parent, LAST));
    }
    CHECK_EQ(parent->events[VM_REUSED], N - 1);
    CHECK_EQ(parent->events[VM_COPIED], 1);
    CHECK_EQ(parent->events[VM_SPURIOUS], spurious); /* nothing remembers them read-only */
    for (int i = 0; i < N; i++) {
        CHECK_EQ(load(child, AT + i * PAGE_SIZE), i == SHARED ? i : 100 + i);
        CHECK_EQ(load(parent, AT + i * PAGE_SIZE), 1000 + i);
    }
    finish(child);
    finish(parent);
}

/* A hart that remembers the absence, or the cow entry, of a page that another hart has made
 * since, faults once more and then goes on (PT-3). */
static void late_harts(void)
{
    struct aspace *as = create();

    map(as, AT, 1);
    store(as, AT, 1);
    finish(fork_of(as));
    stub_set_hart(1);
    CHECK_EQ(load(as, AT), 1);
    stub_set_hart(0);
    store(as, AT, 2);
    stub_set_hart(1);
    u64 spurious = as->events[VM_SPURIOUS];
    store(as, AT, 3);
    CHECK_EQ(as->events[VM_SPURIOUS], spurious + 1);
    CHECK_EQ(as->events[VM_COPIED], 0);
    stub_set_hart(0);
    CHECK_EQ(load(as, AT), 3);
    finish(as);
}

/* --- the recount and the ledger can fail --- */

static bool recount_complains(const char *word)
{
    static char text[2048];

    vm_recount(text, sizeof(text));
    return strstr(text, word);
}

static void recount_notices(void)
{
    struct aspace *as = create();

    map(as, AT, 3);
    store(as, AT, 1);
    struct aspace *child = fork_of(as);
    pte_t *slot = walk(as, AT);
    struct page *page = pte_page(pte_load(slot));
    CHECK(recount_complains("ok"));
    page->count++;
    CHECK(recount_complains("COW-3"));
    page->count--;
    slot->bits |= PTE_W;
    CHECK(recount_complains("COW-1") && recount_complains("COW-2"));
    slot->bits ^= PTE_W | PTE_X;
    CHECK(recount_complains("COW-9"));
    slot->bits ^= PTE_X;
    as->rss[RSS_ANON]++;
    CHECK(recount_complains("rss"));
    as->rss[RSS_ANON]--;
    pt_table(slot)->pt.n_used++;
    CHECK(recount_complains("table"));
    pt_table(slot)->pt.n_used--;
    CHECK(recount_complains("ok"));
    finish(child);
    finish(as);
}

static void ledger_notices(void)
{
    struct aspace *as = create();

    map(as, AT, 1);
    store(as, AT, 1);
    ledger_revoke(as, AT, AT + PAGE_SIZE);
    CHECK(stub_panics(ledger_check(as, "in a test")));
    mem_free(as->ledger); /* its lock was held when it panicked */
    as->ledger = NULL;
    stub_n_held = 0;
    finish(as);
}

int main(int argc, char **argv)
{
    t_begin(argc, argv);
    stub_ram_create(4096, 0);
    vm_file_ops.get = vm_file_ops.put = no_file;
    vm_init(NULL, 0);
    RUN(heap);
    RUN(heap_meets_mapping);
    RUN(stack);
    RUN(advice_for_fork);
    RUN(dirty_pages);
    RUN(copies_come_along);
    RUN(truncated_tail);
    RUN(no_memory);
    RUN(calls_fail_cleanly);
    RUN(many_sharers);
    RUN(count_at_limit);
    RUN(reuse_is_local);
    RUN(reuse_goes_ahead);
    RUN(late_harts);
    RUN(recount_notices);
    RUN(ledger_notices);
    stub_ram_destroy();
    return t_done();
}
