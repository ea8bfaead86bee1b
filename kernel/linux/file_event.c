/* SPDX-License-Identifier: MIT */
/* System calls whose descriptors are no files of a tree: eventfd, epoll, memfd. */
#include <linux/syscall.h>

#include <fs/tmpfs.h>
#include <ipc/epoll.h>
#include <ipc/eventfd.h>
#include <lib/string.h>
#include <linux/errno.h>
#include <linux/fcntl.h>
#include <linux/file.h>
#include <linux/file_poll.h>
#include <linux/memfd.h>
#include <mem/cache.h>
#include <proc/signal.h>
#include <sched/timer.h>
#include <vfs/fdtable.h>
#include <vm/uaccess.h>

#define NAME_MAX_MEMFD 249
#define EVENTS_MAX     (INT32_MAX / (int)sizeof(struct epoll_event))
#define EVENTS_AT_ONCE 128 /* more are given by the next call */

static long install(struct file *file, bool cloexec)
{
    int fd = fd_install(file, 0, cloexec);

    if (fd < 0)
        file_put(file);
    return fd;
}

long sys_eventfd2(u64 count, u64 flags)
{
    struct file *file;
    int r;

    if ((u32)flags & ~(u32)(EFD_CLOEXEC | EFD_NONBLOCK | EFD_SEMAPHORE))
        return -EINVAL;
    r = eventfd_create((u32)count, (int)flags, &file);
    return r ? r : install(file, flags & EFD_CLOEXEC);
}

long sys_memfd_create(u64 name_address, u64 flags)
{
    struct file *file;
    struct user_path name;
    int r;

    if ((u32)flags & ~(u32)(MFD_CLOEXEC | MFD_ALLOW_SEALING))
        return -EINVAL;
    r = user_path_get(&name, name_address);
    if (r)
        return r == -ENAMETOOLONG ? -EINVAL : r;
    r = strlen(name.text) > NAME_MAX_MEMFD ? -EINVAL : memfd_file_create(name.text, &file);
    user_path_put(&name);
    return r ? r : install(file, flags & MFD_CLOEXEC);
}

/* --- epoll --- */

long sys_epoll_create1(u64 flags)
{
    struct file *file;
    int r;

    if ((u32)flags & ~(u32)EPOLL_CLOEXEC)
        return -EINVAL;
    r = epoll_create(&file);
    return r ? r : install(file, flags & EPOLL_CLOEXEC);
}

long sys_epoll_ctl(u64 ep_fd, u64 op, u64 fd, u64 address)
{
    struct epoll_event event = {0};
    struct file *ep, *file;
    long r;

    if ((int)op != EPOLL_CTL_DEL && copyin(&event, address, sizeof(event)))
        return -EFAULT;
    ep = fd_get((int)ep_fd);
    file = fd_get((int)fd);
    r = ep && file ? epoll_control(ep, (int)op, (int)fd, file, &event) : -EBADF;
    if (ep)
        file_put(ep);
    if (file)
        file_put(file);
    return r;
}

static long wait_and_export(struct file *ep, u64 address, int n, const struct poll_deadline *d)
{
    struct epoll_event *events;
    long r;

    if (!file_is_epoll(ep) || n <= 0 || n > EVENTS_MAX)
        return -EINVAL;
    n = min(n, EVENTS_AT_ONCE);
    events = mem_alloc((size_t)n * sizeof(*events));
    if (!events)
        return -ENOMEM;
    r = epoll_wait_events(ep, events, n, d->is_immediate, d->at);
    if (r > 0 && copyout(address, events, (size_t)r * sizeof(*events)))
        r = -EFAULT;
    mem_free(events);
    return r;
}

static long wait_masked(u64 ep_fd, u64 address, u64 n, const struct poll_deadline *d, u64 mask,
                        u64 mask_size)
{
    struct file *ep = fd_get((int)ep_fd);
    long r;

    if (!ep)
        return -EBADF;
    r = poll_mask_begin(mask, mask_size);
    if (!r) {
        r = wait_and_export(ep, address, (int)n, d);
        if (mask)
            r = signal_mask_pop(r);
    }
    file_put(ep);
    return r;
}

long sys_epoll_pwait(u64 ep_fd, u64 address, u64 n, u64 milliseconds, u64 mask, u64 mask_size)
{
    struct poll_deadline d = {.is_immediate = (int)milliseconds == 0};

    if ((int)milliseconds > 0)
        d.at = clock_monotonic() + (nsec_t)(int)milliseconds * (NSEC_PER_SEC / 1000);
    return wait_masked(ep_fd, address, n, &d, mask, mask_size);
}

long sys_epoll_pwait2(u64 ep_fd, u64 address, u64 n, u64 timeout, u64 mask, u64 mask_size)
{
    struct poll_deadline d;
    int r = poll_deadline(timeout, &d);

    return r ? r : wait_masked(ep_fd, address, n, &d, mask, mask_size);
}
