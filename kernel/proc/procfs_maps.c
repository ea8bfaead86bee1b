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
#include <vm/mmap.h>

enum {
    NAME_COLUMN = 73,      /* where Linux puts the name of an area */
    COW_STATES_MAX = 4096, /* pages shown of one area */
    NAME_MAX_BYTES = 4096,
};

/* Sums over areas, in bytes. */
struct usage_sum {
    u64 rss, pss, pss_dirty, pss_anon, pss_file, pss_shmem;
    u64 shared_clean, shared_dirty, private_clean, private_dirty, anonymous, locked;
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

/* vma_usage counts pages; the proportional share is not split there. Pages of one area are
 * alike enough to split it by their numbers. */
static void usage_add(struct usage_sum *sum, const struct vma *vma)
{
    struct vma_usage u;

    vma_usage(vma, &u);
    u64 rss = max(u.rss, 1UL);
    u64 pss_anon = u.pss_shifted * u.anonymous / rss;
    u64 private = (u.private_clean + u.private_dirty) * PAGE_SIZE;
    u64 pss_shared = u.pss_shifted - min(u.pss_shifted, private);

    sum->rss += u.rss * PAGE_SIZE;
    sum->pss += u.pss_shifted; /* pages << 12: bytes */
    sum->pss_anon += pss_anon;
    *(vma->file ? &sum->pss_file : &sum->pss_shmem) += u.pss_shifted - pss_anon;
    sum->pss_dirty += u.private_dirty * PAGE_SIZE +
                      pss_shared * u.shared_dirty / max(u.shared_clean + u.shared_dirty, 1UL);
    sum->shared_clean += u.shared_clean * PAGE_SIZE;
    sum->shared_dirty += u.shared_dirty * PAGE_SIZE;
    sum->private_clean += u.private_clean * PAGE_SIZE;
    sum->private_dirty += u.private_dirty * PAGE_SIZE;
    sum->anonymous += u.anonymous * PAGE_SIZE;
    sum->locked += vma->flags & VMA_LOCKED ? u.pss_shifted : 0;
}

static void text_kb(struct text *out, const char *name, u64 bytes)
{
    int width = 24 - (int)strlen(name) - 1;

    text_printf(out, "%s:%*lu kB\n", name, width, bytes / KiB);
}

static void text_usage(struct text *out, const struct usage_sum *sum, bool is_rollup)
{
    static const char *const none[] = {
        "KSM",           "LazyFree",       "AnonHugePages",   "ShmemPmdMapped",
        "FilePmdMapped", "Shared_Hugetlb", "Private_Hugetlb", "Swap",
        "SwapPss"};

    text_kb(out, "Rss", sum->rss);
    text_kb(out, "Pss", sum->pss);
    text_kb(out, "Pss_Dirty", sum->pss_dirty);
    if (is_rollup) {
        text_kb(out, "Pss_Anon", sum->pss_anon);
        text_kb(out, "Pss_File", sum->pss_file);
        text_kb(out, "Pss_Shmem", sum->pss_shmem);
    }
    text_kb(out, "Shared_Clean", sum->shared_clean);
    text_kb(out, "Shared_Dirty", sum->shared_dirty);
    text_kb(out, "Private_Clean", sum->private_clean);
    text_kb(out, "Private_Dirty", sum->private_dirty);
    text_kb(out, "Referenced", sum->rss);
    text_kb(out, "Anonymous", sum->anonymous);
    for (size_t i = 0; i < ARRAY_SIZE(none); i++)
        text_kb(out, none[i], 0);
    text_kb(out, "Locked", sum->locked);
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

static void area_usage(struct text *out, struct vma *vma, void *arg)
{
    struct usage_sum sum = {0};

    area_line(out, vma, NULL);
    usage_add(&sum, vma);
    text_kb(out, "Size", vma->end - vma->start);
    text_kb(out, "KernelPageSize", PAGE_SIZE);
    text_kb(out, "MMUPageSize", PAGE_SIZE);
    text_usage(out, &sum, false);
    text_puts(out, "THPeligible:           0\n");
    text_flags(out, vma);
}

static int procfs_smaps(struct text *out, struct proc *proc, const struct pseudo_id *id)
{
    return areas_show(out, proc, area_usage, NULL);
}

struct rollup {
    vaddr_t start, end;
    struct usage_sum sum;
};

static void area_sum(struct text *out, struct vma *vma, void *arg)
{
    struct rollup *r = arg;

    r->start = r->end == 0 ? vma->start : r->start;
    r->end = vma->end;
    usage_add(&r->sum, vma);
}

static int procfs_rollup(struct text *out, struct proc *proc, const struct pseudo_id *id)
{
    struct rollup r = {0};
    int err = areas_show(out, proc, area_sum, &r);

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
