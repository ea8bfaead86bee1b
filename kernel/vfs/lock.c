/* SPDX-License-Identifier: MIT */
/*
 * Advisory locks. Each file with locks has a list of held ranges; setting a range first cuts it
 * out of whatever the same owner holds there, then adds the new piece. At most two further
 * pieces are needed, and they are allocated before anything changes.
 *
 * One lock for all: locks are rare. Waiters sleep on one queue and look again after every
 * release. A deadlock between waiting owners is found by following who waits for whom.
 *
 * Locks: locks_lock guards every inode->locks, and the list of waiting owners.
 */
#include <vfs/lock.h>

#include <debug/assert.h>
#include <linux/errno.h>
#include <mem/cache.h>
#include <sched/wait.h>

struct held {
    struct held *next;
    struct lock_request r;
};

struct file_locks {
    struct held *first; /* in order of start */
};

struct sleeper {
    struct list_head link;
    const void *owner, *blocker;
};

static struct spinlock locks_lock = SPINLOCK_INIT("file locks");
static struct list_head sleepers = LIST_INIT(sleepers);
static struct waitq released = {SPINLOCK_INIT("file locks released"),
                                LIST_INIT(released.waiters)};

static bool overlaps(const struct lock_request *a, const struct lock_request *b)
{
    return a->kind == b->kind && a->start <= b->end && b->start <= a->end;
}

static struct held *conflict_locked(struct inode *inode, const struct lock_request *req)
{
    assert(spin_is_held(&locks_lock));
    if (!inode->locks)
        return NULL;
    for (struct held *h = inode->locks->first; h; h = h->next) {
        if (h->r.owner != req->owner && overlaps(&h->r, req) &&
            (h->r.type == F_WRLCK || req->type == F_WRLCK))
            return h;
    }
    return NULL;
}

/* Would waiting for `blocker` close a circle back to `owner`? */
static bool is_deadlock_locked(const void *owner, const void *blocker)
{
    struct sleeper *s;

    assert(spin_is_held(&locks_lock));
    for (int steps = 0; steps < 64; steps++) {
        bool waits = false;

        if (blocker == owner)
            return true;
        list_for_each (s, &sleepers, link) {
            if (s->owner == blocker) {
                blocker = s->blocker;
                waits = true;
                break;
            }
        }
        if (!waits)
            return false;
    }
    return true;
}

static void insert_locked(struct file_locks *locks, struct held *h)
{
    struct held **at = &locks->first;

    while (*at && (*at)->r.start < h->r.start)
        at = &(*at)->next;
    h->next = *at;
    *at = h;
}

/* Takes req's range out of its owner's locks. `spare` serves for a lock cut in two; true if it
 * was used. */
static bool cut_locked(struct file_locks *locks, const struct lock_request *req,
                       struct held *spare)
{
    struct held **at = &locks->first;
    bool used = false;

    while (*at) {
        struct held *h = *at;

        if (h->r.owner != req->owner || !overlaps(&h->r, req)) {
            at = &h->next;
            continue;
        }
        if (h->r.start < req->start && h->r.end > req->end) {
            spare->r = h->r;
            spare->r.start = req->end + 1;
            h->r.end = req->start - 1;
            insert_locked(locks, spare);
            used = true;
            at = &h->next;
        } else if (h->r.start < req->start) {
            h->r.end = req->start - 1;
            at = &h->next;
        } else if (h->r.end > req->end) {
            h->r.start = req->end + 1;
            at = &h->next;
        } else {
            *at = h->next;
            mem_free(h);
        }
    }
    return used;
}

/* Joins neighbours of the same owner and type, so that lists do not grow for nothing. */
static void join_locked(struct file_locks *locks)
{
    for (struct held *h = locks->first; h; h = h->next) {
        struct held *n;

        while ((n = h->next) && n->r.owner == h->r.owner && n->r.type == h->r.type &&
               n->r.kind == h->r.kind && h->r.end != UINT64_MAX && n->r.start == h->r.end + 1) {
            h->r.end = n->r.end;
            h->next = n->next;
            mem_free(n);
        }
    }
}

struct spares {
    struct file_locks *locks;
    struct held *cut, *fresh;
};

static int spares_alloc(struct spares *s)
{
    s->locks = mem_zalloc(sizeof(*s->locks));
    s->cut = mem_alloc(sizeof(*s->cut));
    s->fresh = mem_alloc(sizeof(*s->fresh));
    return s->locks && s->cut && s->fresh ? 0 : -ENOMEM;
}

static void spares_free(struct spares *s)
{
    mem_free(s->locks);
    mem_free(s->cut);
    mem_free(s->fresh);
}

static void commit_locked(struct inode *inode, const struct lock_request *req, struct spares *s)
{
    assert(spin_is_held(&locks_lock));
    if (!inode->locks) {
        inode->locks = s->locks;
        s->locks = NULL;
    }
    if (cut_locked(inode->locks, req, s->cut))
        s->cut = NULL;
    if (req->type != F_UNLCK) {
        s->fresh->r = *req;
        insert_locked(inode->locks, s->fresh);
        s->fresh = NULL;
    }
    join_locked(inode->locks);
    if (!inode->locks->first) {
        mem_free(inode->locks);
        inode->locks = NULL;
    }
}

/* Tries once. On -EAGAIN with `s` given, the caller is on the list of sleepers. */
static int try_apply(struct inode *inode, const struct lock_request *req, struct spares *spares,
                     struct sleeper *s)
{
    struct held *h;
    int r = 0;

    spin_lock(&locks_lock);
    list_del(&s->link);
    h = req->type == F_UNLCK ? NULL : conflict_locked(inode, req);
    if (!h) {
        commit_locked(inode, req, spares);
    } else if (req->wait && req->kind == LOCK_KIND_RECORD &&
               is_deadlock_locked(req->owner, h->r.owner)) {
        r = -EDEADLK;
    } else {
        r = -EAGAIN;
        s->owner = req->owner;
        s->blocker = h->r.owner;
        if (req->wait)
            list_add(&s->link, &sleepers);
    }
    spin_unlock(&locks_lock);
    if (!r)
        wake_all(&released);
    return r;
}

int lock_apply(struct inode *inode, const struct lock_request *req)
{
    struct spares spares;
    struct sleeper s;
    int r = spares_alloc(&spares), tried = -EAGAIN;

    list_init(&s.link);
    if (!r) {
        tried = try_apply(inode, req, &spares, &s);
        if (tried == -EAGAIN && req->wait)
            r = wait_event_interruptible(
                &released, (tried = try_apply(inode, req, &spares, &s)) != -EAGAIN);
        spin_lock(&locks_lock);
        list_del(&s.link);
        spin_unlock(&locks_lock);
    }
    spares_free(&spares);
    return r ? r : tried;
}

void lock_test(struct inode *inode, const struct lock_request *req, struct lock_request *found)
{
    struct held *h;

    found->type = F_UNLCK;
    spin_lock(&locks_lock);
    h = conflict_locked(inode, req);
    if (h)
        *found = h->r;
    spin_unlock(&locks_lock);
}

void locks_drop_owner(struct inode *inode, const void *owner)
{
    struct held **at;

    spin_lock(&locks_lock);
    if (inode->locks) {
        for (at = &inode->locks->first; *at;) {
            struct held *h = *at;

            if (h->r.owner != owner) {
                at = &h->next;
                continue;
            }
            *at = h->next;
            mem_free(h);
        }
        if (!inode->locks->first) {
            mem_free(inode->locks);
            inode->locks = NULL;
        }
    }
    spin_unlock(&locks_lock);
    wake_all(&released);
}
