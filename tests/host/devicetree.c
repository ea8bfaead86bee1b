// SPDX-License-Identifier: MIT
// The device tree: a sound one made with libfdt, each cut, and seeded garbage.
// with: kernel/lib/fdt.c
#include <errno.h>
#include <lib/fdt.h>
#include <string.h>
#include <t.h>

#pragma GCC diagnostic ignored "-Wsign-compare"
#include <fdt.c>
#include <fdt_check.c>
#include <fdt_ro.c>
#include <fdt_strerror.c>
#include <fdt_sw.c>

#define N_VARIANTS 20000
#define BLOB_SIZE  8192

static void put_cells(void *blob, const char *name, const u32 *cells, unsigned n)
{
    fdt32_t be[16];
    for (unsigned i = 0; i < n; i++)
        be[i] = cpu_to_fdt32(cells[i]);
    fdt_property(blob, name, be, n * 4);
}

#define CELLS(blob, name, ...) \
    put_cells(blob, name, (const u32[]){__VA_ARGS__}, sizeof((const u32[]){__VA_ARGS__}) / 4)

static void put_cpu(void *blob, unsigned id)
{
    char name[16];
    sprintf(name, "cpu@%u", id);
    fdt_begin_node(blob, name);
    fdt_property_string(blob, "device_type", "cpu");
    CELLS(blob, "reg", id);
    fdt_property_string(blob, "status", id == 2 ? "disabled" : "okay");
    fdt_property_string(blob, "riscv,isa", "rv64imafdc_sstc");
    fdt_property_string(blob, "mmu-type", "riscv,sv48");
    fdt_begin_node(blob, "interrupt-controller");
    CELLS(blob, "phandle", 10 + id);
    fdt_end_node(blob);
    fdt_end_node(blob);
}

static void put_soc(void *blob)
{
    fdt_begin_node(blob, "soc");
    CELLS(blob, "#address-cells", 2);
    CELLS(blob, "#size-cells", 2);
    fdt_begin_node(blob, "serial@10000000");
    CELLS(blob, "interrupts", 10);
    CELLS(blob, "interrupt-parent", 3);
    CELLS(blob, "reg", 0, 0x10000000, 0, 0x100);
    fdt_property_string(blob, "compatible", "ns16550a");
    fdt_end_node(blob);
    fdt_begin_node(blob, "plic@c000000");
    CELLS(blob, "phandle", 3);
    CELLS(blob, "interrupts-extended", 10, 11, 10, 9, 11, 11, 11, 9, 13, 11, 13, 9);
    CELLS(blob, "reg", 0, 0xc000000, 0, 0x600000);
    fdt_property(blob, "compatible", "sifive,plic-1.0.0\0riscv,plic0", 30);
    fdt_end_node(blob);
    fdt_end_node(blob);
}

/* The like of QEMU's virt machine. Returns: its size; the blob is to be freed. */
static void *sound(void)
{
    void *blob = calloc(1, BLOB_SIZE);
    fdt_create(blob, BLOB_SIZE);
    fdt_add_reservemap_entry(blob, 0x81000000, 0x2000);
    fdt_finish_reservemap(blob);
    fdt_begin_node(blob, "");
    CELLS(blob, "#address-cells", 2);
    CELLS(blob, "#size-cells", 2);
    fdt_property_string(blob, "model", "riscv-virtio,qemu");
    fdt_begin_node(blob, "chosen");
    fdt_property_string(blob, "bootargs", "console=ttyS0 quiet");
    CELLS(blob, "linux,initrd-start", 0x88200000);
    CELLS(blob, "linux,initrd-end", 0, 0x88300000);
    fdt_property_string(blob, "stdout-path", "/soc/serial@10000000");
    fdt_end_node(blob);
    fdt_begin_node(blob, "reserved-memory");
    CELLS(blob, "#address-cells", 2);
    CELLS(blob, "#size-cells", 2);
    fdt_begin_node(blob, "mmode_resv0@80000000");
    CELLS(blob, "reg", 0, 0x80000000, 0, 0x80000);
    fdt_end_node(blob);
    fdt_end_node(blob);
    fdt_begin_node(blob, "memory@80000000");
    fdt_property_string(blob, "device_type", "memory");
    CELLS(blob, "reg", 0, 0x80000000, 0, 0x20000000, 1, 0, 2, 0);
    fdt_end_node(blob);
    fdt_begin_node(blob, "cpus");
    CELLS(blob, "#address-cells", 1);
    CELLS(blob, "#size-cells", 0);
    CELLS(blob, "timebase-frequency", 10000000);
    for (unsigned id = 0; id < 4; id++)
        put_cpu(blob, id);
    fdt_end_node(blob);
    put_soc(blob);
    fdt_end_node(blob);
    fdt_finish(blob);
    return blob;
}

static void reads_memory(void)
{
    void *blob = sound();
    struct dt_range ranges[8];
    CHECK_EQ(dt_check(blob, BLOB_SIZE), 0);
    CHECK_EQ(dt_memory(blob, ranges, 8), 2);
    CHECK_EQ(ranges[0].base, 0x80000000);
    CHECK_EQ(ranges[0].size, 0x20000000);
    CHECK_EQ(ranges[1].base, 1UL << 32);
    CHECK_EQ(ranges[1].size, 2UL << 32);
    CHECK_EQ(dt_memory(blob, ranges, 1), 1);
    CHECK_EQ(dt_reserved(blob, ranges, 8), 3);
    CHECK_EQ(ranges[0].base, 0x81000000);
    CHECK_EQ(ranges[1].size, 0x80000);
    CHECK_EQ(ranges[2].base, 0x88200000);
    CHECK_EQ(ranges[2].size, 0x100000);
    free(blob);
}

static void reads_the_rest(void)
{
    void *blob = sound();
    struct dt_chosen chosen;
    struct dt_cpu cpus[8];
    dt_chosen(blob, &chosen);
    CHECK(strcmp(chosen.bootargs, "console=ttyS0 quiet") == 0);
    CHECK(strcmp(chosen.stdout_path, "/soc/serial@10000000") == 0);
    CHECK(strcmp(dt_model(blob), "riscv-virtio,qemu") == 0);
    CHECK_EQ(dt_cpus(blob, cpus, 8), 3);
    CHECK_EQ(cpus[2].hartid, 3);
    CHECK(strcmp(cpus[0].isa, "rv64imafdc_sstc") == 0);
    CHECK(strcmp(cpus[0].mmu_type, "riscv,sv48") == 0);
    CHECK_EQ(dt_cpus(blob, cpus, 2), 2);
    CHECK_EQ(dt_timebase(blob), 10000000);

    struct dt_range reg;
    u32 irq;
    int uart = dt_find_compatible(blob, -1, "ns16550a");
    CHECK(uart >= 0);
    CHECK_EQ(dt_find_compatible(blob, uart, "ns16550a"), -ENOENT);
    CHECK_EQ(dt_reg(blob, uart, 0, &reg), 0);
    CHECK_EQ(reg.base, 0x10000000);
    CHECK_EQ(dt_reg(blob, uart, 1, &reg), -ENOENT);
    CHECK_EQ(dt_interrupt(blob, uart, 0, &irq), 0);
    CHECK_EQ(irq, 10);
    CHECK_EQ(dt_interrupt(blob, uart, 1, &irq), -ENOENT);
    int plic = dt_find_compatible(blob, -1, "riscv,plic0");
    CHECK(plic >= 0);
    CHECK_EQ(dt_follow(blob, uart, "interrupt-parent"), plic);
    CHECK_EQ(dt_plic_context(blob, plic, 0), 1);
    CHECK_EQ(dt_plic_context(blob, plic, 1), 3);
    CHECK_EQ(dt_plic_context(blob, plic, 2), -ENOENT);
    CHECK_EQ(dt_plic_context(blob, plic, 3), 5);
    CHECK(dt_has(blob, plic, "phandle") && !dt_has(blob, plic, "nothing"));
    free(blob);
}

static void text_without_an_end(void)
{
    void *blob = calloc(1, BLOB_SIZE);
    fdt_create(blob, BLOB_SIZE);
    fdt_finish_reservemap(blob);
    fdt_begin_node(blob, "");
    fdt_property(blob, "model", "abcd", 4); /* what follows is no NUL */
    fdt_property(blob, "empty", "", 0);
    fdt_end_node(blob);
    fdt_finish(blob);
    CHECK_EQ(dt_check(blob, BLOB_SIZE), 0);
    CHECK(strcmp(dt_model(blob), "") == 0);
    CHECK(dt_string(blob, 0, "empty") == NULL);
    free(blob);
}

/* Calls everything; the sanitizers watch. */
static void use(const void *blob)
{
    struct dt_range ranges[4], reg;
    struct dt_chosen chosen;
    struct dt_cpu cpus[3];
    u32 irq;
    unsigned n = dt_memory(blob, ranges, 4);
    for (unsigned i = 0; i < n; i++)
        CHECK(ranges[i].size > 0 && ranges[i].base + ranges[i].size > ranges[i].base);
    n = dt_reserved(blob, ranges, 4);
    for (unsigned i = 0; i < n; i++)
        CHECK(ranges[i].size > 0 && ranges[i].base + ranges[i].size > ranges[i].base);
    dt_chosen(blob, &chosen);
    t_state += strlen(chosen.bootargs) + strlen(chosen.stdout_path) + strlen(dt_model(blob));
    n = dt_cpus(blob, cpus, 3);
    for (unsigned i = 0; i < n; i++)
        t_state += strlen(cpus[i].isa) + strlen(cpus[i].mmu_type);
    dt_timebase(blob);
    int node = -1;
    while ((node = dt_find_compatible(blob, node, "ns16550a")) >= 0) {
        if (dt_reg(blob, node, t_below(3), &reg) == 0)
            CHECK(reg.size > 0);
        (void)!dt_interrupt(blob, node, t_below(3), &irq);
        dt_follow(blob, node, "interrupt-parent");
    }
    node = dt_find_compatible(blob, -1, "sifive,plic-1.0.0");
    if (node >= 0)
        for (unsigned hart = 0; hart < 4; hart++)
            dt_plic_context(blob, node, hart);
}

static void spoil(u8 *blob, size_t size)
{
    for (unsigned n = 1 + t_below(5); n > 0; n--) {
        size_t at = t_below(8) ? t_below(size - 4) : t_below(40);
        switch (t_below(4)) {
        case 0:
            blob[at] = t_random() >> 24;
            break;
        case 1:
            blob[at] ^= 1 << t_below(8);
            break;
        case 2:
            memcpy(blob + (at & ~3UL), blob + (t_below(size - 4) & ~3UL), 4);
            break;
        case 3:
            memset(blob + (at & ~3UL), t_below(2) ? 0xff : 0, 4);
            break;
        }
    }
}

static void garbage(void)
{
    unsigned n_good = 0;
    void *base = sound();
    size_t size = fdt_totalsize(base);
    for (int i = 0; i < N_VARIANTS; i++) {
        u8 *blob = malloc(size);
        memcpy(blob, base, size);
        spoil(blob, size);
        if (dt_check(blob, size) == 0) {
            n_good++;
            use(blob);
        }
        free(blob);
    }
    CHECK(n_good > N_VARIANTS / 20 && n_good < N_VARIANTS * 19 / 20);
    free(base);
}

static void cut_short(void)
{
    void *base = sound();
    size_t size = fdt_totalsize(base);
    for (size_t n = 0; n < size; n += 1 + t_below(4)) {
        u8 *blob = malloc(n + 8);
        memcpy(blob, base, n);
        CHECK_EQ(dt_check(blob, n), -EINVAL);
        free(blob);
    }
    free(base);
}

int main(int argc, char **argv)
{
    t_begin(argc, argv);
    RUN(reads_memory);
    RUN(reads_the_rest);
    RUN(text_without_an_end);
    RUN(cut_short);
    RUN(garbage);
    return t_done();
}
