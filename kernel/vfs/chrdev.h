/* SPDX-License-Identifier: MIT */
/* The character devices that drivers registered (vfs.h: chrdev_register). */
#pragma once

#include <vfs/vfs.h>

struct chrdev {
    struct chrdev *next;
    const char *name;
    u32 major, minor, mode;
    const struct file_ops *ops;
    void *priv;
};

struct chrdev *chrdev_first(void);
/* Called for each device registered from now on (devfs). */
void chrdev_on_register(void (*fn)(const struct chrdev *dev));
/* Every inode of a character device has these: opening finds the driver, or -ENXIO. */
extern const struct file_ops chrdev_file_ops;
