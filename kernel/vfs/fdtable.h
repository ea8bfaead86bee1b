/* SPDX-License-Identifier: MIT */
/* The open file descriptors of a process; shared with CLONE_FILES. Grows up to RLIMIT_NOFILE.
 */
#pragma once

#include <lib/types.h>
#include <vfs/vfs.h>

struct fdtable; /* opaque */

int must_check fdtable_create(struct fdtable **out);
int must_check fdtable_copy(struct fdtable *from, struct fdtable **out);
void fdtable_get(struct fdtable *t);
void fdtable_put(struct fdtable *t); /* the last one closes all files. Sleeps. */
/* Does somebody else use it too? */
bool fdtable_is_shared(const struct fdtable *t);
void fdtable_close_on_exec(struct fdtable *t);

/* All of these work on current->files. */
/* The file behind fd with a reference, or NULL (-EBADF). Not for O_PATH descriptors. */
struct file *fd_get(int fd);
struct file *fd_get_any(int fd); /* O_PATH ones too */
/* As fd_get, for use within one system call: without a reference when nobody else can close
 * it. When *put is true the caller owes a file_put(). */
struct file *fd_borrow(int fd, bool *put);
/* Installs file at the lowest free descriptor >= min; takes over the caller's reference on
 * success. Returns fd, -EMFILE, -ENOMEM. */
int must_check fd_install(struct file *file, int min, bool cloexec);
/* Would fd_install() find a descriptor? 0, -EMFILE. For calls that change something first. */
int must_check fd_room(void);
int must_check fd_install_at(struct file *file, int fd, bool cloexec); /* dup2 */
int fd_close(int fd);                                                  /* 0, -EBADF */
int fd_get_cloexec(int fd);
int fd_set_cloexec(int fd, bool on);

/* For /proc: calls fn for each open descriptor of t, with a reference held during the call. */
void fdtable_for_each(struct fdtable *t,
                      bool (*fn)(void *arg, int fd, struct file *file, bool cloexec),
                      void *arg);
struct file *fdtable_get_file(struct fdtable *t, int fd); /* NULL: not open */
/* Every open descriptor is below it. */
u32 fdtable_size(struct fdtable *t);
/* The first open descriptor >= from, or -1. */
int fdtable_next(struct fdtable *t, int from);
