/* SPDX-License-Identifier: MIT */
/*
 * maps, smaps, smaps_rollup and cow: the areas of a process, and what is in them.
 *
 * as->lock is held for writing while an area is described, so areas hold still; the text grows
 * in kernel memory meanwhile, and the reader's memory is not touched.
 */
#include <lib/string.h>
#include <linux/errno.h>
#include <linux/mman.h>
#include <mem/cache.h>
#include <proc/procfs_internal.h>
#include <vfs/attr.h>
#include <vm/aspace.h>
#include <vm/usage.h>

enum {
    NAME_COLUMN = 73,      /* where Linux puts the name of an area */
    COW_STATES_MAX = 4096, /* pages shown of one area */
    NAME_MAX_BYTES = 4096,
};

typedef void area_fn(struct text *out, struct vma *vma, void *arg);

/* Calls fn for each area. Returns: 0, -ESRCH, -EACCES. */
static int areas_show(struct text *out, struct proc *proc, area_fn *fn, void *arg)
{
    if (!procfs_may_look_into(proc))
        return -EACCES;
    struct aspace *as = proc_aspace_get(proc);
    if (!as)
        return 0; /* a zombie, or about to be one: no areas */
    rw_write_lock(&as->lock);
    for (struct vma *vma = vma_find(as, 0); vma; vma = vma_next(vma))
        fn(out, vma, arg);
    rw_write_unlock(&as->lock);
    aspace_put(as);
    return 0;
}

/* ---- one line per area ----------------------------------------------------------- */

static void text_pad_to(struct text *out, size_t line_start, size_t column)
{
    do
        text_putc(out, ' ');
    while (out->error == 0 && out->len - line_start < column);
}

/* The name of a file with newlines as \012, as Linux has it in maps. */
static void text_file_name(struct text *out, const struct file *file)
{
    char *name = mem_alloc(NAME_MAX_BYTES);
    s64 n = name ? path_name(&file->path, name, NAME_MAX_BYTES) : -ENOMEM;

    for (s64 i = 0; i < n; i++) {
        if (name[i] == '\n')
            text_puts(out, "\\012");
        else
            text_putc(out, name[i]);
    }
    mem_free(name);
}

static void perms_of(const struct vma *vma, char perms[5])
{
    perms[0] = vma->prot & PROT_READ ? 'r' : '-';
    perms[1] = vma->prot & PROT_WRITE ? 'w' : '-';
    perms[2] = vma->prot & PROT_EXEC ? 'x' : '-';
    perms[3] = (vma->flags & (VMA_SHARED | VMA_SPECIAL)) == VMA_SHARED ? 's' : 'p';
    perms[4] = '\0';
}

static const char *special_name(const struct vma *vma)
{
    if (vma->flags & VMA_SPECIAL)
        return vma->prot & PROT_EXEC ? "[vdso]" : "[vvar]";
    if (vma->flags & VMA_HEAP)
        return "[heap]";
    if (vma->flags & VMA_STACK)
        return "[stack]";
    return NULL;
}

static void area_line(struct text *out, struct vma *vma, void *arg)
{
    const struct inode *inode = vma->file ? vma->file->inode : NULL;
    u64 offset = vma->file ? vma->pgoff << PAGE_SHIFT : 0;
    size_t start = out->len;
    char perms[5];

    perms_of(vma, perms);
    text_printf(out, "%08lx-%08lx %s %08lx %02x:%02x %lu ", vma->start, vma->end, perms, offset,
                inode ? dev_major(inode->sb->dev) : 0, inode ? dev_minor(inode->sb->dev) : 0,
                inode ? inode->ino : 0);
    if (vma->file) {
        text_pad_to(out, start, NAME_COLUMN);
        text_file_name(out, vma->file);
    } else if (special_name(vma)) {
        text_pad_to(out, start, NAME_COLUMN);
        text_puts(out, special_name(vma));
    }
    text_putc(out, '\n');
}

static int procfs_maps(struct text *out, struct proc *proc, const struct pseudo_id *id)
{
    return areas_show(out, proc, area_line, NULL);
}

/* ---- what is in it --------------------------------------------------------------- */

static void text_kb(struct text *out, const char *name, u64 bytes)
{
    int width = 24 - (int)strlen(name) - 1;

    text_printf(out, "%s:%*lu kB\n", name, width, bytes / KiB);
}

static void text_pages(struct text *out, const char *name, u64 pages)
{
    text_kb(out, name, pages * PAGE_SIZE);
}

static void text_usage(struct text *out, const struct vma_usage *u, bool is_rollup)
{
    static const char *const none[] = {
        "KSM",           "LazyFree",       "AnonHugePages",   "ShmemPmdMapped",
        "FilePmdMapped", "Shared_Hugetlb", "Private_Hugetlb", "Swap",
        "SwapPss"};

    text_pages(out, "Rss", u->rss);
    text_kb(out, "Pss", u->pss >> PSS_SHIFT);
    text_kb(out, "Pss_Dirty", u->pss_dirty >> PSS_SHIFT);
    if (is_rollup) {
        text_kb(out, "Pss_Anon", u->pss_anon >> PSS_SHIFT);
        text_kb(out, "Pss_File", u->pss_file >> PSS_SHIFT);
        text_kb(out, "Pss_Shmem", u->pss_shmem >> PSS_SHIFT);
    }
    text_pages(out, "Shared_Clean", u->shared_clean);
    text_pages(out, "Shared_Dirty", u->shared_dirty);
    text_pages(out, "Private_Clean", u->private_clean);
    text_pages(out, "Private_Dirty", u->private_dirty);
    text_pages(out, "Referenced", u->referenced);
    text_pages(out, "Anonymous", u->anonymous);
    for (size_t i = 0; i < ARRAY_SIZE(none); i++)
        text_kb(out, none[i], 0);
    text_kb(out, "Locked", u->pss_locked >> PSS_SHIFT);
}

static void text_flags(struct text *out, const struct vma *vma)
{
    const struct {
        bool is_set;
        const char *name;
    } flags[] = {
        {vma->prot & PROT_READ, "rd"},       {vma->prot & PROT_WRITE, "wr"},
        {vma->prot & PROT_EXEC, "ex"},       {vma->flags & VMA_SHARED, "sh"},
        {vma->max_prot & PROT_READ, "mr"},   {vma->max_prot & PROT_WRITE, "mw"},
        {vma->max_prot & PROT_EXEC, "me"},   {vma->flags & VMA_SHARED, "ms"},
        {vma->flags & VMA_GROWSDOWN, "gd"},  {vma->flags & VMA_LOCKED, "lo"},
        {vma->flags & VMA_DONTFORK, "dc"},   {vma->flags & VMA_NORESERVE, "nr"},
        {vma->flags & VMA_WIPEONFORK, "wf"},
    };

    text_puts(out, "VmFlags: ");
    for (size_t i = 0; i < ARRAY_SIZE(flags); i++) {
        if (flags[i].is_set)
            text_printf(out, "%s ", flags[i].name);
    }
    text_putc(out, '\n');
}

static void area_usage(struct text *out, struct vma *vma, void *census)
{
    struct vma_usage usage = {0};

    area_line(out, vma, NULL);
    vma_usage_add(vma, census, &usage);
    text_kb(out, "Size", vma->end - vma->start);
    text_kb(out, "KernelPageSize", PAGE_SIZE);
    text_kb(out, "MMUPageSize", PAGE_SIZE);
    text_usage(out, &usage, false);
    text_puts(out, "THPeligible:           0\n");
    text_flags(out, vma);
}

static int procfs_smaps(struct text *out, struct proc *proc, const struct pseudo_id *id)
{
    struct census *census;
    int err = procfs_may_look_into(proc) ? census_take(&census) : -EACCES;

    if (err != 0)
        return err;
    err = areas_show(out, proc, area_usage, census);
    census_drop(census);
    return err;
}

struct rollup {
    const struct census *census;
    vaddr_t start, end;
    struct vma_usage sum;
};

static void area_sum(struct text *out, struct vma *vma, void *arg)
{
    struct rollup *r = arg;

    r->start = r->end == 0 ? vma->start : r->start;
    r->end = vma->end;
    vma_usage_add(vma, r->census, &r->sum);
}

static int procfs_rollup(struct text *out, struct proc *proc, const struct pseudo_id *id)
{
    struct rollup r = {0};
    struct census *census;
    int err = procfs_may_look_into(proc) ? census_take(&census) : -EACCES;

    if (err != 0)
        return err;
    r.census = census;
    err = areas_show(out, proc, area_sum, &r);
    census_drop(census);
    if (err != 0 || r.end == 0)
        return err ? err : -ESRCH;
    text_printf(out, "%08lx-%08lx ---p 00000000 00:00 0 ", r.start, r.end);
    text_pad_to(out, 0, NAME_COLUMN);
    text_puts(out, "[rollup]\n");
    text_usage(out, &r.sum, true);
    return 0;
}

/* ---- cow: how each page stands --------------------------------------------------- */

static void area_states(struct text *out, struct vma *vma, void *arg)
{
    char *states = arg;
    u64 n_pages = (vma->end - vma->start) >> PAGE_SHIFT;
    u64 n = min(n_pages, (u64)COW_STATES_MAX);
    char perms[5];

    perms_of(vma, perms);
    vma_page_states(vma, vma->start, states, n);
    text_printf(out, "%lx-%lx %s ", vma->start, vma->end, perms);
    text_write(out, states, n);
    text_puts(out, n < n_pages ? "+\n" : "\n");
}

static int cow_counters(struct text *out, struct proc *proc)
{
    struct aspace *as = proc_aspace_get(proc);

    if (!as)
        return -ESRCH;
    text_printf(out, "fork_engine %s\n", aspace_engine_name(as));
    for (int i = 0; i < VM_N_EVENTS; i++)
        text_printf(out, "%s %lu\n", vm_event_names[i],
                    __atomic_load_n(&as->events[i], __ATOMIC_RELAXED));
    text_printf(out, "pt_reached %lu\npt_own %lu\n", aspace_n_tables(as),
                aspace_n_own_tables(as));
    aspace_put(as);
    return 0;
}

static int procfs_cow(struct text *out, struct proc *proc, const struct pseudo_id *id)
{
    int err = cow_counters(out, proc);
    char *states = err == 0 ? mem_alloc(COW_STATES_MAX) : NULL;

    if (err != 0)
        return err;
    if (!states)
        return -ENOMEM;
    err = areas_show(out, proc, area_states, states);
    mem_free(states);
    return err;
}

PROCFS_SHOW(procfs_maps);
PROCFS_SHOW(procfs_smaps);
PROCFS_SHOW(procfs_rollup);
PROCFS_SHOW(procfs_cow);
