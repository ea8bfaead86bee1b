/* SPDX-License-Identifier: MIT */
/*
 * ppoll(2) and pselect6(2): both make a list of descriptors with wanted events, wait, and
 * report.
 *
 * The files are held for the whole call, since the caller stands on their queues. The first
 * round joins the queues; it and every later one collects what is ready.
 */
#include <linux/syscall.h>

#include <lib/bitmap.h>
#include <lib/string.h>
#include <linux/errno.h>
#include <linux/file_poll.h>
#include <linux/poll.h>
#include <linux/resource.h>
#include <linux/signal.h>
#include <linux/time_types.h>
#include <mem/cache.h>
#include <proc/proc.h>
#include <sched/thread.h>
#include <sched/timer.h>
#include <vfs/fdtable.h>
#include <vfs/inode.h>
#include <vfs/poll.h>
#include <vm/uaccess.h>

#define FEW 16 /* so many descriptors need no allocation */

/* --- time and signals --- */

int poll_deadline(u64 address, struct poll_deadline *out)
{
    struct __kernel_timespec ts;
    nsec_t span;

    *out = (struct poll_deadline){.address = address};
    if (!address)
        return 0;
    if (copyin(&ts, address, sizeof(ts)))
        return -EFAULT;
    if (ts.tv_sec < 0 || ts.tv_nsec < 0 || ts.tv_nsec >= NSEC_PER_SEC)
        return -EINVAL;
    out->is_immediate = ts.tv_sec == 0 && ts.tv_nsec == 0;
    if (__builtin_mul_overflow((s64)ts.tv_sec, NSEC_PER_SEC, &span) ||
        __builtin_add_overflow(span, ts.tv_nsec, &span) ||
        __builtin_add_overflow(clock_monotonic(), span, &out->at))
        out->at = INT64_MAX;
    return 0;
}

/* Tells the caller what is left of the time. Failing to is no failure of the call, as on Linux.
 */
static void remaining_copyout(const struct poll_deadline *deadline)
{
    struct __kernel_timespec ts = {0, 0};
    nsec_t left;

    if (!deadline->address)
        return;
    left = deadline->is_immediate ? 0 : deadline->at - clock_monotonic();
    if (left > 0) {
        ts.tv_sec = left / NSEC_PER_SEC;
        ts.tv_nsec = left % NSEC_PER_SEC;
    }
    if (copyout(deadline->address, &ts, sizeof(ts)))
        return;
}

int poll_mask_begin(u64 address, u64 size)
{
    sigset64_t mask;

    if (!address)
        return 0;
    if (size != sizeof(mask))
        return -EINVAL;
    if (copyin(&mask, address, sizeof(mask)))
        return -EFAULT;
    signal_mask_push(mask & ~(sig_bit(SIGKILL) | sig_bit(SIGSTOP)));
    return 0;
}

/* --- the list --- */

struct poll_item {
    struct file *file; /* NULL: not watched */
    u32 wanted, ready; /* POLL* */
};

struct poll_list {
    u32 n;
    struct poll_item *items;
    struct poll_item few[FEW];
};

static int list_init_n(struct poll_list *list, u64 n)
{
    list->n = (u32)n;
    list->items = n > FEW ? mem_zalloc(n * sizeof(*list->items)) : list->few;
    if (!list->items)
        return -ENOMEM;
    if (n <= FEW)
        memset(list->few, 0, n * sizeof(*list->few));
    return 0;
}

static void list_free(struct poll_list *list)
{
    for (u32 i = 0; i < list->n; i++) {
        if (list->items[i].file)
            file_put(list->items[i].file);
    }
    if (list->items != list->few)
        mem_free(list->items);
}

/* One round. Returns how many are ready. */
static long list_look(struct poll_list *list, struct poll_table *table)
{
    long n = 0;

    for (u32 i = 0; i < list->n; i++) {
        struct poll_item *item = &list->items[i];

        if (item->file)
            item->ready = file_poll(item->file, table) & (item->wanted | POLLERR | POLLHUP);
        if (!item->ready)
            continue;
        n++;
        table = NULL; /* no need to wait any more */
    }
    return n;
}

/* Returns how many are ready, 0 when the time is over, -EINTR, -ENOMEM. */
static long list_wait(struct poll_list *list, const struct poll_deadline *deadline)
{
    struct poll_table table;
    long n;

    if (deadline->is_immediate)
        return list_look(list, NULL);
    poll_table_init(&table);
    n = list_look(list, &table);
    if (!n && table.error)
        n = table.error;
    while (n == 0) {
        int r = poll_table_wait(&table, deadline->at);

        n = list_look(list, NULL);
        if (n == 0 && r) {
            n = r == -ETIMEDOUT ? 0 : r;
            break;
        }
    }
    poll_table_free(&table);
    return n;
}

/* --- ppoll --- */

static int pollfds_import(struct poll_list *list, u64 address)
{
    struct pollfd p;

    for (u32 i = 0; i < list->n; i++) {
        struct poll_item *item = &list->items[i];

        if (copyin(&p, address + i * sizeof(p), sizeof(p)))
            return -EFAULT;
        if (p.fd < 0)
            continue;
        item->wanted = (u16)p.events;
        item->file = fd_get(p.fd);
        if (!item->file)
            item->ready = POLLNVAL;
    }
    return 0;
}

static int pollfds_export(const struct poll_list *list, u64 address)
{
    for (u32 i = 0; i < list->n; i++) {
        short ready = (short)list->items[i].ready;

        if (copyout(address + i * sizeof(struct pollfd) + offsetof(struct pollfd, revents),
                    &ready, sizeof(ready)))
            return -EFAULT;
    }
    return 0;
}

static long poll_fds(u64 address, u64 n, const struct poll_deadline *deadline)
{
    struct poll_list list;
    long r;

    if (n > vfs_rlimit(RLIMIT_NOFILE))
        return -EINVAL;
    if (list_init_n(&list, n))
        return -ENOMEM;
    r = pollfds_import(&list, address);
    if (!r)
        r = list_wait(&list, deadline);
    if (r >= 0 && pollfds_export(&list, address))
        r = -EFAULT;
    list_free(&list);
    return r;
}

long sys_ppoll(u64 address, u64 n, u64 timeout, u64 mask, u64 mask_size)
{
    struct poll_deadline deadline;
    long r = poll_deadline(timeout, &deadline);

    if (!r)
        r = poll_mask_begin(mask, mask_size);
    if (r)
        return r;
    r = poll_fds(address, (u32)n, &deadline);
    if (mask)
        r = signal_mask_pop(r);
    remaining_copyout(&deadline);
    return r;
}

/* --- pselect6 --- */

#define READ_EVENTS   (POLLRDNORM | POLLRDBAND | POLLIN | POLLHUP | POLLERR)
#define WRITE_EVENTS  (POLLWRBAND | POLLWRNORM | POLLOUT | POLLERR)
#define EXCEPT_EVENTS (POLLPRI)

struct select_sets {
    u64 address[3]; /* of the read, write and exceptional set in user memory; 0: none */
    u64 *words[3];
    size_t n_words;
};

static const u32 set_events[3] = {READ_EVENTS, WRITE_EVENTS, EXCEPT_EVENTS};

static int sets_import(struct select_sets *s, u64 *words)
{
    for (int i = 0; i < 3; i++) {
        s->words[i] = words + (size_t)i * s->n_words;
        if (s->address[i] && copyin(s->words[i], s->address[i], s->n_words * sizeof(u64)))
            return -EFAULT;
    }
    return 0;
}

/* One list item per descriptor that is in any set; the descriptor is its index. */
static int sets_to_list(const struct select_sets *s, struct poll_list *list)
{
    for (u32 fd = 0; fd < list->n; fd++) {
        struct poll_item *item = &list->items[fd];

        for (int i = 0; i < 3; i++) {
            if (bitmap_test(s->words[i], fd))
                item->wanted |= set_events[i];
        }
        if (!item->wanted)
            continue;
        item->file = fd_get((int)fd);
        if (!item->file)
            return -EBADF;
    }
    return 0;
}

/* What is ready, in each set; returns the number of bits. */
static long sets_from_list(struct select_sets *s, const struct poll_list *list)
{
    long n = 0;

    for (u32 fd = 0; fd < s->n_words * 64; fd++) {
        for (int i = 0; i < 3; i++) {
            if (!bitmap_test(s->words[i], fd))
                continue;
            if (fd < list->n && (list->items[fd].ready & set_events[i]))
                n++;
            else
                bitmap_clear(s->words[i], fd);
        }
    }
    return n;
}

static int sets_export(const struct select_sets *s)
{
    for (int i = 0; i < 3; i++) {
        if (s->address[i] && copyout(s->address[i], s->words[i], s->n_words * sizeof(u64)))
            return -EFAULT;
    }
    return 0;
}

static long select_wait(struct select_sets *s, u32 n, const struct poll_deadline *deadline)
{
    struct poll_list list;
    long r;

    if (list_init_n(&list, n))
        return -ENOMEM;
    r = sets_to_list(s, &list);
    if (!r)
        r = list_wait(&list, deadline);
    if (r >= 0)
        r = sets_from_list(s, &list);
    list_free(&list);
    return r;
}

static long select_fds(struct select_sets *s, u64 n, const struct poll_deadline *deadline)
{
    u64 few[3], *words = few;
    long r;

    if ((s32)n < 0)
        return -EINVAL;
    n = min(n, (u64)fdtable_size(current->files)); /* beyond it nothing is open */
    s->n_words = max(BITMAP_WORDS(n), 1ul);
    if (s->n_words > 1)
        words = mem_alloc(3 * s->n_words * sizeof(u64));
    if (!words)
        return -ENOMEM;
    memset(words, 0, 3 * s->n_words * sizeof(u64));
    s->n_words = BITMAP_WORDS(n);
    r = sets_import(s, words);
    if (!r)
        r = select_wait(s, (u32)n, deadline);
    if (r >= 0 && sets_export(s))
        r = -EFAULT;
    if (words != few)
        mem_free(words);
    return r;
}

long sys_pselect6(u64 n, u64 reads, u64 writes, u64 excepts, u64 timeout, u64 mask_pair)
{
    struct select_sets sets = {.address = {reads, writes, excepts}};
    struct poll_deadline deadline;
    u64 pair[2] = {0, 0}; /* address and size of the mask */
    long r;

    if (mask_pair && copyin(pair, mask_pair, sizeof(pair)))
        return -EFAULT;
    r = poll_deadline(timeout, &deadline);
    if (!r)
        r = poll_mask_begin(pair[0], pair[1]);
    if (r)
        return r;
    r = select_fds(&sets, n, &deadline);
    if (pair[0])
        r = signal_mask_pop(r);
    remaining_copyout(&deadline);
    return r;
}
