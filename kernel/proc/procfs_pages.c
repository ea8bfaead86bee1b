/* SPDX-License-Identifier: MIT */
/*
 * pagemap, kpagecount and kpageflags: which frame is behind a page, how often a frame is
 * mapped, and what it is used for. One 64-bit word per page or frame, at eight times its
 * number; the format is Linux's (Documentation/admin-guide/mm/pagemap.rst), so that its tools
 * work.
 *
 * What is read is true for one moment of one page. No reference is taken: struct page is never
 * freed. How often a frame is mapped is counted over the whole machine for each read() of
 * kpagecount (vm/census.c): who wants many words should ask for many at a time.
 */
#include <linux/errno.h>
#include <linux/kernel-page-flags.h>
#include <mem/kmap.h>
#include <mem/page.h>
#include <proc/procfs_internal.h>
#include <vfs/cred.h>
#include <vfs/file.h>
#include <vm/aspace.h>
#include <vm/usage.h>

#define WORD              sizeof(u64)
#define CHUNK             64u /* words at a time */

/* pagemap.rst, "/proc/pid/pagemap" */
#define PAGEMAP_EXCLUSIVE (1UL << 56)
#define PAGEMAP_FILE      (1UL << 61)
#define PAGEMAP_PRESENT   (1UL << 63)

/* Fills n words from number `first` on. 0 or -Exxx. */
typedef int words_fn(const void *arg, u64 first, u64 *words, size_t n);

static s64 words_read(struct iobuf *buf, u64 *pos, u64 end, words_fn *fill, const void *arg)
{
    u64 words[CHUNK];
    s64 total = 0;

    if (*pos % WORD || buf->left % WORD)
        return -EINVAL;
    while (buf->left > 0 && *pos / WORD < end) {
        size_t n = min(min(buf->left / WORD, (size_t)CHUNK), end - *pos / WORD);
        int err = fill(arg, *pos / WORD, words, n);

        if (err != 0)
            return total > 0 ? total : err;
        size_t moved = iobuf_put(buf, words, n * WORD);
        *pos += moved;
        total += (s64)moved;
        if (moved < n * WORD)
            return total > 0 ? total : -EFAULT;
    }
    return total;
}

/* ---- pagemap --------------------------------------------------------------------- */

static u64 pagemap_word(const struct mapped_page *page, bool with_number)
{
    if (!page->frame)
        return 0;
    return PAGEMAP_PRESENT | (page->frame->type == PAGE_FILE ? PAGEMAP_FILE : 0) |
           (page->is_exclusive ? PAGEMAP_EXCLUSIVE : 0) |
           (with_number ? page_to_pfn(page->frame) : 0);
}

/* Locks: as->lock for writing. */
static void pagemap_fill_locked(struct aspace *as, vaddr_t start, u64 *words, size_t n)
{
    bool with_numbers = cred_is_root(current->cred);
    vaddr_t end = start + n * PAGE_SIZE;
    struct mapped_page mapped[CHUNK];

    for (struct vma *vma = vma_find(as, start); vma && vma->start < end; vma = vma_next(vma)) {
        vaddr_t from = max(start, vma->start);
        size_t pages = (min(end, vma->end) - from) >> PAGE_SHIFT;
        u64 *word = words + ((from - start) >> PAGE_SHIFT);

        vma_mapped_pages(vma, from, mapped, pages);
        for (size_t i = 0; i < pages; i++)
            word[i] = pagemap_word(&mapped[i], with_numbers);
    }
}

static int pagemap_fill(const void *arg, u64 first, u64 *words, size_t n)
{
    const struct file *file = arg;
    struct proc *proc = procfs_proc_get(pseudo_id_of(file->inode));
    struct aspace *as = proc ? proc_aspace_get(proc) : NULL;

    for (size_t i = 0; i < n; i++)
        words[i] = 0;
    if (as) {
        rw_write_lock(&as->lock);
        pagemap_fill_locked(as, first << PAGE_SHIFT, words, n);
        rw_write_unlock(&as->lock);
        aspace_put(as);
    }
    if (proc)
        proc_put(proc);
    return as ? 0 : -ESRCH;
}

static s64 pagemap_read(struct file *file, struct iobuf *buf, u64 *pos)
{
    return words_read(buf, pos, USER_END >> PAGE_SHIFT, pagemap_fill, file);
}

static int pagemap_open(struct inode *inode, struct file *file)
{
    return procfs_may_look(pseudo_id_of(inode));
}

const struct file_ops procfs_pagemap_ops = {
    .open = pagemap_open, .read = pagemap_read, .lseek = dir_lseek};

/* ---- the machine's frames -------------------------------------------------------- */

static const struct page *frame_at(pfn_t pfn)
{
    return pfn >= page_first_pfn && pfn < page_end_pfn ? &page_array[pfn - page_first_pfn]
                                                       : NULL;
}

/* Of user memory; tables are counted too, but as a means only. */
static bool is_mappable(const struct page *page)
{
    return page->type == PAGE_ANON || page->type == PAGE_FILE;
}

static int count_fill(const void *census, u64 first, u64 *words, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        const struct page *page = frame_at(first + i);

        words[i] = page && is_mappable(page) ? census_maps(census, page) : 0;
    }
    return 0;
}

/* Some entry points to it. */
static bool is_mapped(const struct page *page)
{
    bool is_cached = page->type == PAGE_FILE && page->file.object;

    return is_mappable(page) && page_count(page) > (is_cached ? 1 : 0);
}

static u64 flags_of(const struct page *page)
{
    static const u64 by_type[PAGE_N_TYPES] = {
        [PAGE_FREE] = 1UL << KPF_BUDDY,
        [PAGE_SLAB] = 1UL << KPF_SLAB,
        [PAGE_TABLE] = 1UL << KPF_PGTABLE,
        [PAGE_ANON] = 1UL << KPF_ANON | 1UL << KPF_SWAPBACKED | 1UL << KPF_UPTODATE,
        [PAGE_FILE] = 1UL << KPF_SWAPBACKED,
    };

    if (!page)
        return 1UL << KPF_NOPAGE;
    if (page == zero_page)
        return 1UL << KPF_ZERO_PAGE;
    u64 flags = by_type[page->type];
    if (page->type == PAGE_FILE && (page->flags & PG_UPTODATE))
        flags |= 1UL << KPF_UPTODATE;
    if (page->type == PAGE_FILE && (page->flags & PG_DIRTY))
        flags |= 1UL << KPF_DIRTY;
    if (is_mapped(page))
        flags |= 1UL << KPF_MMAP;
    return flags;
}

static int flags_fill(const void *unused, u64 first, u64 *words, size_t n)
{
    for (size_t i = 0; i < n; i++)
        words[i] = flags_of(frame_at(first + i));
    return 0;
}

static s64 count_read(struct file *file, struct iobuf *buf, u64 *pos)
{
    struct census *census;
    int err = census_take(&census);

    if (err != 0)
        return err;
    s64 n = words_read(buf, pos, page_end_pfn, count_fill, census);
    census_drop(census);
    return n;
}

static s64 flags_read(struct file *file, struct iobuf *buf, u64 *pos)
{
    return words_read(buf, pos, page_end_pfn, flags_fill, NULL);
}

const struct file_ops procfs_kpagecount_ops = {.read = count_read, .lseek = dir_lseek};
const struct file_ops procfs_kpageflags_ops = {.read = flags_read, .lseek = dir_lseek};
