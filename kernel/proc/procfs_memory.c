/* SPDX-License-Identifier: MIT */
/*
 * meminfo, vmstat, slabinfo: where the memory is.
 *
 * The frame allocator knows what each frame is used for, so the lines add up: MemTotal is free
 * + anonymous + file + slab + page tables + the kernel's own. There is no swap and nothing is
 * reclaimed, so lines about that are zero; they are printed because programs look for them.
 */
#include <mem/cache.h>
#include <mem/page.h>
#include <proc/procfs_internal.h>
#include <vm/aspace.h>
#include <vm/stats.h>

struct memory_now {
    u64 total, free, anon, file, mapped, slab, tables, stacks;
};

/* File pages that some process maps: counted once for each that does, but never more than
 * there are. */
static u64 mapped_pages(u64 limit)
{
    u64 sum = 0;
    u32 next = 1;

    for (struct proc *proc; (proc = proc_next_get(next)); proc_put(proc)) {
        struct aspace *as = proc_aspace_get(proc);

        next = proc_id(proc) + 1;
        if (!as)
            continue;
        sum += aspace_rss(as, RSS_FILE) + aspace_rss(as, RSS_SHMEM);
        aspace_put(as);
    }
    return min(sum, limit);
}

static struct memory_now memory_now(void)
{
    struct mem_stats s;

    mem_stats_read(&s);
    return (struct memory_now){
        .total = s.total_pages - s.by_type[PAGE_RESERVED],
        .free = s.free_pages,
        .anon = s.by_type[PAGE_ANON],
        .file = s.by_type[PAGE_FILE],
        .mapped = mapped_pages(s.by_type[PAGE_FILE]),
        .slab = s.by_type[PAGE_SLAB],
        .tables = s.by_type[PAGE_TABLE],
        .stacks = proc_n_threads() * (KSTACK_SIZE / PAGE_SIZE),
    };
}

/* ---- meminfo --------------------------------------------------------------------- */

struct line {
    const char *name;
    u64 pages;
};

static void lines_kb(struct text *out, const struct line *lines, size_t n)
{
    for (size_t i = 0; i < n; i++)
        text_printf(out, "%-16s%8lu kB\n", lines[i].name, lines[i].pages * (PAGE_SIZE / KiB));
}

int procfs_meminfo_show(struct text *out, const struct pseudo_id *id)
{
    struct memory_now m = memory_now();
    const struct line lines[] = {
        {"MemTotal:", m.total},
        {"MemFree:", m.free},
        {"MemAvailable:", m.free},
        {"Buffers:", 0},
        {"Cached:", m.file},
        {"SwapCached:", 0},
        {"Active:", m.anon + m.file},
        {"Inactive:", 0},
        {"Active(anon):", m.anon + m.file},
        {"Inactive(anon):", 0},
        {"Active(file):", 0},
        {"Inactive(file):", 0},
        {"Unevictable:", 0},
        {"Mlocked:", 0},
        {"SwapTotal:", 0},
        {"SwapFree:", 0},
        {"Dirty:", 0},
        {"Writeback:", 0},
        {"AnonPages:", m.anon},
        {"Mapped:", m.mapped},
        {"Shmem:", m.file},
        {"KReclaimable:", 0},
        {"Slab:", m.slab},
        {"SReclaimable:", 0},
        {"SUnreclaim:", m.slab},
        {"KernelStack:", m.stacks},
        {"PageTables:", m.tables},
        {"CommitLimit:", m.total},
        {"Committed_AS:", m.anon + m.file},
    };

    lines_kb(out, lines, ARRAY_SIZE(lines));
    return 0;
}

/* ---- vmstat ---------------------------------------------------------------------- */

static u64 faults(void)
{
    static const enum vm_event kinds[] = {VM_REUSED,      VM_COPIED,      VM_ZERO_FILLED,
                                          VM_ZERO_MAPPED, VM_FILE_MAPPED, VM_SPURIOUS};
    u64 sum = 0;

    for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
        sum += vm_event_total(kinds[i]);
    return sum - vm_event_total(VM_AHEAD);
}

int procfs_vmstat_show(struct text *out, const struct pseudo_id *id)
{
    struct memory_now m = memory_now();
    const struct line lines[] = {
        {"nr_free_pages", m.free},
        {"nr_anon_pages", m.anon},
        {"nr_mapped", m.mapped},
        {"nr_file_pages", m.file},
        {"nr_dirty", 0},
        {"nr_writeback", 0},
        {"nr_shmem", m.file},
        {"nr_slab_reclaimable", 0},
        {"nr_slab_unreclaimable", m.slab},
        {"nr_kernel_stack", m.stacks * (PAGE_SIZE / KiB)},
        {"nr_page_table_pages", m.tables},
        {"pgpgin", 0},
        {"pgpgout", 0},
        {"pswpin", 0},
        {"pswpout", 0},
        {"pgfault", faults()},
        {"pgmajfault", 0},
        {"oom_kill", oom_n_killed()},
    };

    for (size_t i = 0; i < ARRAY_SIZE(lines); i++)
        text_printf(out, "%s %lu\n", lines[i].name, lines[i].pages);
    for (int i = 0; i < VM_N_EVENTS; i++)
        text_printf(out, "%s %lu\n", vm_event_names[i], vm_event_total(i));
    return 0;
}

/* ---- slabinfo, swaps ------------------------------------------------------------- */

static void slab_line(void *arg, const char *name, size_t size, u64 live, u64 frames)
{
    u64 per_slab = max(PAGE_SIZE / size, 1UL);

    text_printf(
        arg, "%-17s %6lu %6lu %6lu %4lu %4d : tunables %4d %4d %4d : slabdata %6lu %6lu %6d\n",
        name, live, frames * per_slab, size, per_slab, 1, 0, 0, 0, frames, frames, 0);
}

int procfs_slabinfo_show(struct text *out, const struct pseudo_id *id)
{
    text_puts(out, "slabinfo - version: 2.1\n"
                   "# name            <active_objs> <num_objs> <objsize> <objperslab> "
                   "<pagesperslab> : tunables <limit> <batchcount> <sharedfactor> : "
                   "slabdata <active_slabs> <num_slabs> <sharedavail>\n");
    cache_for_each(slab_line, out);
    return 0;
}

int procfs_swaps_show(struct text *out, const struct pseudo_id *id)
{
    text_puts(out, "Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n");
    return 0;
}
