/* SPDX-License-Identifier: MIT */
/*
 * The device tree, read through libfdt.
 *
 * dt_check() has libfdt walk the whole blob (fdt_check_full), after which its accessors stay
 * inside. What it does not know is how a property is to be understood, so lengths are checked
 * here.
 */
#include <lib/fdt.h>
#include <lib/string.h>

#include <libfdt.h>
#include <linux/errno.h>

#define S_EXTERNAL_IRQ 9 /* privileged spec 4.1.3: supervisor external interrupt */

int dt_check(const void *dtb, size_t max_size)
{
    if (max_size < sizeof(struct fdt_header) || fdt_check_header(dtb) != 0)
        return -EINVAL;
    /* libfdt trusts these (specification 5.6) */
    if (!is_aligned(fdt_off_dt_struct(dtb), 4U) || !is_aligned(fdt_off_mem_rsvmap(dtb), 8U))
        return -EINVAL;
    size_t size = fdt_totalsize(dtb);
    if (size > max_size || fdt_check_full(dtb, size) != 0)
        return -EINVAL;
    return fdt_path_offset(dtb, "/") < 0 ? -EINVAL : 0;
}

size_t dt_size(const void *dtb)
{
    return fdt_totalsize(dtb);
}

/* --- cells --- */

/* A property as 32-bit big-endian cells. */
struct cells {
    const fdt32_t *at;
    unsigned n;
};

static struct cells cells_of(const void *dtb, int node, const char *property)
{
    int bytes = 0;
    const void *at = fdt_getprop(dtb, node, property, &bytes);
    if (!at || bytes < 0)
        return (struct cells){NULL, 0};
    return (struct cells){at, (unsigned)bytes / sizeof(fdt32_t)};
}

/* Takes a number of n cells; false if they are not there or it needs more than 64 bits. */
static bool cells_take(struct cells *cells, unsigned n, u64 *out)
{
    u64 value = 0;
    if (cells->n < n)
        return false;
    for (unsigned i = 0; i < n; i++) {
        if (value >> 32)
            return false;
        value = value << 32 | fdt32_ld(cells->at + i);
    }
    cells->at += n;
    cells->n -= n;
    *out = value;
    return true;
}

/* "#address-cells" or "#size-cells", which say how the node's children write their "reg". */
static unsigned cell_count(const void *dtb, int node, const char *property, u32 otherwise)
{
    u32 n;
    return dt_u32(dtb, node, property, &n) < 0 ? otherwise : n;
}

/* The next range of a "reg"; false at its end. Empty and overflowing ranges come with size 0.
 */
static bool cells_take_range(struct cells *cells, const void *dtb, int parent,
                             struct dt_range *out)
{
    unsigned n_address = cell_count(dtb, parent, "#address-cells", 2);
    unsigned n_size = cell_count(dtb, parent, "#size-cells", 1);
    u64 end;
    if (n_address == 0) /* or a walk over a "reg" might never end */
        return false;
    if (!cells_take(cells, n_address, &out->base) || !cells_take(cells, n_size, &out->size))
        return false;
    if (__builtin_add_overflow(out->base, out->size, &end))
        out->size = 0;
    return true;
}

static int parent_of(const void *dtb, int node)
{
    return fdt_parent_offset(dtb, node);
}

static bool is_usable(const void *dtb, int node)
{
    const char *status = dt_string(dtb, node, "status");
    return !status || str_equal(status, "okay") || str_equal(status, "ok");
}

/* --- properties of any node --- */

const char *dt_string(const void *dtb, int node, const char *property)
{
    int n = 0;
    const char *text = fdt_getprop(dtb, node, property, &n);
    return text && n > 0 && text[n - 1] == '\0' ? text : NULL;
}

bool dt_has(const void *dtb, int node, const char *property)
{
    return fdt_getprop(dtb, node, property, NULL) != NULL;
}

int dt_u32(const void *dtb, int node, const char *property, u32 *out)
{
    struct cells cells = cells_of(dtb, node, property);
    if (cells.n == 0)
        return -ENOENT;
    *out = fdt32_ld(cells.at);
    return 0;
}

int dt_follow(const void *dtb, int node, const char *property)
{
    u32 phandle;
    if (dt_u32(dtb, node, property, &phandle) < 0)
        return -ENOENT;
    int target = fdt_node_offset_by_phandle(dtb, phandle);
    return target < 0 ? -ENOENT : target;
}

int dt_find_compatible(const void *dtb, int after, const char *compatible)
{
    int node = after;
    do {
        node = fdt_node_offset_by_compatible(dtb, node, compatible);
    } while (node >= 0 && !is_usable(dtb, node));
    return node < 0 ? -ENOENT : node;
}

int dt_reg(const void *dtb, int node, unsigned index, struct dt_range *out)
{
    struct cells cells = cells_of(dtb, node, "reg");
    int parent = parent_of(dtb, node);
    for (unsigned i = 0; i <= index; i++)
        if (!cells_take_range(&cells, dtb, parent, out))
            return -ENOENT;
    return out->size > 0 ? 0 : -ENOENT;
}

int dt_interrupt(const void *dtb, int node, unsigned index, u32 *out)
{
    struct cells cells = cells_of(dtb, node, "interrupts");
    if (index >= cells.n)
        return -ENOENT;
    *out = fdt32_ld(cells.at + index);
    return 0;
}

/* --- memory --- */

static unsigned regs_store(const void *dtb, int node, struct dt_range *out, unsigned max)
{
    unsigned n = 0;
    struct cells cells = cells_of(dtb, node, "reg");
    int parent = parent_of(dtb, node);
    struct dt_range range;
    while (n < max && cells_take_range(&cells, dtb, parent, &range))
        if (range.size > 0)
            out[n++] = range;
    return n;
}

unsigned dt_memory(const void *dtb, struct dt_range *out, unsigned max)
{
    unsigned n = 0;
    int node;
    fdt_for_each_subnode(node, dtb, 0)
    {
        const char *type = dt_string(dtb, node, "device_type");
        if (type && str_equal(type, "memory") && is_usable(dtb, node))
            n += regs_store(dtb, node, out + n, max - n);
    }
    return n;
}

static unsigned reserve_block(const void *dtb, struct dt_range *out, unsigned max)
{
    unsigned n = 0;
    int n_entries = fdt_num_mem_rsv(dtb);
    for (int i = 0; i < n_entries && n < max; i++) {
        u64 base, size, end;
        if (fdt_get_mem_rsv(dtb, i, &base, &size) != 0 || size == 0)
            continue;
        if (!__builtin_add_overflow(base, size, &end))
            out[n++] = (struct dt_range){base, size};
    }
    return n;
}

unsigned dt_reserved(const void *dtb, struct dt_range *out, unsigned max)
{
    unsigned n = reserve_block(dtb, out, max);
    int node, parent = fdt_path_offset(dtb, "/reserved-memory");
    if (parent >= 0) {
        fdt_for_each_subnode(node, dtb, parent)
        {
            if (is_usable(dtb, node))
                n += regs_store(dtb, node, out + n, max - n);
        }
    }
    struct dt_chosen chosen;
    dt_chosen(dtb, &chosen);
    if (chosen.initrd.size > 0 && n < max)
        out[n++] = chosen.initrd;
    return n;
}

/* An address of one or two cells, as the loader happened to write it. */
static bool address_of(const void *dtb, int node, const char *property, u64 *out)
{
    struct cells cells = cells_of(dtb, node, property);
    return (cells.n == 1 || cells.n == 2) && cells_take(&cells, cells.n, out);
}

void dt_chosen(const void *dtb, struct dt_chosen *out)
{
    *out = (struct dt_chosen){.bootargs = "", .stdout_path = ""};
    int node = fdt_path_offset(dtb, "/chosen");
    if (node < 0)
        return;
    const char *text = dt_string(dtb, node, "bootargs");
    out->bootargs = text ? text : "";
    text = dt_string(dtb, node, "stdout-path");
    out->stdout_path = text ? text : "";
    u64 start, end;
    if (address_of(dtb, node, "linux,initrd-start", &start) &&
        address_of(dtb, node, "linux,initrd-end", &end) && end > start)
        out->initrd = (struct dt_range){start, end - start};
}

/* --- processors --- */

static bool is_cpu(const void *dtb, int node)
{
    const char *type = dt_string(dtb, node, "device_type");
    return type && str_equal(type, "cpu") && is_usable(dtb, node);
}

static bool hartid_of(const void *dtb, int cpu, u64 *out)
{
    struct cells cells = cells_of(dtb, cpu, "reg");
    return (cells.n == 1 || cells.n == 2) && cells_take(&cells, cells.n, out);
}

unsigned dt_cpus(const void *dtb, struct dt_cpu *out, unsigned max)
{
    unsigned n = 0;
    int node, cpus = fdt_path_offset(dtb, "/cpus");
    if (cpus < 0)
        return 0;
    fdt_for_each_subnode(node, dtb, cpus)
    {
        u64 hartid;
        if (n == max || !is_cpu(dtb, node) || !hartid_of(dtb, node, &hartid))
            continue;
        const char *isa = dt_string(dtb, node, "riscv,isa");
        const char *mmu = dt_string(dtb, node, "mmu-type");
        out[n++] = (struct dt_cpu){
            .hartid = hartid,
            .isa = isa ? isa : "",
            .mmu_type = mmu ? mmu : "",
        };
    }
    return n;
}

u64 dt_timebase(const void *dtb)
{
    u64 ticks = 0;
    int cpus = fdt_path_offset(dtb, "/cpus");
    return cpus >= 0 && address_of(dtb, cpus, "timebase-frequency", &ticks) ? ticks : 0;
}

const char *dt_model(const void *dtb)
{
    const char *model = dt_string(dtb, 0, "model");
    return model ? model : "";
}

/* "interrupts-extended" of a PLIC lists a pair per context: a hart's own interrupt controller,
 * which is a child of the cpu node, and which of its interrupts this context raises. */
int dt_plic_context(const void *dtb, int plic, u64 hartid)
{
    struct cells cells = cells_of(dtb, plic, "interrupts-extended");
    u64 phandle, irq, id;
    for (int context = 0; cells_take(&cells, 1, &phandle) && cells_take(&cells, 1, &irq);
         context++) {
        if (irq != S_EXTERNAL_IRQ)
            continue;
        int intc = fdt_node_offset_by_phandle(dtb, (u32)phandle);
        int cpu = intc < 0 ? intc : parent_of(dtb, intc);
        if (cpu >= 0 && hartid_of(dtb, cpu, &id) && id == hartid)
            return context;
    }
    return -ENOENT;
}

int dt_chosen_node(const void *dtb)
{
    int node = fdt_path_offset(dtb, "/chosen");
    return node < 0 ? -ENOENT : node;
}

const void *dt_bytes(const void *dtb, int node, const char *property, size_t *size)
{
    int len = 0;
    const void *bytes = fdt_getprop(dtb, node, property, &len);
    *size = bytes && len > 0 ? (size_t)len : 0;
    return *size ? bytes : NULL;
}

int dt_stdout(const void *dtb)
{
    struct dt_chosen chosen;
    dt_chosen(dtb, &chosen);
    const char *options = strchr(chosen.stdout_path, ':');
    size_t n = options ? (size_t)(options - chosen.stdout_path) : strlen(chosen.stdout_path);
    int node = n ? fdt_path_offset_namelen(dtb, chosen.stdout_path, n) : -1;
    return node < 0 ? -ENOENT : node;
}
