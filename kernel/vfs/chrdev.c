/* SPDX-License-Identifier: MIT */
/*
 * Character devices by number. Opening a node looks the driver up and hands the file over to
 * it.
 *
 * The list only grows, at its end, so readers need no lock.
 */
#include <vfs/chrdev.h>

#include <linux/errno.h>
#include <mem/cache.h>
#include <sync/spinlock.h>
#include <vfs/attr.h>
#include <vfs/inode.h>

static struct spinlock register_lock = SPINLOCK_INIT("chrdev");
static struct chrdev *devices;
static void (*announce)(const struct chrdev *dev);

int chrdev_register(const char *name, u32 major, u32 minor, u32 mode,
                    const struct file_ops *ops, void *priv)
{
    struct chrdev *dev = mem_alloc(sizeof(*dev)), **at;

    if (!dev)
        return -ENOMEM;
    *dev = (struct chrdev){NULL, name, major, minor, mode, ops, priv};
    spin_lock(&register_lock);
    for (at = &devices; *at;)
        at = &(*at)->next;
    __atomic_store_n(at, dev, __ATOMIC_RELEASE);
    spin_unlock(&register_lock);
    if (announce)
        announce(dev);
    return 0;
}

struct chrdev *chrdev_first(void)
{
    return __atomic_load_n(&devices, __ATOMIC_ACQUIRE);
}

void chrdev_on_register(void (*fn)(const struct chrdev *dev))
{
    announce = fn;
}

static int chrdev_open(struct inode *inode, struct file *file)
{
    struct chrdev *dev = chrdev_first();

    while (dev &&
           (dev->major != dev_major(inode->rdev) || dev->minor != dev_minor(inode->rdev)))
        dev = __atomic_load_n(&dev->next, __ATOMIC_ACQUIRE);
    if (!dev)
        return -ENXIO;
    file->ops = dev->ops;
    file->priv = dev->priv;
    return dev->ops->open ? dev->ops->open(inode, file) : 0;
}

const struct file_ops chrdev_file_ops = {.open = chrdev_open};
