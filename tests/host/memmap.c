// SPDX-License-Identifier: MIT
// The memory map and the kernel map: random machines, each frame and each kernel page against a
// naive model of what the device tree says.
// with: kernel/mem/fail.c kernel/lib/fdt.c tests/host/stub/kernel.c
#include <arch/riscv/page.h>

/* The direct map stands where the host can have it; in the root table that is where it belongs,
 * since only bits 30 to 38 count. */
#undef DIRECT_BASE
#define DIRECT_BASE 0x204000000000UL

#include <arch/riscv/boot.h>
#include <arch/riscv/copy.h>
#include <arch/riscv/csr.h>
#include <arch/riscv/pte.h>
#include <arch/riscv/tlb.h>
#include <kernel.h>
#include <string.h>
#include <sys/mman.h>
#include <t.h>

#pragma GCC diagnostic ignored "-Wsign-compare"
#include <fdt.c>
#include <fdt_check.c>
#include <fdt_ro.c>
#include <fdt_strerror.c>
#include <fdt_sw.c>

/* The image and the registers, as far as the code below asks for them. */
static char *test_image_start, *test_image_end, *test_text_start, *test_text_end;
static char *test_rodata_start, *test_rodata_end, *test_data_start, *test_bss_end;
static u64 test_satp;
static unsigned n_flushes;
#define image_start           test_image_start
#define image_end             test_image_end
#define text_start            test_text_start
#define text_end              test_text_end
#define rodata_start          test_rodata_start
#define rodata_end            test_rodata_end
#define data_start            test_data_start
#define bss_end               test_bss_end
#define tlb_flush_all_local() (n_flushes++)
#undef csr_write
#define csr_write(csr, value) (test_##csr = (value))
#include "../../kernel/mem/boot.c"
#include "../../kernel/mem/kmap.c"
#include "../../kernel/mem/page.c"

u64 boot_hartid;
paddr_t boot_dtb_pa, boot_kernel_pa, boot_phys_base;

void kstack_init(void)
{
}

void caches_init(void)
{
}

void caches_drain(void)
{
}

void tlb_flush_all_remote(u64 harts_mask)
{
    (void)harts_mask;
    n_flushes++;
}

void clear_page(void *page)
{
    memset(page, 0, PAGE_SIZE);
}

/* --- a machine --- */

#define RAM_BASE  0x80000000UL
#define SPACE     (16 * GiB + 64 * MiB) /* what the host maps, mostly never touched */
#define BLOB_SIZE 16384

static char *memory;
static struct dt_range ram_ranges[4], kept_ranges[16]; /* of this machine; in any order */
static unsigned n_ram, n_kept;

static void put_reg(void *blob, struct dt_range range)
{
    fdt32_t cells[4] = {cpu_to_fdt32(range.base >> 32), cpu_to_fdt32(range.base),
                        cpu_to_fdt32(range.size >> 32), cpu_to_fdt32(range.size)};
    fdt_property(blob, "reg", cells, sizeof(cells));
}

static void put_tree(void *blob)
{
    char name[32];
    fdt_create(blob, BLOB_SIZE);
    fdt_finish_reservemap(blob);
    fdt_begin_node(blob, "");
    fdt_property_u32(blob, "#address-cells", 2);
    fdt_property_u32(blob, "#size-cells", 2);
    for (unsigned i = 0; i < n_ram; i++) {
        sprintf(name, "memory@%lx", ram_ranges[i].base);
        fdt_begin_node(blob, name);
        fdt_property_string(blob, "device_type", "memory");
        put_reg(blob, ram_ranges[i]);
        fdt_end_node(blob);
    }
    fdt_begin_node(blob, "reserved-memory");
    fdt_property_u32(blob, "#address-cells", 2);
    fdt_property_u32(blob, "#size-cells", 2);
    for (unsigned i = 0; i < n_kept; i++) {
        sprintf(name, "kept@%lx", kept_ranges[i].base);
        fdt_begin_node(blob, name);
        put_reg(blob, kept_ranges[i]);
        fdt_end_node(blob);
    }
    fdt_end_node(blob);
    fdt_end_node(blob);
    fdt_finish(blob);
}

static void *host_of(paddr_t pa)
{
    return memory + (pa - RAM_BASE);
}

static void machine_start(u64 dtb_pa)
{
    memory = mmap((void *)DIRECT_BASE, SPACE, PROT_READ | PROT_WRITE,
                  MAP_PRIVATE | MAP_ANON | MAP_NORESERVE | MAP_FIXED_NOREPLACE, -1, 0);
    CHECK(memory == (char *)DIRECT_BASE);
    boot_phys_base = RAM_BASE;
    memset(hart_frames, 0, sizeof(hart_frames));
    boot_kernel_pa = RAM_BASE + 2 * MiB;
    test_image_start = test_text_start = (char *)KERNEL_BASE;
    test_text_end = test_rodata_start = test_text_start + 0x51000;
    test_rodata_end = test_data_start = test_rodata_start + 0x22000;
    test_bss_end = test_image_end = test_data_start + 0x42000;
    put_tree(host_of(dtb_pa));
    ram.n = reserved.n = 0;
    n_root_used = 0;
    device_low = KMAP_END;
    mem_init(host_of(dtb_pa));
    kept_ranges[n_kept++] = (struct dt_range){dtb_pa, fdt_totalsize(host_of(dtb_pa))};
    kept_ranges[n_kept++] =
        (struct dt_range){boot_kernel_pa, test_image_end - test_image_start};
}

static void machine_stop(void)
{
    munmap(memory, SPACE);
}

/* --- the model --- */

static bool overlaps(struct dt_range range, paddr_t page)
{
    return range.base < page + PAGE_SIZE && range.base + range.size > page;
}

static bool model_is_ram(paddr_t pa)
{
    for (unsigned i = 0; i < n_ram; i++)
        if (pa >= ram_ranges[i].base &&
            pa + PAGE_SIZE <= ram_ranges[i].base + ram_ranges[i].size)
            return true;
    return false;
}

static bool model_is_kept(paddr_t pa)
{
    for (unsigned i = 0; i < n_kept; i++)
        if (overlaps(kept_ranges[i], pa))
            return true;
    return false;
}

static void check_frames(void)
{
    u64 n_ram_pages = 0, n_free = 0;
    struct mem_stats stats;
    mem_stats_read(&stats);
    u64 array = page_to_pfn(zero_page);
    for (pfn_t pfn = RAM_BASE >> PAGE_SHIFT; pfn < (RAM_BASE + SPACE) >> PAGE_SHIFT; pfn++) {
        paddr_t pa = pfn << PAGE_SHIFT;
        bool is_inside = pfn >= page_first_pfn && pfn < page_end_pfn;
        bool is_free = is_inside && pa_to_page(pa)->type == PAGE_FREE;
        n_ram_pages += model_is_ram(pa);
        n_free += is_free;
        if (is_free)
            CHECK(model_is_ram(pa) && !model_is_kept(pa));
    }
    CHECK_EQ(stats.total_pages, n_ram_pages);
    CHECK_EQ(stats.free_pages, n_free);
    CHECK_EQ(stats.by_type[PAGE_RESERVED], n_ram_pages - n_free);
    /* reserved beyond the model: the page array and the zero page, no more */
    u64 n_kept_pages = 0;
    for (pfn_t pfn = page_first_pfn; pfn < page_end_pfn; pfn++)
        n_kept_pages += model_is_ram(pfn << PAGE_SHIFT) && model_is_kept(pfn << PAGE_SHIFT);
    u64 array_pages =
        align_up((page_end_pfn - page_first_pfn) * sizeof(struct page), PAGE_SIZE) >>
        PAGE_SHIFT;
    CHECK_EQ(n_ram_pages - n_free, n_kept_pages + array_pages + 1);
    CHECK(!model_is_kept(array << PAGE_SHIFT));
}

/* A walk that trusts nothing. Returns: the leaf's bits and physical address, 0 if not mapped.
 */
static u64 walk(vaddr_t va, paddr_t *pa)
{
    u64 *table = pa_to_va(kernel_root_pa);
    for (int level = 2; level >= 0; level--) {
        u64 entry = table[va >> (12 + 9 * level) & 511];
        paddr_t next = (entry >> 10 & ((1UL << 44) - 1)) << 12;
        if (!(entry & PTE_V))
            return 0;
        if (entry & (PTE_R | PTE_W | PTE_X)) {
            u64 offset = va & ((1UL << (12 + 9 * level)) - 1);
            CHECK_EQ(next & ((1UL << (12 + 9 * level)) - 1), 0);
            *pa = next + offset;
            return entry & 0x3ff;
        }
        table = pa_to_va(next);
    }
    CHECK(false);
    return 0;
}

static void check_direct(paddr_t pa, bool expected)
{
    paddr_t found = 0;
    u64 bits = walk((vaddr_t)pa_to_va(pa), &found);
    CHECK_EQ(bits != 0, expected);
    if (bits) {
        CHECK_EQ(found, pa);
        CHECK_EQ(bits, PTE_V | PTE_R | PTE_W | PTE_G | PTE_A | PTE_D);
    }
}

static void check_image(const char *start, const char *end, u64 perm)
{
    for (const char *at = start; at < end; at += PAGE_SIZE) {
        paddr_t found = 0;
        CHECK_EQ(walk((vaddr_t)at, &found), PTE_V | PTE_G | PTE_A | PTE_D | perm);
        CHECK_EQ(found, (vaddr_t)at - KERNEL_BASE + boot_kernel_pa);
    }
}

static struct dt_range random_range(paddr_t low, paddr_t high)
{
    paddr_t base = low + t_below(high - low - 1);
    u64 size = 1 + t_below(t_below(2) ? 3 * PAGE_SIZE : 3 * MiB);
    return (struct dt_range){base, min(size, high - base)};
}

static void machine_run(u64 size)
{
    n_ram = n_kept = 0;
    paddr_t dtb_pa = RAM_BASE + size - MiB;
    ram_ranges[n_ram++] = (struct dt_range){RAM_BASE, size};
    kept_ranges[n_kept++] = (struct dt_range){RAM_BASE, 0x80000};
    for (int i = t_below(5); i > 0; i--)
        kept_ranges[n_kept++] = random_range(RAM_BASE + 8 * MiB, RAM_BASE + size - 2 * MiB);
    /* one within another, one across its end */
    kept_ranges[n_kept++] = (struct dt_range){RAM_BASE + 4 * MiB, MiB};
    kept_ranges[n_kept++] = (struct dt_range){RAM_BASE + 4 * MiB + 5 * PAGE_SIZE, PAGE_SIZE};
    kept_ranges[n_kept++] = (struct dt_range){RAM_BASE + 5 * MiB - PAGE_SIZE, 3 * PAGE_SIZE};
    machine_start(dtb_pa);
    check_frames();
    machine_stop();
}

static void sizes(void)
{
    static const u64 all[] = {64 * MiB, 100 * MiB + 3 * PAGE_SIZE, 512 * MiB, 2 * GiB};
    for (unsigned i = 0; i < ARRAY_SIZE(all); i++)
        machine_run(all[i]);
}

static void random_machines(void)
{
    for (int i = 0; i < 12; i++)
        machine_run(64 * MiB + t_below(64) * MiB + t_below(3) * PAGE_SIZE);
}

static void sixteen_gib(void)
{
    n_ram = n_kept = 0;
    ram_ranges[n_ram++] = (struct dt_range){RAM_BASE, 16 * GiB};
    kept_ranges[n_kept++] = (struct dt_range){RAM_BASE, 0x80000};
    machine_start(RAM_BASE + GiB);
    struct mem_stats stats;
    mem_stats_read(&stats);
    CHECK_EQ(stats.total_pages, 16 * GiB / PAGE_SIZE);
    CHECK(stats.free_pages > stats.total_pages - stats.total_pages / 64);
    machine_stop();
}

static void two_ranges_and_a_hole(void)
{
    n_ram = n_kept = 0;
    ram_ranges[n_ram++] = (struct dt_range){RAM_BASE + 200 * MiB + 0x800, 64 * MiB};
    ram_ranges[n_ram++] = (struct dt_range){RAM_BASE, 64 * MiB};
    kept_ranges[n_kept++] = (struct dt_range){RAM_BASE, 0x80000};
    machine_start(RAM_BASE + 210 * MiB);
    check_frames();
    machine_stop();
}

static void release(void)
{
    n_ram = n_kept = 0;
    ram_ranges[n_ram++] = (struct dt_range){RAM_BASE, 64 * MiB};
    kept_ranges[n_kept++] = (struct dt_range){RAM_BASE, 0x80000};
    machine_start(RAM_BASE + 60 * MiB);
    struct mem_stats before, after;
    mem_stats_read(&before);
    mem_release_range(RAM_BASE + 0x800, 0x10000); /* 15 whole frames of it */
    mem_release_range(RAM_BASE + 0x800, 0x10000); /* and none again */
    mem_stats_read(&after);
    CHECK_EQ(after.free_pages, before.free_pages + 15);
    mem_release_range(RAM_BASE + 30 * MiB, MiB); /* free already */
    mem_release_range(RAM_BASE - MiB, MiB);      /* no RAM */
    mem_stats_read(&after);
    CHECK_EQ(after.free_pages, before.free_pages + 15);
    machine_stop();
}

static void kernel_map(void)
{
    n_ram = n_kept = 0;
    ram_ranges[n_ram++] = (struct dt_range){RAM_BASE, GiB + 70 * MiB + 5 * PAGE_SIZE};
    kept_ranges[n_kept++] = (struct dt_range){RAM_BASE, 0x80000};
    machine_start(RAM_BASE + 60 * MiB);
    kmap_init();
    CHECK_EQ(test_satp, 8UL << 60 | kernel_root_pa >> PAGE_SHIFT);
    check_image(text_start, text_end, PTE_R | PTE_X);
    check_image(rodata_start, rodata_end, PTE_R);
    check_image(data_start, bss_end, PTE_R | PTE_W);
    paddr_t pa;
    CHECK_EQ(walk((vaddr_t)bss_end, &pa), 0);
    for (u64 at = 0; at < GiB + 70 * MiB + 5 * PAGE_SIZE; at += 37 * PAGE_SIZE)
        check_direct(RAM_BASE + at, true);
    check_direct(RAM_BASE + GiB + 70 * MiB + 4 * PAGE_SIZE, true);
    check_direct(RAM_BASE + GiB + 70 * MiB + 5 * PAGE_SIZE, false);

    u64 root[512] = {0};
    kmap_fill_root(root);
    CHECK(memcmp(root, pa_to_va(kernel_root_pa), sizeof(root)) == 0);
    machine_stop();
}

static void window(void)
{
    enum { N = 400 };
    static bool is_mapped[N];
    n_ram = n_kept = 0;
    ram_ranges[n_ram++] = (struct dt_range){RAM_BASE, 64 * MiB};
    kept_ranges[n_kept++] = (struct dt_range){RAM_BASE, 0x80000};
    machine_start(RAM_BASE + 60 * MiB);
    kmap_init();
    struct mem_stats before, after;
    mem_stats_read(&before);
    vaddr_t base = KMAP_BASE + 2 * MiB - N / 2 * PAGE_SIZE; /* across two tables */
    for (int step = 0; step < 20000; step++) {
        int i = step < 19000 ? (int)t_below(N) : step % N;
        vaddr_t va = base + i * PAGE_SIZE;
        paddr_t pa;
        CHECK_EQ(walk(va, &pa) != 0, is_mapped[i]);
        if (is_mapped[i]) {
            struct list_head frames = LIST_INIT(frames);
            window_unmap(va, &frames);
            window_end_unmap(&frames);
        } else if (step < 19000) {
            struct page *frame = kalloc(PAGE_KERNEL, 0);
            CHECK_EQ(window_reserve(va), 0);
            window_map(va, page_to_pfn(frame));
            CHECK_EQ(walk(va, &pa), PTE_V | PTE_R | PTE_W | PTE_G | PTE_A | PTE_D);
            CHECK_EQ(pa, page_to_pa(frame));
        } else {
            continue;
        }
        is_mapped[i] = !is_mapped[i];
    }
    mem_stats_read(&after);
    CHECK_EQ(after.free_pages, before.free_pages);

    char *device = kmap_device(0x10000123, 0x100);
    paddr_t pa = 0;
    CHECK(walk((vaddr_t)device, &pa) != 0);
    CHECK_EQ(pa, 0x10000123);
    CHECK(kmap_device(0x40000000, 8 * GiB) == NULL);
    machine_stop();
}

int main(int argc, char **argv)
{
    t_begin(argc, argv);
    RUN(sizes);
    RUN(random_machines);
    RUN(sixteen_gib);
    RUN(two_ranges_and_a_hole);
    RUN(release);
    RUN(kernel_map);
    RUN(window);
    return t_done();
}
