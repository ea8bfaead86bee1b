/* SPDX-License-Identifier: MIT */
// with: kernel/vm/aspace.c kernel/vm/vma.c kernel/vm/pt.c kernel/vm/fault.c kernel/vm/ahead.c kernel/vm/around.c kernel/vm/cow.c kernel/vm/ptshare.c kernel/vm/ptown.c kernel/vm/ptrange.c
// with: kernel/vm/object.c kernel/vm/mmap.c kernel/vm/protect.c kernel/vm/mremap.c kernel/vm/advise.c
// with: kernel/vm/gather.c kernel/vm/ledger.c kernel/vm/usage.c kernel/vm/census.c kernel/vm/recount.c
// with: kernel/lib/rbtree.c kernel/lib/radix.c kernel/lib/printf.c kernel/mem/page.c kernel/mem/cache.c kernel/mem/fail.c
// with: tests/host/stub/kernel.c tests/host/stub/arena.c tests/host/stub/vm.c
/*
 * Neighbours that a reading fault maps along with its own page: which ones, with what
 * permissions, and none that the area, the file's end or a writer's due would forbid.
 */
#include "stub/check.h"
#include "stub/kernel.h"
#include "stub/vm.h"
#include "t.h"

#include <asm/mman.h>
#include <linux/errno.h>
#include <linux/mman.h>
#include <signal.h>
#include <vm/internal.h>
#include <vm/mmap.h>
#include <vm/pt.h>

#define AT 0x10000000UL

enum { W = FAULT_AROUND, N = 3 * W };

static struct vm_object object;

static int any_page(struct vm_object *from, u64 index, struct page **out)
{
    return index < object_n_pages(from) ? object_find_or_zero(from, index, out) : -ERANGE;
}

static void is_written(struct vm_object *of, struct page *page)
{
    (void)of;
    page->flags |= PG_DIRTY;
}

static void pages_away(struct vm_object *from)
{
    object_drop_range(from, 0, UINT64_MAX);
}

static const struct pager_ops file_ops = {
    .get_page = any_page, .page_dirtied = is_written, .destroy = pages_away};

/* A file of N pages, all in memory, none of them used. */
static void file_create(void)
{
    object_init(&object, &file_ops, &object, N * PAGE_SIZE);
    for (u64 i = 0; i < N; i++) {
        struct page *page;
        CHECK_EQ(object_find_or_zero(&object, i, &page), 0);
        *(u64 *)page_to_va(page) = i + 1;
        kfree(page);
    }
}

/* Everything is as it was: each page has the object's reference and no other. */
static void file_end(void)
{
    for (u64 i = 0; i < object_n_pages(&object); i++) {
        struct page *page = object_find(&object, i);
        CHECK_EQ(page_count(page), 2);
        kfree(page);
    }
    object_put(&object);
}

/* A process that maps pages [first, first + n) of the file where page 0 would be at AT. */
static struct aspace *process(u64 first, u64 n, u32 prot, u32 flags)
{
    struct aspace *as;
    vaddr_t out;
    struct vm_map_request req = {.addr = AT + first * PAGE_SIZE,
                                 .length = n * PAGE_SIZE,
                                 .prot = prot,
                                 .max_prot = 7,
                                 .flags = flags | MAP_FIXED,
                                 .object = &object,
                                 .offset = first * PAGE_SIZE};

    CHECK_EQ(aspace_create(&as), 0);
    CHECK_EQ(vm_mmap(as, &req, &out), 0);
    return as;
}

static void finish(struct aspace *as)
{
    check_recount();
    as->harts_active = 0;
    sim_forget(as);
    aspace_put(as);
}

static void look(struct aspace *as, u64 i)
{
    struct fault_info info;
    u64 value;

    CHECK_EQ(sim_load(as, AT + i * PAGE_SIZE, &value, &info), 0);
    CHECK_EQ(value, i + 1);
}

static pte_t entry(struct aspace *as, u64 i)
{
    const pte_t *slot = walk(as, AT + i * PAGE_SIZE);

    return slot ? pte_load(slot) : PTE_NONE;
}

static bool is_mapped(struct aspace *as, u64 i)
{
    return !pte_is_none(entry(as, i));
}

static u64 n_mapped(struct aspace *as)
{
    u64 n = 0;

    for (u64 i = 0; i < N; i++)
        n += is_mapped(as, i);
    CHECK_EQ(aspace_rss_total(as), n);
    CHECK_EQ(as->events[VM_FILE_MAPPED], n);
    return n;
}

/* What one process asked for comes along for the next, within a window. */
static void what_was_used(void)
{
    file_create();
    struct aspace *a = process(0, N, 3, MAP_PRIVATE), *b = process(0, N, 3, MAP_PRIVATE);

    look(a, 3);
    look(a, 5);
    look(a, 9);
    look(a, W - 1);
    look(a, W);
    CHECK_EQ(n_mapped(a), 5);
    CHECK_EQ(a->events[VM_AHEAD], 0);
    look(b, 5);
    CHECK_EQ(n_mapped(b), 4);
    CHECK_EQ(b->events[VM_AHEAD], 3);
    CHECK(is_mapped(b, 3) && is_mapped(b, 9) && is_mapped(b, W - 1));
    look(b, 3);
    look(b, 9);
    look(b, 1);
    CHECK_EQ(n_mapped(b), 5);
    finish(a);
    finish(b);
    file_end();
}

/* Who reads one page after the other gets the rest of the window. */
static void what_follows(void)
{
    file_create();
    struct aspace *as = process(0, N, 3, MAP_PRIVATE);

    look(as, W + 1);
    look(as, W + 2);
    CHECK_EQ(n_mapped(as), 2);
    look(as, W + 3);
    CHECK_EQ(n_mapped(as), W);
    CHECK(is_mapped(as, W) && is_mapped(as, 2 * W - 1));
    finish(as);
    file_end();
}

/* Not what lies outside of the area, nor behind the end of the file: such a page may be there,
 * for a fault that looked before a truncation may have put it there after it. */
static void limits(void)
{
    file_create();
    struct aspace *a = process(0, N, 1, MAP_PRIVATE), *b = process(5, 4, 1, MAP_PRIVATE);
    struct fault_info info;
    struct page *late;
    u64 value;

    for (u64 i = 16; i-- > 0;)
        look(a, i);
    finish(a);
    look(b, 7);
    CHECK_EQ(n_mapped(b), 4);
    CHECK(!is_mapped(b, 4) && !is_mapped(b, 9));
    object_truncate(&object, 6 * PAGE_SIZE);
    CHECK_EQ(object_find_or_zero(&object, 8, &late), 0);
    late->flags |= PG_USED;
    kfree(late);
    CHECK(is_mapped(b, 5) && !is_mapped(b, 6));
    finish(b);
    b = process(0, 16, 1, MAP_PRIVATE);
    look(b, 0);
    CHECK_EQ(n_mapped(b), 6);
    CHECK_EQ(sim_load(b, AT + 8 * PAGE_SIZE, &value, &info), -EFAULT);
    CHECK_EQ(info.signo, SIGBUS);
    finish(b);
    file_end();
}

/* A write to a neighbour is still noticed: copied, or marked in a shared mapping. */
static void writes_are_noticed(void)
{
    file_create();
    struct aspace *a = process(0, N, 3, MAP_SHARED), *b = process(0, N, 3, MAP_PRIVATE);
    struct page *page = object_find(&object, 2);
    struct fault_info info;

    for (u64 i = 0; i < 3; i++)
        look(a, i);
    CHECK(is_mapped(a, 15) && !pte_is_writable(entry(a, 15)) && !pte_is_cow(entry(a, 15)));
    look(b, 0);
    CHECK(pte_is_cow(entry(b, 2)));
    CHECK_EQ(sim_store(b, AT + 2 * PAGE_SIZE, 7, &info), 0);
    CHECK(!(page->flags & PG_DIRTY));
    look(a, 2);
    CHECK_EQ(sim_store(a, AT + 2 * PAGE_SIZE, 3, &info), 0);
    CHECK(page->flags & PG_DIRTY);
    kfree(page);
    finish(a);
    finish(b);
    file_end();
}

/* A writer is given its own page and no other. */
static void writers_ask_for_one(void)
{
    file_create();
    struct aspace *a = process(0, N, 3, MAP_PRIVATE), *b = process(0, N, 3, MAP_SHARED);
    struct fault_info info;

    for (u64 i = 0; i < 4; i++)
        look(a, i);
    CHECK_EQ(sim_store(b, AT, 1, &info), 0);
    CHECK_EQ(n_mapped(b), 1);
    finish(a);
    finish(b);
    file_end();
}

/* Of code only what harts have fetched from: others must first be made fit for it. */
static void code(void)
{
    file_create();
    struct aspace *data = process(0, N, 1, MAP_PRIVATE), *text = process(0, N, 5, MAP_PRIVATE);
    struct page *page = object_find(&object, 4);

    for (u64 i = 0; i < 16; i++)
        look(data, i);
    page_flags_set(page, PG_ICACHE_CLEAN);
    kfree(page);
    look(text, 1);
    CHECK_EQ(n_mapped(text), 2);
    CHECK(is_mapped(text, 4) && pte_is_executable(entry(text, 4)));
    finish(data);
    finish(text);
    file_end();
}

int main(int argc, char **argv)
{
    t_begin(argc, argv);
    stub_ram_create(4096, 0);
    vm_file_ops.get = vm_file_ops.put = no_file;
    vm_init(NULL, 0);
    RUN(what_was_used);
    RUN(what_follows);
    RUN(limits);
    RUN(writes_are_noticed);
    RUN(writers_ask_for_one);
    RUN(code);
    stub_ram_destroy();
    return t_done();
}
