/* SPDX-License-Identifier: MIT */
/*
 * epoll(7): a set of files that is watched all the time, and a list of those that may be ready.
 *
 * Each watched file stands on its queues with entries that, when told, put the item on the
 * ready list and wake who waits for the set. Collecting takes items off that list, asks the
 * file what really holds, and puts level-triggered ones back.
 *
 * A set does not keep its files open: when a file is released its items go first
 * (file->watches).
 *
 * Locks: epoll_lock (sleeping) for all sets' items and links: adding, removing, collecting. It
 * comes before any file's own locks. ready_lock (interrupts off) of a set for its ready list;
 * innermost, taken under the queues' locks.
 */
#include <ipc/epoll.h>

#include <debug/assert.h>
#include <lib/list.h>
#include <lib/rbtree.h>
#include <linux/errno.h>
#include <linux/fcntl.h>
#include <linux/poll.h>
#include <mem/cache.h>
#include <vfs/inode.h>
#include <vfs/poll.h>

#define MAX_DEPTH     5 /* sets within sets */
#define ALWAYS_WANTED (POLLERR | POLLHUP)
#define CONTROL_FLAGS ((u32)(EPOLLET | EPOLLONESHOT | EPOLLWAKEUP | EPOLLEXCLUSIVE))

struct epoll {
    struct file *file;    /* set at creation: the set itself; no reference */
    struct rb_root items; /* epoll_lock: by file and fd */
    u32 level;            /* epoll_lock: 1, or one more than the sets that it watches */
    struct waitq wait;    /* who waits for the set: epoll_wait, and poll of it */
    struct spinlock ready_lock;
    struct list_head ready; /* ready_lock: struct item.ready_link */
};

struct entry {
    struct waiter waiter;
    struct item *item;
    struct entry *next;
};

struct item {
    struct rb_node node;
    struct epoll *ep;
    struct file *file; /* no reference */
    int fd;
    u32 events; /* epoll_lock; 0: disarmed by EPOLLONESHOT */
    u64 data;   /* epoll_lock */
    struct entry *entries;
    struct list_head ready_link; /* ready_lock */
    struct item *next_of_file;   /* epoll_lock: file->watches */
};

/* While an item joins the queues of its file. */
struct joining {
    struct poll_table table;
    struct item *item;
};

static struct mutex epoll_lock;
static const struct file_ops epoll_ops;

static struct epoll *epoll_of(const struct file *file)
{
    return file->priv;
}

bool file_is_epoll(const struct file *file)
{
    return file->ops == &epoll_ops;
}

/* --- readiness --- */

static void item_mark_ready(struct item *item)
{
    struct epoll *ep = item->ep;
    u64 irq = spin_lock_irqsave(&ep->ready_lock);

    if (list_is_empty(&item->ready_link))
        list_add_tail(&item->ready_link, &ep->ready);
    spin_unlock_irqrestore(&ep->ready_lock, irq);
    wake_all(&ep->wait);
}

static void item_unmark(struct item *item)
{
    u64 irq = spin_lock_irqsave(&item->ep->ready_lock);

    list_del(&item->ready_link);
    spin_unlock_irqrestore(&item->ep->ready_lock, irq);
}

/* A queue of the file was woken. Runs under that queue's lock. */
static void entry_told(struct waiter *w)
{
    item_mark_ready(container_of(w, struct entry, waiter)->item);
}

static void entry_join(struct poll_table *table, struct waitq *q)
{
    struct joining *j = container_of(table, struct joining, table);
    struct entry *e = mem_alloc(sizeof(*e));

    if (!e) {
        table->error = -ENOMEM;
        return;
    }
    e->item = j->item;
    e->next = j->item->entries;
    j->item->entries = e;
    waiter_add_notify(&e->waiter, q, entry_told);
}

static u32 item_poll(struct item *item)
{
    return file_poll(item->file, NULL) & (item->events & ~CONTROL_FLAGS);
}

/* --- items --- */

static bool item_before(const struct item *a, const struct file *file, int fd)
{
    return a->file != file ? a->file < file : a->fd < fd;
}

static bool item_less(const struct rb_node *a, const struct rb_node *b)
{
    const struct item *y = rb_entry(b, const struct item, node);

    return item_before(rb_entry(a, const struct item, node), y->file, y->fd);
}

static struct item *item_find(struct epoll *ep, const struct file *file, int fd)
{
    struct rb_node *at = ep->items.top;

    while (at) {
        struct item *item = rb_entry(at, struct item, node);

        if (item->file == file && item->fd == fd)
            return item;
        at = item_before(item, file, fd) ? at->right : at->left;
    }
    return NULL;
}

static void entries_free(struct item *item)
{
    struct entry *e = item->entries, *next;

    for (; e; e = next) {
        next = e->next;
        waiter_remove(&e->waiter);
        mem_free(e);
    }
}

static void item_remove_locked(struct item *item)
{
    struct item **at = (struct item **)&item->file->watches;

    assert(mutex_is_held(&epoll_lock));
    while (*at != item)
        at = &(*at)->next_of_file;
    *at = item->next_of_file;
    rb_erase(&item->ep->items, &item->node);
    entries_free(item);
    item_unmark(item);
    mem_free(item);
}

/* EPOLLERR and EPOLLHUP are always reported. */
static void item_set(struct item *item, const struct epoll_event *event)
{
    item->events = event->events | ALWAYS_WANTED;
    item->data = event->data;
}

static int item_join(struct item *item)
{
    struct joining j = {.item = item};

    poll_table_init(&j.table);
    j.table.join = entry_join;
    file_poll(item->file, &j.table);
    return j.table.error;
}

static int item_add_locked(struct epoll *ep, int fd, struct file *file,
                           const struct epoll_event *event)
{
    struct item *item = mem_zalloc(sizeof(*item));
    int r;

    if (!item)
        return -ENOMEM;
    item->ep = ep;
    item->file = file;
    item->fd = fd;
    list_init(&item->ready_link);
    item_set(item, event);
    rb_insert(&ep->items, &item->node, item_less);
    item->next_of_file = file->watches;
    file->watches = item;
    r = item_join(item);
    if (r) {
        item_remove_locked(item);
        return r;
    }
    if (item_poll(item))
        item_mark_ready(item);
    return 0;
}

/* How many sets deep is `file`? */
static u32 level_of(const struct file *file)
{
    return file_is_epoll(file) ? epoll_of(file)->level : 0;
}

/* The queue of a set is woken while that of a watched one is locked: to the lock-order checker
 * they are different kinds of locks, from the innermost set outwards. */
static void queue_set_level(struct epoll *ep)
{
#ifdef DEBUG
    static const char *const names[MAX_DEPTH] = {"epoll 1", "epoll 2", "epoll 3", "epoll 4",
                                                 "epoll 5"};

    assert(ep->level <= MAX_DEPTH); /* may_raise() */
    ep->wait.lock.name = names[min(ep->level, (u32)MAX_DEPTH) - 1];
    ep->wait.lock.class = NULL; /* looked up by name at the next use */
#endif
}

/* Would the sets above `ep` still be shallow enough if it had this level? */
static bool may_raise(const struct epoll *ep, u32 level)
{
    if (level > MAX_DEPTH)
        return false;
    for (struct item *item = ep->file->watches; item; item = item->next_of_file) {
        if (!may_raise(item->ep, level + 1))
            return false;
    }
    return true;
}

static void raise_to(struct epoll *ep, u32 level)
{
    if (ep->level >= level)
        return;
    ep->level = level;
    queue_set_level(ep);
    for (struct item *item = ep->file->watches; item; item = item->next_of_file)
        raise_to(item->ep, level + 1);
}

/* Would watching `file` lead back to `ep`? */
static bool reaches(const struct file *file, const struct epoll *ep, int limit)
{
    struct item *item;

    if (!file_is_epoll(file) || limit == 0)
        return false;
    if (epoll_of(file) == ep)
        return true;
    rb_for_each (item, &epoll_of(file)->items, node) {
        if (reaches(item->file, ep, limit - 1))
            return true;
    }
    return false;
}

static int control_locked(struct epoll *ep, int op, int fd, struct file *file,
                          const struct epoll_event *event)
{
    struct item *item = item_find(ep, file, fd);

    assert(mutex_is_held(&epoll_lock));
    if (op == EPOLL_CTL_ADD) {
        if (item)
            return -EEXIST;
        if (reaches(file, ep, MAX_DEPTH) || !may_raise(ep, level_of(file) + 1))
            return -ELOOP;
        raise_to(ep, level_of(file) + 1);
        return item_add_locked(ep, fd, file, event);
    }
    if (!item)
        return -ENOENT;
    if (op == EPOLL_CTL_DEL) {
        item_remove_locked(item);
        return 0;
    }
    item_set(item, event);
    if (item_poll(item))
        item_mark_ready(item);
    return 0;
}

int epoll_control(struct file *ep, int op, int fd, struct file *file,
                  const struct epoll_event *event)
{
    int r;

    if (!file->ops->poll)
        return -EPERM;
    if (!file_is_epoll(ep) || file == ep)
        return -EINVAL;
    if (op != EPOLL_CTL_ADD && op != EPOLL_CTL_DEL && op != EPOLL_CTL_MOD)
        return -EINVAL;
    mutex_lock(&epoll_lock);
    r = control_locked(epoll_of(ep), op, fd, file, event);
    mutex_unlock(&epoll_lock);
    return r;
}

/* The file is being released. */
static void file_forget(struct file *file)
{
    mutex_lock(&epoll_lock);
    while (file->watches)
        item_remove_locked(file->watches);
    mutex_unlock(&epoll_lock);
}

/* --- waiting --- */

static struct item *ready_take(struct epoll *ep, struct list_head *from)
{
    struct item *item = NULL;
    u64 irq = spin_lock_irqsave(&ep->ready_lock);

    if (!list_is_empty(from)) {
        item = list_first(from, struct item, ready_link);
        list_del(&item->ready_link);
    }
    spin_unlock_irqrestore(&ep->ready_lock, irq);
    return item;
}

/* Takes the list as it is now, so that items that are put back are not met again in this round.
 */
static void ready_snapshot(struct epoll *ep, struct list_head *out)
{
    u64 irq = spin_lock_irqsave(&ep->ready_lock);

    list_init(out);
    list_splice_tail(&ep->ready, out);
    spin_unlock_irqrestore(&ep->ready_lock, irq);
}

static void ready_put_back(struct epoll *ep, struct list_head *rest)
{
    u64 irq = spin_lock_irqsave(&ep->ready_lock);

    list_splice_tail(&ep->ready, rest);
    list_splice_tail(rest, &ep->ready);
    spin_unlock_irqrestore(&ep->ready_lock, irq);
}

/* Adds an item's event to the result, if it has one. */
static bool item_collect(struct item *item, struct epoll_event *out)
{
    u32 ready = item_poll(item);

    if (!ready)
        return false;
    *out = (struct epoll_event){.events = ready, .data = item->data};
    if (item->events & EPOLLONESHOT)
        item->events &= CONTROL_FLAGS;
    else if (!(item->events & EPOLLET))
        item_mark_ready(item); /* asked again next time */
    return true;
}

static int collect(struct epoll *ep, struct epoll_event *events, int n)
{
    struct list_head round;
    struct item *item;
    int got = 0;

    mutex_lock(&epoll_lock);
    ready_snapshot(ep, &round);
    while (got < n && (item = ready_take(ep, &round)))
        got += item_collect(item, &events[got]);
    ready_put_back(ep, &round);
    mutex_unlock(&epoll_lock);
    return got;
}

static bool has_ready(struct epoll *ep)
{
    return __atomic_load_n(&ep->ready.next, __ATOMIC_ACQUIRE) != &ep->ready;
}

int epoll_wait_events(struct file *file, struct epoll_event *events, int n, bool is_immediate,
                      nsec_t deadline)
{
    struct epoll *ep = epoll_of(file);

    for (;;) {
        int got = has_ready(ep) ? collect(ep, events, n) : 0, r;

        if (got || is_immediate)
            return got;
        r = wait_event_until(&ep->wait, has_ready(ep), deadline);
        if (r)
            return r == -ETIMEDOUT ? 0 : r;
    }
}

/* A set is readable when one of its files is. */
static u32 epoll_poll(struct file *file, struct poll_table *table)
{
    struct epoll *ep = epoll_of(file);

    poll_wait(table, &ep->wait);
    return has_ready(ep) ? POLLIN | POLLRDNORM : 0;
}

static void epoll_release(struct file *file)
{
    struct epoll *ep = epoll_of(file);

    mutex_lock(&epoll_lock);
    while (ep->items.top)
        item_remove_locked(rb_entry(ep->items.top, struct item, node));
    mutex_unlock(&epoll_lock);
    mem_free(ep);
}

static const struct file_ops epoll_ops = {.poll = epoll_poll, .release = epoll_release};

int epoll_create(struct file **out)
{
    struct epoll *ep = mem_zalloc(sizeof(*ep));
    int r;

    if (!ep)
        return -ENOMEM;
    waitq_init(&ep->wait);
    ep->level = 1;
    queue_set_level(ep);
    spin_init(&ep->ready_lock, "epoll ready");
    list_init(&ep->ready);
    r = file_create_anon(&epoll_ops, ep, O_RDWR, 0600, "anon_inode:[eventpoll]", out);
    if (r) {
        mem_free(ep);
        return r;
    }
    ep->file = *out;
    return 0;
}

void epoll_init(void)
{
    mutex_init(&epoll_lock, "epoll");
    file_on_watched_release = file_forget;
}
