/* SPDX-License-Identifier: MIT */
/* A counter behind a descriptor: eventfd(2). */
#pragma once

#include <linux/fcntl.h>
#include <vfs/vfs.h>

/* eventfd(2); the headers that a kernel may include do not have them. */
#define EFD_SEMAPHORE 1
#define EFD_CLOEXEC   O_CLOEXEC
#define EFD_NONBLOCK  O_NONBLOCK

/* flags: EFD_SEMAPHORE, EFD_NONBLOCK. */
int must_check eventfd_create(u32 count, int flags, struct file **out);
