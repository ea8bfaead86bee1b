/* SPDX-License-Identifier: MIT */
/* The file system of devices ("devtmpfs"): one for the whole machine. */
#pragma once

#include <vfs/inode.h>

int must_check devfs_init(void);
/* null, zero, full, random, urandom, kmsg */
int must_check memdev_init(void);
