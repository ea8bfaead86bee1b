/* SPDX-License-Identifier: MIT */
/*
 * The bytes of regular files, which live in the pages of inode->object, the same that mmap(2)
 * shows.
 *
 * Reading takes no lock: it looks at the size, holds each page while it copies, and a page that
 * is not there in a file system that lives in memory is a hole, which reads as zeroes and stays
 * a hole. Writing and truncating hold inode->lock. The size grows only after the bytes are
 * there, so no reader sees anything else.
 */
#include <vfs/file.h>

#include <arch/riscv/page.h>
#include <debug/assert.h>
#include <lib/string.h>
#include <linux/errno.h>
#include <linux/falloc.h>
#include <linux/fcntl.h>
#include <linux/fs.h>
#include <linux/resource.h>
#include <mem/kmap.h>
#include <mem/page.h>
#include <vfs/attr.h>
#include <vfs/internal.h>

#define MAX_FILE_SIZE ((u64)INT64_MAX & ~(PAGE_SIZE - 1))
#define RESERVE_PAGES 256 /* files leave so much memory to the rest of the kernel */

/* The page for reading; *out stays NULL for a hole. */
static int page_for_read(struct inode *inode, u64 index, struct page **out)
{
    struct vm_object *object = inode->object;
    int r;

    *out = object_find(object, index);
    if (*out || inode->sb->is_ram)
        return 0;
    r = object->ops->get_page(object, index, out);
    return r == -ERANGE ? 0 : r; /* truncated meanwhile */
}

static s64 page_read(struct inode *inode, struct iobuf *buf, u64 pos, size_t n)
{
    struct page *page;
    size_t moved;
    int r = page_for_read(inode, pos >> PAGE_SHIFT, &page);

    if (r)
        return r;
    if (!page)
        return (s64)iobuf_put_zero(buf, n);
    moved = iobuf_put(buf, (char *)page_to_va(page) + (pos & ~PAGE_MASK), n);
    kfree(page);
    return (s64)moved;
}

s64 data_read(struct file *file, struct iobuf *buf, u64 *pos)
{
    struct inode *inode = file->inode;
    s64 done = 0;

    file_accessed(file);
    while (buf->left) {
        u64 size = inode_size(inode);
        size_t n;
        s64 r;

        if (*pos >= size)
            break;
        n = min(buf->left, PAGE_SIZE - (*pos & ~PAGE_MASK));
        n = min(n, size - *pos);
        r = page_read(inode, buf, *pos, n);
        if (r > 0) {
            *pos += (u64)r;
            done += r;
        }
        if (r < (s64)n)
            return done ? done : r < 0 ? r : -EFAULT;
        if (done >= (s64)(64 * PAGE_SIZE))
            sched_point();
    }
    return done;
}

/* The page for writing `n` bytes at `pos`, created if needed. */
static int page_for_write(struct inode *inode, u64 index, bool whole, struct page **out)
{
    struct vm_object *object = inode->object;
    int r;

    *out = object_find(object, index);
    if (*out)
        return 0;
    if (!mem_has_free(RESERVE_PAGES))
        return -ENOSPC;
    if (inode->sb->is_ram || whole || index << PAGE_SHIFT >= inode_size(inode)) {
        r = object_find_or_zero(object, index, out);
        return r == -ENOMEM ? -ENOSPC : r;
    }
    return object->ops->get_page(object, index, out);
}

/* Writes within one page; extends the file by what arrived. Locks: inode->lock. */
static s64 page_write_locked(struct inode *inode, struct iobuf *buf, u64 pos, size_t n)
{
    struct vm_object *object = inode->object;
    struct page *page;
    size_t moved;
    int r;

    assert(mutex_is_held(&inode->lock));
    r = page_for_write(inode, pos >> PAGE_SHIFT, n == PAGE_SIZE, &page);
    if (r)
        return r;
    moved = iobuf_take(buf, (char *)page_to_va(page) + (pos & ~PAGE_MASK), n);
    if (moved && object->ops->page_dirtied)
        object->ops->page_dirtied(object, page);
    kfree(page);
    if (moved && pos + moved > inode_size(inode))
        __atomic_store_n(&object->size, pos + moved, __ATOMIC_RELEASE);
    return (s64)moved;
}

/* How much of n bytes may be written at pos. */
static int write_limit(u64 pos, size_t *n)
{
    u64 limit = min(vfs_rlimit(RLIMIT_FSIZE), MAX_FILE_SIZE);

    if (*n == 0)
        return 0;
    if (pos >= limit)
        return -EFBIG;
    *n = min(*n, limit - pos);
    return 0;
}

static s64 data_write_locked(struct inode *inode, struct iobuf *buf, u64 *pos, size_t left)
{
    s64 done = 0;

    while (left) {
        size_t n = min(left, PAGE_SIZE - (*pos & ~PAGE_MASK));
        s64 r = page_write_locked(inode, buf, *pos, n);

        if (r > 0) {
            *pos += (u64)r;
            done += r;
            left -= (size_t)r;
        }
        if (r < (s64)n)
            return done ? done : r < 0 ? r : -EFAULT;
    }
    return done;
}

s64 data_write(struct file *file, struct iobuf *buf, u64 *pos)
{
    struct inode *inode = file->inode;
    size_t n = buf->left;
    s64 r;

    mutex_lock(&inode->lock);
    if (file->flags & O_APPEND)
        *pos = inode_size(inode);
    r = write_limit(*pos, &n);
    if (!r && n) {
        if (caller_cred()->fsuid != 0)
            inode_drop_suid(inode);
        r = data_write_locked(inode, buf, pos, n);
        inode_touch(inode);
    }
    mutex_unlock(&inode->lock);
    return r;
}

static s64 seek_data_or_hole(struct file *file, s64 offset, int whence)
{
    struct inode *inode = file->inode;
    u64 size = inode_size(inode), at = (u64)offset, index;

    if (offset < 0 || at >= size)
        return -ENXIO;
    if (whence == SEEK_DATA) {
        index = inode->sb->is_ram ? object_next_resident(inode->object, at >> PAGE_SHIFT)
                                  : at >> PAGE_SHIFT;
        if (index >= (size + PAGE_SIZE - 1) >> PAGE_SHIFT)
            return -ENXIO;
        at = max(at, index << PAGE_SHIFT);
    } else {
        index = at >> PAGE_SHIFT;
        while (index << PAGE_SHIFT < size &&
               (!inode->sb->is_ram || object_next_resident(inode->object, index) == index))
            index++;
        at = min(max(at, index << PAGE_SHIFT), size);
    }
    file->pos = at;
    return (s64)at;
}

s64 data_lseek(struct file *file, s64 offset, int whence)
{
    s64 r = -EINVAL;

    mutex_lock(&file->pos_lock);
    if (whence == SEEK_SET)
        r = lseek_to(file, 0, offset, INT64_MAX);
    else if (whence == SEEK_CUR)
        r = lseek_to(file, file->pos, offset, INT64_MAX);
    else if (whence == SEEK_END)
        r = lseek_to(file, inode_size(file->inode), offset, INT64_MAX);
    else if (whence == SEEK_DATA || whence == SEEK_HOLE)
        r = seek_data_or_hole(file, offset, whence);
    mutex_unlock(&file->pos_lock);
    return r;
}

int vfs_truncate(struct inode *inode, u64 size)
{
    int r;

    if (S_ISDIR(inode->mode))
        return -EISDIR;
    if (!S_ISREG(inode->mode) || !inode->ops->truncate || size > INT64_MAX)
        return -EINVAL;
    if (size > inode_size(inode) && size > min(vfs_rlimit(RLIMIT_FSIZE), MAX_FILE_SIZE))
        return -EFBIG;
    r = inode_begin_write(inode);
    if (r)
        return r;
    mutex_lock(&inode->lock);
    r = inode->ops->truncate(inode, size);
    if (!r) {
        if (caller_cred()->fsuid != 0)
            inode_drop_suid(inode);
        inode_touch(inode);
    }
    mutex_unlock(&inode->lock);
    inode_end_write(inode);
    return r;
}

/* Zeroes [from, to) within one page, if the page is there. */
static void zero_within_page(struct inode *inode, u64 from, u64 to)
{
    struct page *page = object_find(inode->object, from >> PAGE_SHIFT);

    if (!page)
        return;
    memset((char *)page_to_va(page) + (from & ~PAGE_MASK), 0, to - from);
    kfree(page);
}

static void punch_hole_locked(struct inode *inode, u64 from, u64 to)
{
    u64 first = (from + PAGE_SIZE - 1) >> PAGE_SHIFT, last = to >> PAGE_SHIFT;

    assert(mutex_is_held(&inode->lock));
    if (from >= to)
        return;
    if (first > last) {
        zero_within_page(inode, from, to);
        return;
    }
    if (from & ~PAGE_MASK)
        zero_within_page(inode, from, first << PAGE_SHIFT);
    if (first < last)
        object_drop_range(inode->object, first, last);
    if (to & ~PAGE_MASK)
        zero_within_page(inode, last << PAGE_SHIFT, to);
}

static int reserve_locked(struct inode *inode, u64 from, u64 to)
{
    for (u64 i = from >> PAGE_SHIFT; i << PAGE_SHIFT < to; i++) {
        struct page *page;
        int r = page_for_write(inode, i, false, &page);

        if (r)
            return r;
        kfree(page);
    }
    return 0;
}

int data_allocate(struct inode *inode, int mode, u64 offset, u64 length)
{
    u64 end;
    int r = 0;

    if (length == 0 || __builtin_add_overflow(offset, length, &end))
        return -EINVAL;
    if (mode & ~(FALLOC_FL_KEEP_SIZE | FALLOC_FL_PUNCH_HOLE))
        return -EOPNOTSUPP;
    if (mode == FALLOC_FL_PUNCH_HOLE)
        return -EOPNOTSUPP; /* must come with KEEP_SIZE */
    if (end > MAX_FILE_SIZE)
        return -EFBIG;
    if (!(mode & FALLOC_FL_KEEP_SIZE) && end > inode_size(inode) &&
        end > vfs_rlimit(RLIMIT_FSIZE))
        return -EFBIG;
    mutex_lock(&inode->lock);
    if (mode & FALLOC_FL_PUNCH_HOLE)
        punch_hole_locked(inode, offset, min(end, align_up(inode_size(inode), PAGE_SIZE)));
    else
        r = reserve_locked(inode, offset, end);
    if (!r && !(mode & FALLOC_FL_KEEP_SIZE) && end > inode_size(inode))
        __atomic_store_n(&inode->object->size, end, __ATOMIC_RELEASE);
    if (!r)
        inode_touch(inode);
    mutex_unlock(&inode->lock);
    return r;
}

const struct file_ops data_file_ops = {
    .read = data_read,
    .write = data_write,
    .lseek = data_lseek,
};
