/* SPDX-License-Identifier: MIT */
/*
 * The kernel map.
 *
 * Direct map: each part of RAM in the largest pages that it fills. Image: text can be executed
 * but not written, constants only read, data not executed. KMAP window: stacks from the bottom
 * (kstack.c), device registers from the top. The root entries of the window and their tables
 * exist from boot on, so that root tables of user memory, which copy the root entries, never
 * have to learn of a new mapping.
 *
 * KMAP-1 A kernel entry has G, A and D set: no hart ever faults or writes to update it.
 * KMAP-2 Below each stack lies a page that is never mapped.
 * KMAP-3 An address of the window is mapped anew only after all harts have forgotten its last
 *        mapping.
 * KMAP-4 A leaf table of the window counts its reserved and mapped pages in pt.n_used; without
 *        any it does not exist.
 *
 * Locks: window_lock guards the tables of the window. No frame is taken or given back under it,
 * since stacks are given back when memory runs dry.
 */
#include <arch/riscv/boot.h>
#include <arch/riscv/copy.h>
#include <arch/riscv/csr.h>
#include <arch/riscv/hart.h>
#include <arch/riscv/pte.h>
#include <arch/riscv/tlb.h>
#include <debug/assert.h>
#include <lib/elf.h>
#include <lib/string.h>
#include <mem/internal.h>
#include <mem/kmap.h>

_Static_assert(ELF_USER_MIN == USER_MIN && ELF_USER_END == USER_END, "lib/elf.h says the same");
_Static_assert(KMAP_END - KMAP_BASE == 4 * GiB, "the window has four root entries");

#define PTE_KERNEL   (PTE_V | PTE_G | PTE_A | PTE_D)
#define PTE_KERNEL_R (PTE_KERNEL | PTE_R)
#define PTE_KERNEL_W (PTE_KERNEL | PTE_R | PTE_W)
#define PTE_KERNEL_X (PTE_KERNEL | PTE_R | PTE_X)

#define DEVICES_BASE (KMAP_END - 1 * GiB) /* below it: stacks */

paddr_t kernel_root_pa;
paddr_t phys_base;
u64 direct_offset;

static struct spinlock window_lock = SPINLOCK_INIT("mem.window");
static vaddr_t device_low = KMAP_END; /* window_lock: devices lie from here to KMAP_END */

/* set at boot: the root entries that are not empty */
static unsigned n_root_used;
static struct root_entry {
    u64 index, bits;
} root_used[PT_ENTRIES / 2];

/* --- tables --- */

static pte_t *table_of(pte_t entry)
{
    return pa_to_va(pte_pa(entry));
}

static struct page *table_alloc(void)
{
    return kalloc(PAGE_KERNEL, ALLOC_ZERO | ALLOC_NOFAIL_TEST);
}

static pte_t *kernel_root(void)
{
    return pa_to_va(kernel_root_pa);
}

/* At boot: the entry for `va` in a table of `level`, made on the way. */
static pte_t *boot_walk(vaddr_t va, unsigned level)
{
    pte_t *table = kernel_root();
    for (unsigned at = PT_LEVELS - 1; at > level; at--) {
        pte_t *entry = &table[pt_index(va, at)];
        if (pte_is_none(*entry)) {
            struct page *page = table_alloc();
            if (!page)
                panic("no memory for the kernel map");
            pte_store(entry, pte_make_table(page_to_pfn(page)));
        }
        table = table_of(*entry);
    }
    return &table[pt_index(va, level)];
}

static inline u64 level_size(unsigned level)
{
    return PAGE_SIZE << (PT_SHIFT * level);
}

/* At boot: maps a range in leaves of at most the given level. */
static void boot_map(vaddr_t va, paddr_t pa, u64 size, u64 bits, unsigned max_level)
{
    while (size > 0) {
        unsigned level = max_level;
        while (level > 0 &&
               (!is_aligned(va | pa, level_size(level)) || size < level_size(level)))
            level--;
        pte_store(boot_walk(va, level), pte_make(pa >> PAGE_SHIFT, bits));
        va += level_size(level);
        pa += level_size(level);
        size -= level_size(level);
    }
}

static void map_image(const char *start, const char *end, u64 bits)
{
    boot_map((vaddr_t)start, image_to_pa(start), end - start, bits, 0);
}

/* --- boot --- */

static void map_direct(void)
{
    struct span span = {0, 0};
    while (mem_next_ram(span.end, &span)) {
        paddr_t pa = span.start << PAGE_SHIFT;
        boot_map((vaddr_t)pa_to_va(pa), pa, (span.end - span.start) << PAGE_SHIFT, PTE_KERNEL_W,
                 PT_LEVELS - 1);
    }
}

static void map_window(void)
{
    for (vaddr_t va = KMAP_BASE; va < KMAP_END; va += GiB)
        boot_walk(va, 1);
}

void kmap_init(void)
{
    struct page *root = table_alloc();
    if (!root)
        panic("no memory for the kernel map");
    kernel_root_pa = page_to_pa(root);
    map_direct();
    map_window();
    map_image(text_start, text_end, PTE_KERNEL_X);
    map_image(rodata_start, rodata_end, PTE_KERNEL_R);
    map_image(data_start, bss_end, PTE_KERNEL_W);
    for (unsigned i = PT_ENTRIES / 2; i < PT_ENTRIES; i++)
        if (!pte_is_none(kernel_root()[i]))
            root_used[n_root_used++] = (struct root_entry){i, kernel_root()[i].bits};
    csr_write(satp, SATP_MODE_SV39 | kernel_root_pa >> PAGE_SHIFT);
    tlb_flush_all_local();
    kstack_init();
}

void kmap_fill_root(u64 *root)
{
    const struct root_entry *end = root_used + n_root_used;
    for (const struct root_entry *entry = root_used; entry < end; entry++)
        root[entry->index] = entry->bits;
}

void kmap_empty_root(u64 *root)
{
    const struct root_entry *end = root_used + n_root_used;
    for (const struct root_entry *entry = root_used; entry < end; entry++)
        root[entry->index] = 0;
}

/* --- the window --- */

/* The entry that points at the leaf table for `va`. */
static pte_t *window_table_entry(vaddr_t va)
{
    assert(va >= KMAP_BASE && va < KMAP_END);
    return &table_of(kernel_root()[pt_index(va, 2)])[pt_index(va, 1)];
}

static struct page *window_table(vaddr_t va)
{
    return pa_to_page(pte_pa(*window_table_entry(va)));
}

static pte_t *window_leaf(vaddr_t va)
{
    return &table_of(*window_table_entry(va))[pt_index(va, 0)];
}

int window_reserve(vaddr_t va)
{
    struct page *spare = NULL;
    u64 irq = spin_lock_irqsave(&window_lock);
    if (pte_is_none(*window_table_entry(va))) {
        spin_unlock_irqrestore(&window_lock, irq);
        spare = table_alloc();
        if (!spare)
            return -ENOMEM;
        spare->pt.n_used = 0;
        irq = spin_lock_irqsave(&window_lock);
        /* another hart may have been faster */
        if (pte_is_none(*window_table_entry(va))) {
            pte_store(window_table_entry(va), pte_make_table(page_to_pfn(spare)));
            spare = NULL;
        }
    }
    window_table(va)->pt.n_used++;
    spin_unlock_irqrestore(&window_lock, irq);
    if (spare)
        kfree(spare);
    return 0;
}

void window_map(vaddr_t va, pfn_t pfn)
{
    u64 irq = spin_lock_irqsave(&window_lock);
    assert(pte_is_none(*window_leaf(va)));
    pte_store(window_leaf(va), pte_make(pfn, PTE_KERNEL_W));
    spin_unlock_irqrestore(&window_lock, irq);
}

void window_unmap(vaddr_t va, struct list_head *frames)
{
    u64 irq = spin_lock_irqsave(&window_lock);
    pte_t old = pte_swap(window_leaf(va), PTE_NONE);
    struct page *table = window_table(va);
    if (--table->pt.n_used == 0) {
        pte_store(window_table_entry(va), PTE_NONE);
        list_add(&table->link, frames);
    }
    spin_unlock_irqrestore(&window_lock, irq);
    if (!pte_is_none(old))
        list_add(&pa_to_page(pte_pa(old))->link, frames);
}

void window_end_unmap(struct list_head *frames)
{
    struct page *page, *following;
    tlb_flush_all_remote(__atomic_load_n(&harts_online, __ATOMIC_ACQUIRE));
    list_for_each_safe (page, following, frames, link)
        kfree(page);
}

/* --- devices --- */

static vaddr_t device_space(u64 size)
{
    vaddr_t va = 0;
    u64 irq = spin_lock_irqsave(&window_lock);
    if (size <= device_low - DEVICES_BASE) {
        device_low -= size;
        va = device_low;
    }
    spin_unlock_irqrestore(&window_lock, irq);
    return va;
}

void *kmap_device(paddr_t pa, size_t size)
{
    paddr_t base = align_down(pa, PAGE_SIZE);
    u64 length = align_up(pa + size, PAGE_SIZE) - base;
    vaddr_t va = device_space(length);
    if (!va)
        return NULL;
    for (u64 at = 0; at < length; at += PAGE_SIZE) {
        if (window_reserve(va + at) < 0)
            return NULL; /* at boot; what is mapped already stays so */
        window_map(va + at, (base + at) >> PAGE_SHIFT);
    }
    tlb_flush_all_remote(__atomic_load_n(&harts_online, __ATOMIC_ACQUIRE));
    return (void *)(va + (pa - base));
}
