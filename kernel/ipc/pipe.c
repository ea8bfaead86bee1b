/* SPDX-License-Identifier: MIT */
/*
 * Pipes and fifos: a ring of bytes over pages that come when they are written and go when they
 * are read.
 *
 * `head` and `tail` count bytes for ever; head - tail is what can be read. A pipe that has been
 * read empty starts again at the beginning of its first page, which it keeps, so a ping-pong of
 * small messages allocates nothing and touches one page. Bytes are copied once on each side,
 * straight between user memory and the pages.
 *
 * PIPE-1 A write of at most PIPE_BUF bytes goes in whole, or waits, or fails: never in parts.
 * PIPE-2 A reader gets what is there and does not wait for more; a writer waits until all is
 *        in.
 * PIPE-3 Readers are woken when an empty pipe gets bytes or loses its last writer; writers when
 *        PIPE_BUF bytes are free again or the last reader left.
 *
 * Fifos use the same; their pipe hangs on the inode while somebody has it open. The two ends of
 * pipe(2) share an inode too, so /proc/PID/fd/N can be opened like a fifo.
 *
 * Locks: pipe->lock (sleeping: user memory is copied under it). inode->lock for inode->fifo.
 * The counts of ends are changed under pipe->lock and read without it by those about to sleep.
 */
#include <ipc/pipe.h>

#include <arch/riscv/page.h>
#include <asm/ioctls.h>
#include <debug/assert.h>
#include <lib/string.h>
#include <linux/errno.h>
#include <linux/fcntl.h>
#include <linux/limits.h>
#include <linux/poll.h>
#include <mem/cache.h>
#include <mem/kmap.h>
#include <mem/page.h>
#include <vfs/file.h>
#include <vm/uaccess.h>

#define DEFAULT_PAGES 16u
#define MAX_PAGES     256u /* without privilege, as fs.pipe-max-size */

struct pipe {
    struct mutex lock;
    u64 n_pages;  /* lock: a power of two */
    void **pages; /* lock: n_pages of them; NULL: not there now */
    void *default_pages[DEFAULT_PAGES];
    u64 head, tail;       /* lock for writing; read without by sleepers */
    u32 readers, writers; /* lock for writing; read without by sleepers */
    u32 n_opened_read,
        n_opened_write; /* lock: ever, so that a fifo's opener sees a short visit */
    u32 n_files;        /* inode->lock */
    struct waitq read_wait, write_wait;
};

static const struct file_ops fifo_ops;
static struct cache *pipe_cache;

static struct pipe *pipe_of(const struct file *file)
{
    return file->inode->fifo;
}

static u64 capacity(const struct pipe *p)
{
    return p->n_pages * PAGE_SIZE;
}

/* These need no lock. Who acts on what they say takes the lock first and looks again. */
static u64 used(const struct pipe *p)
{
    return __atomic_load_n(&p->head, __ATOMIC_RELAXED) -
           __atomic_load_n(&p->tail, __ATOMIC_RELAXED);
}

static u32 n_readers(const struct pipe *p)
{
    return __atomic_load_n(&p->readers, __ATOMIC_RELAXED);
}

static u32 n_writers(const struct pipe *p)
{
    return __atomic_load_n(&p->writers, __ATOMIC_RELAXED);
}

static bool can_read(const struct pipe *p)
{
    return used(p) > 0 || n_writers(p) == 0;
}

static bool can_write(const struct pipe *p, u64 need)
{
    return capacity(p) - used(p) >= need || n_readers(p) == 0;
}

static void **slot_of(struct pipe *p, u64 pos)
{
    return &p->pages[(pos / PAGE_SIZE) & (p->n_pages - 1)];
}

/* --- reading --- */

/* All of it is read: begin again in the first page, the only one that is kept. */
static void rewind_empty_locked(struct pipe *p)
{
    void **slot = slot_of(p, p->tail);

    if (slot != &p->pages[0] && *slot) {
        kfree(pa_to_page(va_to_pa(*slot)));
        *slot = NULL;
    }
    p->head = p->tail = 0;
}

/*
 * The page in this slot is read to its end, which is at pos. The writer may be in it again
 * already: the ring is full when head is in the same page as tail, before it.
 */
static void page_done_locked(struct pipe *p, void **slot, u64 pos)
{
    u64 next_lap = pos - PAGE_SIZE + capacity(p);

    if (slot == &p->pages[0] || p->head > next_lap)
        return; /* kept */
    kfree(pa_to_page(va_to_pa(*slot)));
    *slot = NULL;
}

static s64 pipe_take_locked(struct pipe *p, struct iobuf *buf)
{
    u64 begin = p->tail, tail = begin;
    u64 left = used(p);
    int err = 0;

    while (buf->left && left) {
        u64 in_page = tail & (PAGE_SIZE - 1);
        size_t n = min(min(left, buf->left), PAGE_SIZE - in_page), moved;
        void **slot = slot_of(p, tail);

        moved = iobuf_put(buf, (char *)*slot + in_page, n);
        tail += moved;
        left -= moved;
        if (moved < n) {
            err = -EFAULT;
            break;
        }
        if ((tail & (PAGE_SIZE - 1)) == 0)
            page_done_locked(p, slot, tail);
    }
    __atomic_store_n(&p->tail, tail, __ATOMIC_RELAXED);
    if (!left)
        rewind_empty_locked(p);
    return tail != begin ? (s64)(tail - begin) : err;
}

static s64 pipe_read(struct file *file, struct iobuf *buf, u64 *pos)
{
    struct pipe *p = pipe_of(file);
    bool wake = false;
    s64 r;

    if (!buf->left)
        return 0;
    mutex_lock(&p->lock);
    while (p->head == p->tail) {
        if (p->writers == 0) {
            mutex_unlock(&p->lock);
            return 0;
        }
        mutex_unlock(&p->lock);
        if (file->flags & O_NONBLOCK)
            return -EAGAIN;
        if (wait_event_interruptible(&p->read_wait, can_read(p)))
            return -EINTR;
        mutex_lock(&p->lock);
    }
    wake = capacity(p) - used(p) < PIPE_BUF;
    r = pipe_take_locked(p, buf);
    wake = wake && capacity(p) - used(p) >= PIPE_BUF;
    mutex_unlock(&p->lock);
    if (wake)
        wake_all(&p->write_wait);
    return r;
}

/* --- writing --- */

static int page_supply_locked(struct pipe *p, void **slot)
{
    struct page *page;

    if (*slot)
        return 0;
    page = kalloc(PAGE_KERNEL, 0);
    if (!page)
        return -ENOMEM;
    *slot = page_to_va(page);
    return 0;
}

/* Puts in what fits. */
static s64 pipe_put_locked(struct pipe *p, struct iobuf *buf)
{
    u64 begin = p->head, head = begin;
    u64 room = capacity(p) - used(p);
    int err = 0;

    while (buf->left && room) {
        u64 in_page = head & (PAGE_SIZE - 1);
        size_t n = min(min(room, buf->left), PAGE_SIZE - in_page), moved;
        void **slot = slot_of(p, head);

        err = page_supply_locked(p, slot);
        if (err)
            break;
        moved = iobuf_take(buf, (char *)*slot + in_page, n);
        head += moved;
        room -= moved;
        if (moved < n) {
            err = -EFAULT;
            break;
        }
    }
    __atomic_store_n(&p->head, head, __ATOMIC_RELAXED);
    return head != begin ? (s64)(head - begin) : err;
}

/* Waits until `need` bytes fit. Gives the lock back and takes it again. 0, -EAGAIN, -EINTR. */
static int wait_for_room(struct file *file, struct pipe *p, u64 need, bool *wake)
{
    int r = 0;

    mutex_unlock(&p->lock);
    if (*wake)
        wake_all(&p->read_wait);
    *wake = false;
    if (file->flags & O_NONBLOCK)
        r = -EAGAIN;
    else if (wait_event_interruptible(&p->write_wait, can_write(p, need)))
        r = -EINTR;
    mutex_lock(&p->lock);
    return r;
}

static s64 pipe_write(struct file *file, struct iobuf *buf, u64 *pos)
{
    struct pipe *p = pipe_of(file);
    u64 need = buf->left <= PIPE_BUF ? buf->left : 1; /* PIPE-1 */
    bool wake = false; /* readers, once the lock is free for them */
    s64 done = 0, r = 0;

    if (!buf->left)
        return 0;
    mutex_lock(&p->lock);
    while (buf->left && r >= 0) {
        if (p->readers == 0) {
            r = -EPIPE;
        } else if (capacity(p) - used(p) < need) {
            r = wait_for_room(file, p, need, &wake);
        } else {
            wake |= p->head == p->tail;
            r = pipe_put_locked(p, buf);
            done += max(r, (s64)0);
        }
    }
    mutex_unlock(&p->lock);
    if (wake)
        wake_all(&p->read_wait);
    return done ? done : r;
}

/* --- life --- */

static struct pipe *pipe_alloc(void)
{
    struct pipe *p = cache_zalloc(pipe_cache);

    if (!p)
        return NULL;
    mutex_init(&p->lock, "pipe");
    p->n_pages = DEFAULT_PAGES;
    p->pages = p->default_pages;
    waitq_init(&p->read_wait);
    waitq_init(&p->write_wait);
    return p;
}

static void pages_free(void **pages, u64 n)
{
    for (u64 i = 0; i < n; i++) {
        if (pages[i])
            kfree(pa_to_page(va_to_pa(pages[i])));
        pages[i] = NULL;
    }
}

static void pipe_free(struct pipe *p)
{
    pages_free(p->pages, p->n_pages);
    if (p->pages != p->default_pages)
        mem_free(p->pages);
    cache_free(pipe_cache, p);
}

static bool reads(const struct file *file)
{
    return (file->flags & O_ACCMODE) != O_WRONLY;
}

static bool writes(const struct file *file)
{
    return (file->flags & O_ACCMODE) != O_RDONLY;
}

/* Counts one end, and tells those who wait for it. */
static void end_add(struct pipe *p, bool reader, bool writer)
{
    mutex_lock(&p->lock);
    p->readers += reader;
    p->n_opened_read += reader;
    p->writers += writer;
    p->n_opened_write += writer;
    mutex_unlock(&p->lock);
    wake_all(&p->read_wait);
    wake_all(&p->write_wait);
}

static void end_remove(struct pipe *p, bool reader, bool writer)
{
    mutex_lock(&p->lock);
    p->readers -= reader;
    p->writers -= writer;
    mutex_unlock(&p->lock);
    if (writer && n_writers(p) == 0)
        wake_all(&p->read_wait);
    if (reader && n_readers(p) == 0)
        wake_all(&p->write_wait);
}

/* The inode's pipe, made if this is the first to open it. */
static int fifo_attach(struct inode *inode)
{
    int r = 0;

    mutex_lock(&inode->lock);
    if (!inode->fifo)
        inode->fifo = pipe_alloc();
    if (inode->fifo)
        inode->fifo->n_files++;
    else
        r = -ENOMEM;
    mutex_unlock(&inode->lock);
    return r;
}

static void fifo_detach(struct inode *inode)
{
    struct pipe *p = inode->fifo;

    mutex_lock(&inode->lock);
    if (--p->n_files == 0)
        inode->fifo = NULL;
    else
        p = NULL;
    mutex_unlock(&inode->lock);
    if (p)
        pipe_free(p);
}

static void pipe_release(struct file *file)
{
    end_remove(pipe_of(file), reads(file), writes(file));
    fifo_detach(file->inode);
}

/* Opening one end of a fifo waits for somebody at the other. */
static int wait_for_other_end(struct pipe *p, bool reader)
{
    u32 seen =
        __atomic_load_n(reader ? &p->n_opened_write : &p->n_opened_read, __ATOMIC_RELAXED);

    if (reader)
        return wait_event_interruptible(&p->read_wait,
                                        n_writers(p) || p->n_opened_write != seen);
    return wait_event_interruptible(&p->write_wait, n_readers(p) || p->n_opened_read != seen);
}

static int fifo_open(struct inode *inode, struct file *file)
{
    bool reader = reads(file), writer = writes(file), waits = reader != writer;
    struct pipe *p;
    int r = fifo_attach(inode);

    if (r)
        return r;
    p = inode->fifo;
    if (file->flags & O_NONBLOCK) {
        waits = false;
        if (!reader && n_readers(p) == 0) {
            fifo_detach(inode);
            return -ENXIO;
        }
    }
    end_add(p, reader, writer);
    if (waits && wait_for_other_end(p, reader)) {
        end_remove(p, reader, writer);
        fifo_detach(inode);
        return -EINTR;
    }
    return 0;
}

static int end_create(const struct path *path, int flags, struct file **out)
{
    int r = file_create(path, &fifo_ops, flags, out);

    if (r)
        return r;
    r = fifo_attach(path->dentry->inode);
    if (r) {
        (*out)->ops = &no_file_ops;
        file_put(*out);
        return r;
    }
    end_add(pipe_of(*out), reads(*out), writes(*out));
    return 0;
}

int pipe_create(int flags, struct file **read_end, struct file **write_end)
{
    struct path path;
    int r = anon_path_create(S_IFIFO | 0600, "pipe", &path);

    if (r)
        return r;
    path.dentry->inode->fops = &fifo_ops;
    r = end_create(&path, O_RDONLY | (flags & O_NONBLOCK), read_end);
    if (!r) {
        r = end_create(&path, O_WRONLY | (flags & O_NONBLOCK), write_end);
        if (r)
            file_put(*read_end);
    }
    path_put(&path);
    return r;
}

/* --- the rest --- */

static u32 pipe_poll(struct file *file, struct poll_table *table)
{
    struct pipe *p = pipe_of(file);
    u32 events = 0;

    if (reads(file)) {
        poll_wait(table, &p->read_wait);
        if (used(p))
            events |= POLLIN | POLLRDNORM;
        if (!writes(file) && n_writers(p) == 0 && p->n_opened_write)
            events |= POLLHUP;
    }
    if (writes(file)) {
        poll_wait(table, &p->write_wait);
        if (capacity(p) - used(p) >= PIPE_BUF)
            events |= POLLOUT | POLLWRNORM;
        if (n_readers(p) == 0)
            events |= POLLERR;
    }
    return events;
}

static s64 pipe_ioctl(struct file *file, u32 cmd, u64 arg)
{
    s32 n;

    if (cmd != FIONREAD)
        return -ENOTTY;
    n = (s32)used(pipe_of(file));
    return copyout(arg, &n, sizeof(n));
}

s64 pipe_get_size(struct file *file)
{
    return file->ops == &fifo_ops ? (s64)capacity(pipe_of(file)) : -EBADF;
}

/* Moves what is in the pipe to an array of another size. */
static int resize_locked(struct pipe *p, u64 n_pages, void **pages)
{
    u64 first = p->tail & ~(PAGE_SIZE - 1);
    u64 n_used = (p->head - first + PAGE_SIZE - 1) / PAGE_SIZE;
    bool shares_page = n_used > p->n_pages; /* the oldest and the newest bytes are in one */

    assert(mutex_is_held(&p->lock));
    if (n_used > n_pages)
        return -EBUSY;
    if (shares_page) {
        if (page_supply_locked(p, &pages[n_used - 1]))
            return -ENOMEM;
        memcpy(pages[n_used - 1], *slot_of(p, first), PAGE_SIZE);
        n_used--;
    }
    /* commit */
    for (u64 i = 0; i < n_used; i++) {
        void **slot = slot_of(p, first + i * PAGE_SIZE);

        pages[i] = *slot;
        *slot = NULL;
    }
    pages_free(p->pages, p->n_pages);
    if (p->pages != p->default_pages)
        mem_free(p->pages);
    p->pages = pages;
    p->n_pages = n_pages;
    p->head -= first;
    p->tail -= first;
    return 0;
}

s64 pipe_set_size(struct file *file, u64 size)
{
    struct pipe *p;
    u64 n_pages = 1;
    void **pages;
    int r;

    if (file->ops != &fifo_ops)
        return -EBADF;
    if (size == 0 || size > (1u << 30))
        return -EINVAL;
    while (n_pages * PAGE_SIZE < size)
        n_pages *= 2;
    if (n_pages > MAX_PAGES && current->cred && !cred_is_root(current->cred))
        return -EPERM;
    pages = mem_zalloc(n_pages * sizeof(*pages));
    if (!pages)
        return -ENOMEM;
    p = pipe_of(file);
    mutex_lock(&p->lock);
    r = resize_locked(p, n_pages, pages);
    mutex_unlock(&p->lock);
    if (r) {
        mem_free(pages);
        return r;
    }
    wake_all(&p->write_wait);
    return (s64)(n_pages * PAGE_SIZE);
}

static const struct file_ops fifo_ops = {
    .read = pipe_read,
    .write = pipe_write,
    .poll = pipe_poll,
    .ioctl = pipe_ioctl,
    .open = fifo_open,
    .release = pipe_release,
};

void pipe_init(void)
{
    pipe_cache = cache_create("pipe", sizeof(struct pipe));
    vfs_fifo_ops = &fifo_ops;
}
