/* SPDX-License-Identifier: MIT */
/* The locks of fcntl(2), apart from the rest of it. */
#pragma once

#include <vfs/vfs.h>

/* F_GETLK, F_SETLK, F_SETLKW and their OFD forms; `address` of a struct flock. */
long fcntl_lock(struct file *file, int cmd, u64 address);
