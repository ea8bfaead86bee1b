/* SPDX-License-Identifier: MIT */
/* Pipes and fifos. */
#pragma once

#include <vfs/vfs.h>

struct pipe;

void pipe_init(void); /* at boot: fifos in file systems work from then on */
/* Both ends of a new pipe; flags: O_NONBLOCK, O_DIRECT is refused. 0, -ENOMEM. */
int must_check pipe_create(int flags, struct file **read_end, struct file **write_end);
/* The capacity in bytes; -EBADF if the file is no pipe. */
s64 pipe_get_size(struct file *file);
/* At least `size` bytes. Returns the new capacity, -EBUSY (holds more), -EPERM, -ENOMEM,
 * -EINVAL. */
s64 pipe_set_size(struct file *file, u64 size);
