/* SPDX-License-Identifier: MIT */
/*
 * /sys: read-only, and little: the number of processors, and the folders that programs mount on
 * or look into.
 */
#include <fs/sysfs.h>

#include <arch/riscv/hart.h>
#include <fs/pseudo.h>
#include <lib/printf.h>
#include <lib/string.h>
#include <linux/errno.h>
#include <linux/magic.h>

static int cpus_show(struct text *out, const struct pseudo_id *id)
{
    if (n_harts == 1)
        text_puts(out, "0\n");
    else
        text_printf(out, "0-%u\n", n_harts - 1);
    return 0;
}

static int kernel_max_show(struct text *out, const struct pseudo_id *id)
{
    text_printf(out, "%u\n", MAX_HARTS - 1);
    return 0;
}

static int nothing_show(struct text *out, const struct pseudo_id *id)
{
    text_puts(out, "\n");
    return 0;
}

static int huge_pages_show(struct text *out, const struct pseudo_id *id)
{
    text_puts(out, "always madvise [never]\n");
    return 0;
}

static int online_show(struct text *out, const struct pseudo_id *id)
{
    text_puts(out, "1\n");
    return 0;
}

#define FILE(file_name, fn)                                   \
    {                                                         \
        .name = file_name, .mode = S_IFREG | 0444, .show = fn \
    }
#define DIR(dir_name, table)                                        \
    {                                                               \
        .name = dir_name, .mode = S_IFDIR | 0555, .children = table \
    }

static const struct pseudo_entry empty_dir[] = {{0}};
static const struct pseudo_entry cpu_dir[] = {FILE("online", online_show), {0}};
static const struct pseudo_entry one_cpu = {.mode = S_IFDIR | 0555, .children = cpu_dir};

static int cpu_lookup(const struct pseudo_id *dir, const char *name, struct pseudo_child *out)
{
    u64 n;

    if (!str_starts_with(name, "cpu"))
        return -ENOENT;
    name += 3;
    if (str_to_u64(&name, 10, &n) || *name || n >= n_harts)
        return -ENOENT;
    out->entry = &one_cpu;
    out->id = (struct pseudo_id){n, 0};
    return 0;
}

static int cpu_next(const struct pseudo_id *dir, u64 cursor, struct pseudo_child *out)
{
    if (cursor >= n_harts)
        return -ENOENT;
    out->entry = &one_cpu;
    out->id = (struct pseudo_id){cursor, 0};
    ksnprintf(out->name, sizeof(out->name), "cpu%lu", cursor);
    out->cursor = cursor + 1;
    return 0;
}

static const struct pseudo_entry cpus_dir[] = {
    FILE("kernel_max", kernel_max_show), FILE("offline", nothing_show),
    FILE("online", cpus_show),           FILE("possible", cpus_show),
    FILE("present", cpus_show),          {0},
};
static const struct pseudo_entry system_dir[] = {
    {.name = "cpu",
     .mode = S_IFDIR | 0555,
     .children = cpus_dir,
     .lookup = cpu_lookup,
     .next = cpu_next},
    {0},
};
static const struct pseudo_entry devices_dir[] = {DIR("system", system_dir), {0}};
static const struct pseudo_entry thp_dir[] = {FILE("enabled", huge_pages_show), {0}};
static const struct pseudo_entry mm_dir[] = {DIR("transparent_hugepage", thp_dir), {0}};
static const struct pseudo_entry kernel_dir[] = {DIR("mm", mm_dir), {0}};
static const struct pseudo_entry root_dir[] = {
    DIR("block", empty_dir),
    DIR("bus", empty_dir),
    DIR("class", empty_dir),
    DIR("devices", devices_dir),
    DIR("fs", empty_dir),
    DIR("kernel", kernel_dir),
    {0},
};
static const struct pseudo_entry root = {.mode = S_IFDIR | 0555, .children = root_dir};

int sysfs_init(void)
{
    static struct pseudo_fs sysfs = {.name = "sysfs", .magic = SYSFS_MAGIC, .root = &root};

    return pseudo_register(&sysfs);
}
