/* SPDX-License-Identifier: MIT */
/*
 * eventfd(2): writes add to a counter, a read takes it all (or one, with EFD_SEMAPHORE) and
 * waits while it is zero.
 *
 * Locks: the counter changes by compare-and-swap; the queues have their own.
 */
#include <ipc/eventfd.h>

#include <linux/errno.h>
#include <linux/fcntl.h>
#include <linux/poll.h>
#include <mem/cache.h>
#include <sched/wait.h>

#define COUNT_MAX (UINT64_MAX - 1)

struct eventfd {
    u64 count; /* atomic */
    bool is_semaphore;
    struct waitq read_wait, write_wait;
};

static u64 count_of(const struct eventfd *e)
{
    return __atomic_load_n(&e->count, __ATOMIC_ACQUIRE);
}

static bool try_take(struct eventfd *e, u64 *value)
{
    u64 count = count_of(e);

    do {
        if (count == 0)
            return false;
        *value = e->is_semaphore ? 1 : count;
    } while (!__atomic_compare_exchange_n(&e->count, &count, count - *value, false,
                                          __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE));
    return true;
}

static bool try_add(struct eventfd *e, u64 value)
{
    u64 count = count_of(e);

    do {
        if (value > COUNT_MAX - count)
            return false;
    } while (!__atomic_compare_exchange_n(&e->count, &count, count + value, false,
                                          __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE));
    return true;
}

static s64 eventfd_read(struct file *file, struct iobuf *buf, u64 *pos)
{
    struct eventfd *e = file->priv;
    u64 value;

    if (buf->left < sizeof(value))
        return -EINVAL;
    if (!try_take(e, &value)) {
        if (file->flags & O_NONBLOCK)
            return -EAGAIN;
        if (wait_event_interruptible(&e->read_wait, try_take(e, &value)))
            return -EINTR;
    }
    wake_all(&e->write_wait);
    return iobuf_put(buf, &value, sizeof(value)) == sizeof(value) ? (s64)sizeof(value)
                                                                  : -EFAULT;
}

static s64 eventfd_write(struct file *file, struct iobuf *buf, u64 *pos)
{
    struct eventfd *e = file->priv;
    u64 value;

    if (buf->left < sizeof(value))
        return -EINVAL;
    if (iobuf_take(buf, &value, sizeof(value)) < sizeof(value))
        return -EFAULT;
    if (value == UINT64_MAX)
        return -EINVAL;
    if (!try_add(e, value)) {
        if (file->flags & O_NONBLOCK)
            return -EAGAIN;
        if (wait_event_interruptible(&e->write_wait, try_add(e, value)))
            return -EINTR;
    }
    wake_all(&e->read_wait);
    return sizeof(value);
}

static u32 eventfd_poll(struct file *file, struct poll_table *table)
{
    struct eventfd *e = file->priv;
    u64 count;

    poll_wait(table, &e->read_wait);
    poll_wait(table, &e->write_wait);
    count = count_of(e);
    return (count ? POLLIN | POLLRDNORM : 0) | (count < COUNT_MAX ? POLLOUT | POLLWRNORM : 0);
}

static void eventfd_release(struct file *file)
{
    mem_free(file->priv);
}

static const struct file_ops eventfd_ops = {
    .read = eventfd_read,
    .write = eventfd_write,
    .poll = eventfd_poll,
    .release = eventfd_release,
};

int eventfd_create(u32 count, int flags, struct file **out)
{
    struct eventfd *e = mem_alloc(sizeof(*e));
    int r;

    if (!e)
        return -ENOMEM;
    e->count = count;
    e->is_semaphore = flags & EFD_SEMAPHORE;
    waitq_init(&e->read_wait);
    waitq_init(&e->write_wait);
    r = file_create_anon(&eventfd_ops, e, O_RDWR | (flags & O_NONBLOCK), 0600,
                         "anon_inode:[eventfd]", out);
    if (r)
        mem_free(e);
    return r;
}
