/* SPDX-License-Identifier: MIT */
/*
 * Descriptor tables: two bit maps (used, close-on-exec) and an array of files, first inside the
 * struct, then in blocks of twice the size.
 *
 * Locks: `lock` for everything but the count. A thread that is the only user of its table
 * may read it, and use a file in it, without the lock and without a reference: nobody else can
 * close it (fd_borrow). Others who hold a table for a look (/proc) only read.
 */
#include <vfs/fdtable.h>

#include <debug/assert.h>
#include <lib/bitmap.h>
#include <lib/string.h>
#include <linux/errno.h>
#include <linux/fcntl.h>
#include <linux/resource.h>
#include <mem/cache.h>
#include <sched/thread.h>
#include <sync/spinlock.h>
#include <vfs/inode.h>
#include <vfs/internal.h>
#include <vfs/lock.h>

#define INLINE_FDS 64

struct fdtable {
    u32 count; /* atomic */
    struct spinlock lock;
    u32 size;            /* lock: slots, a multiple of 64 */
    struct file **files; /* lock */
    u64 *used, *cloexec; /* lock */
    struct file *inline_files[INLINE_FDS];
    u64 inline_used, inline_cloexec;
};

static struct cache *fdtable_cache;

void fdtable_init(void)
{
    fdtable_cache = cache_create("fdtable", sizeof(struct fdtable));
}

int fdtable_create(struct fdtable **out)
{
    struct fdtable *t = cache_alloc(fdtable_cache);

    if (!t)
        return -ENOMEM;
    t->count = 1;
    spin_init(&t->lock, "fdtable");
    t->size = INLINE_FDS;
    t->files = t->inline_files;
    t->used = &t->inline_used;
    t->cloexec = &t->inline_cloexec;
    t->inline_used = 0;
    t->inline_cloexec = 0;
    *out = t;
    return 0;
}

/* Arrays for `size` slots, in one block: files, then both maps. */
static struct file **slots_alloc(u32 size)
{
    return mem_zalloc(size * sizeof(struct file *) + 2 * BITMAP_WORDS(size) * sizeof(u64));
}

static void slots_install_locked(struct fdtable *t, struct file **files, u32 size)
{
    u64 *used = (u64 *)(files + size), *cloexec = used + BITMAP_WORDS(size);

    assert(spin_is_held(&t->lock));
    memcpy(files, t->files, t->size * sizeof(*files));
    memcpy(used, t->used, BITMAP_WORDS(t->size) * sizeof(u64));
    memcpy(cloexec, t->cloexec, BITMAP_WORDS(t->size) * sizeof(u64));
    t->files = files;
    t->used = used;
    t->cloexec = cloexec;
    t->size = size;
}

/* Makes room for descriptor fd. */
static int table_grow(struct fdtable *t, u32 fd)
{
    u32 size = INLINE_FDS;
    struct file **files, **old;

    while (size <= fd)
        size *= 2;
    files = slots_alloc(size);
    if (!files)
        return -ENOMEM;
    spin_lock(&t->lock);
    old = t->files;
    if (size > t->size)
        slots_install_locked(t, files, size);
    else
        old = files; /* another thread was faster */
    spin_unlock(&t->lock);
    if (old != t->inline_files)
        mem_free(old);
    return 0;
}

static void copy_used_locked(struct fdtable *from, struct fdtable *to)
{
    assert(spin_is_held(&from->lock));
    for (u32 w = 0; w < from->size / 64; w++) {
        u64 bits = from->used[w];

        to->used[w] = bits;
        to->cloexec[w] = from->cloexec[w];
        for (u32 fd = w * 64; bits; bits >>= 1, fd++) { /* low numbers are the first in use */
            if (!(bits & 1))
                continue;
            to->files[fd] = from->files[fd];
            file_get(to->files[fd]);
        }
    }
}

int fdtable_copy(struct fdtable *from, struct fdtable **out)
{
    struct fdtable *t;
    int r = fdtable_create(&t);

    if (r)
        return r;
    for (;;) {
        spin_lock(&from->lock);
        if (t->size >= from->size) {
            copy_used_locked(from, t);
            spin_unlock(&from->lock);
            *out = t;
            return 0;
        }
        u32 size = from->size;
        spin_unlock(&from->lock);
        r = table_grow(t, size - 1);
        if (r) {
            fdtable_put(t);
            return r;
        }
    }
}

bool fdtable_is_shared(const struct fdtable *t)
{
    return __atomic_load_n(&t->count, __ATOMIC_RELAXED) > 1;
}

void fdtable_get(struct fdtable *t)
{
    __atomic_fetch_add(&t->count, 1, __ATOMIC_RELAXED);
}

/* What close(2) does to a file that has left the table. */
static void file_closed(struct fdtable *t, struct file *file)
{
    if (file->inode->locks)
        locks_drop_owner(file->inode, t);
    file_put(file);
}

void fdtable_put(struct fdtable *t)
{
    if (__atomic_fetch_sub(&t->count, 1, __ATOMIC_ACQ_REL) != 1)
        return;
    for (u32 w = 0; w < t->size / 64; w++) {
        u32 fd = w * 64;

        for (u64 bits = t->used[w]; bits; bits >>= 1, fd++)
            if (bits & 1)
                file_closed(t, t->files[fd]);
    }
    if (t->files != t->inline_files)
        mem_free(t->files);
    cache_free(fdtable_cache, t);
}

/* Takes fd out of the table; gives the table's reference, or NULL. */
static struct file *slot_take_locked(struct fdtable *t, u32 fd)
{
    struct file *file;

    assert(spin_is_held(&t->lock));
    if (fd >= t->size || !bitmap_test(t->used, fd))
        return NULL;
    file = t->files[fd];
    bitmap_clear(t->used, fd);
    bitmap_clear(t->cloexec, fd);
    return file;
}

static void slot_fill_locked(struct fdtable *t, u32 fd, struct file *file, bool cloexec)
{
    assert(spin_is_held(&t->lock));
    t->files[fd] = file;
    bitmap_set(t->used, fd);
    if (cloexec)
        bitmap_set(t->cloexec, fd);
    else
        bitmap_clear(t->cloexec, fd);
}

void fdtable_close_on_exec(struct fdtable *t)
{
    for (u32 w = 0; w < t->size / 64; w++) {
        while (t->cloexec[w]) {
            struct file *file;

            spin_lock(&t->lock);
            file = slot_take_locked(t, w * 64 + __builtin_ctzl(t->cloexec[w]));
            spin_unlock(&t->lock);
            if (file)
                file_closed(t, file);
        }
    }
}

struct file *fd_borrow(int fd, bool *put)
{
    struct fdtable *t = current->files;

    if (likely(__atomic_load_n(&t->count, __ATOMIC_ACQUIRE) == 1)) {
        *put = false;
        if ((u32)fd >= t->size || !bitmap_test(t->used, (u32)fd))
            return NULL;
        return t->files[fd]->flags & O_PATH ? NULL : t->files[fd];
    }
    *put = true;
    return fd_get(fd);
}

struct file *fdtable_get_file(struct fdtable *t, int fd)
{
    struct file *file = NULL;

    spin_lock(&t->lock);
    if ((u32)fd < t->size && bitmap_test(t->used, (u32)fd)) {
        file = t->files[fd];
        file_get(file);
    }
    spin_unlock(&t->lock);
    return file;
}

struct file *fd_get_any(int fd)
{
    return fdtable_get_file(current->files, fd);
}

struct file *fd_get(int fd)
{
    struct file *file = fd_get_any(fd);

    if (file && (file->flags & O_PATH)) {
        file_put(file);
        return NULL;
    }
    return file;
}

int fd_install(struct file *file, int min, bool cloexec)
{
    struct fdtable *t = current->files;
    u64 limit = vfs_rlimit(RLIMIT_NOFILE);

    for (;;) {
        u64 fd;
        int r;

        spin_lock(&t->lock);
        fd = (u32)min < t->size ? bitmap_find_clear(t->used, t->size, (u32)min) : (u32)min;
        if (fd >= limit || fd > INT32_MAX) {
            spin_unlock(&t->lock);
            return -EMFILE;
        }
        if (fd < t->size) {
            slot_fill_locked(t, (u32)fd, file, cloexec);
            spin_unlock(&t->lock);
            return (int)fd;
        }
        spin_unlock(&t->lock);
        r = table_grow(t, (u32)fd);
        if (r)
            return r;
    }
}

int fd_room(void)
{
    struct fdtable *t = current->files;
    u64 fd;

    spin_lock(&t->lock);
    fd = bitmap_find_clear(t->used, t->size, 0);
    spin_unlock(&t->lock);
    return fd < vfs_rlimit(RLIMIT_NOFILE) ? 0 : -EMFILE;
}

int fd_install_at(struct file *file, int fd, bool cloexec)
{
    struct fdtable *t = current->files;
    struct file *old;

    if (fd < 0 || (u64)fd >= vfs_rlimit(RLIMIT_NOFILE))
        return -EBADF;
    for (;;) {
        spin_lock(&t->lock);
        if ((u32)fd < t->size)
            break;
        spin_unlock(&t->lock);
        int r = table_grow(t, (u32)fd);
        if (r)
            return r;
    }
    old = slot_take_locked(t, (u32)fd);
    slot_fill_locked(t, (u32)fd, file, cloexec);
    spin_unlock(&t->lock);
    if (old)
        file_closed(t, old);
    return fd;
}

int fd_close(int fd)
{
    struct fdtable *t = current->files;
    struct file *file;

    spin_lock(&t->lock);
    file = slot_take_locked(t, (u32)fd);
    spin_unlock(&t->lock);
    if (!file)
        return -EBADF;
    file_closed(t, file);
    return 0;
}

int fd_get_cloexec(int fd)
{
    struct fdtable *t = current->files;
    int r = -EBADF;

    spin_lock(&t->lock);
    if ((u32)fd < t->size && bitmap_test(t->used, (u32)fd))
        r = bitmap_test(t->cloexec, (u32)fd);
    spin_unlock(&t->lock);
    return r;
}

int fd_set_cloexec(int fd, bool on)
{
    struct fdtable *t = current->files;
    int r = -EBADF;

    spin_lock(&t->lock);
    if ((u32)fd < t->size && bitmap_test(t->used, (u32)fd)) {
        if (on)
            bitmap_set(t->cloexec, (u32)fd);
        else
            bitmap_clear(t->cloexec, (u32)fd);
        r = 0;
    }
    spin_unlock(&t->lock);
    return r;
}

u32 fdtable_size(struct fdtable *t)
{
    return __atomic_load_n(&t->size, __ATOMIC_RELAXED);
}

int fdtable_next(struct fdtable *t, int from)
{
    u64 fd;

    spin_lock(&t->lock);
    fd = (u32)from < t->size ? bitmap_find_set(t->used, t->size, (u32)from) : t->size;
    if (fd >= t->size)
        fd = UINT64_MAX;
    spin_unlock(&t->lock);
    return fd == UINT64_MAX ? -1 : (int)fd;
}

void fdtable_for_each(struct fdtable *t,
                      bool (*fn)(void *arg, int fd, struct file *file, bool cloexec), void *arg)
{
    for (int fd = fdtable_next(t, 0); fd >= 0; fd = fdtable_next(t, fd + 1)) {
        struct file *file = fdtable_get_file(t, fd);
        bool more;

        if (!file)
            continue;
        more = fn(arg, fd, file, bitmap_test(t->cloexec, (u32)fd));
        file_put(file);
        if (!more)
            return;
    }
}
