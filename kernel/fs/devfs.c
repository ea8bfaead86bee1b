/* SPDX-License-Identifier: MIT */
/*
 * The file system of devices: a tmpfs that exists once, in which the kernel makes a node for
 * each character device that a driver registers, and the few links and folders that programs
 * expect. Like any tmpfs it can be changed by root.
 */
#include <fs/devfs.h>

#include <debug/log.h>
#include <fs/tmpfs.h>
#include <lib/string.h>
#include <linux/errno.h>
#include <vfs/attr.h>
#include <vfs/chrdev.h>

static struct superblock *devfs;

/* Made without a walk: the file system need not be mounted anywhere. */
static int node_add(const char *text, u32 mode, u64 rdev, const char *target)
{
    struct inode *dir = devfs->root->inode, *inode;
    struct name name = {text, (u32)strlen(text)};
    struct dentry *d;
    int r;

    rw_write_lock(&devfs->names);
    r = dir->ops->create(dir, mode, rdev, target, &inode);
    if (!r) {
        r = dentry_create(devfs->root, &name, inode, &d);
        if (r)
            inode_put(inode);
    }
    if (!r) {
        if (S_ISDIR(mode)) {
            inode->nlink = 2;
            dir->nlink++;
        }
        dentry_hash(d);
        dentry_put(d);
    }
    rw_write_unlock(&devfs->names);
    return r;
}

static void device_add(const struct chrdev *dev)
{
    int r = node_add(dev->name, S_IFCHR | (dev->mode & 07777), dev_make(dev->major, dev->minor),
                     NULL);

    if (r)
        log_err("devfs: no node for %s: error %d\n", dev->name, -r);
}

int devfs_init(void)
{
    static struct fs_type type = {.name = "devtmpfs"};
    static const struct {
        const char *name, *target;
    } links[] = {{"fd", "/proc/self/fd"},
                 {"stdin", "/proc/self/fd/0"},
                 {"stdout", "/proc/self/fd/1"},
                 {"stderr", "/proc/self/fd/2"}};
    int r = tmpfs_create("devtmpfs", 0755, &devfs);

    if (r)
        return r;
    devfs->is_permanent = true;
    for (size_t i = 0; i < ARRAY_SIZE(links) && !r; i++)
        r = node_add(links[i].name, S_IFLNK | 0777, 0, links[i].target);
    if (!r)
        r = node_add("shm", S_IFDIR | 01777, 0, NULL);
    for (struct chrdev *dev = chrdev_first(); dev; dev = dev->next)
        device_add(dev);
    chrdev_on_register(device_add);
    type.sb = devfs;
    fs_register(&type);
    return r;
}
