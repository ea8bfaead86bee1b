/* SPDX-License-Identifier: MIT */
/* Sets of watched files: epoll(7). */
#pragma once

#include <linux/eventpoll.h>
#include <vfs/vfs.h>

void epoll_init(void); /* at boot */
int must_check epoll_create(struct file **out);
/* EPOLL_CTL_*; -EINVAL if `ep` is no epoll file or would watch itself; -ELOOP for sets within
 * sets too deep. */
int must_check epoll_control(struct file *ep, int op, int fd, struct file *file,
                             const struct epoll_event *event);
/* Gives at most n events. Returns how many, 0 when the time is over (deadline; 0: never),
 * -EINTR. */
int epoll_wait_events(struct file *ep, struct epoll_event *events, int n, bool is_immediate,
                      nsec_t deadline);
bool file_is_epoll(const struct file *file);
