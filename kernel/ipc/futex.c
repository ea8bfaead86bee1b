/* SPDX-License-Identifier: MIT */
/*
 * Futexes: a hash of user words to the threads that wait on them (futex(2)).
 *
 * A word has one name for everybody who can reach it: for memory shared between processes the
 * object and the offset in it, otherwise the address space and the address.
 *
 * FTX-1 A waiter compares the word and joins the queue under the bucket's lock, a waker looks
 * at the queue under it: either the waiter sees the new value or the waker sees the waiter.
 * FTX-2 A waiter leaves futex_wait() only after it has held the lock of its bucket once more,
 * so a waker never touches a stack that is gone.
 *
 * Locks: each bucket has a sleeping lock, because reading the word may fault. Two buckets: in
 * address order.
 */
#include <ipc/futex.h>

#include <lib/list.h>
#include <linux/errno.h>
#include <linux/futex.h>
#include <sched/mutex.h>
#include <sched/thread.h>
#include <sched/wait.h>
#include <vm/aspace.h>
#include <vm/mmap.h>
#include <vm/object.h>
#include <vm/uaccess.h>

#define N_BUCKETS       256
#define ROBUST_LIST_MAX 2048 /* entries looked at: the list may be a circle */

struct key {
    const void *space; /* object or address space */
    u64 offset;
};

struct bucket {
    struct mutex lock;
    struct list_head waiters; /* lock: struct futex_waiter */
};

struct futex_waiter {
    struct list_head link;
    struct key key;
    u32 bitset;
    struct thread *thread;
    struct bucket *bucket; /* changes under the locks of both buckets */
    bool is_queued;        /* cleared by the waker under the lock */
};

static struct bucket buckets[N_BUCKETS];

void futex_init(void)
{
    for (int i = 0; i < N_BUCKETS; i++) {
        mutex_init(&buckets[i].lock, "futex");
        list_init(&buckets[i].waiters);
    }
}

static struct bucket *bucket_of(const struct key *key)
{
    u64 hash = ((u64)key->space >> 4) * 31 + (key->offset >> 2);

    hash *= 0x9e3779b97f4a7c15UL;
    return &buckets[hash >> 56];
}

/* The object keeps its place in memory while a waiter's area refers to it. */
static int key_find(vaddr_t uaddr, bool is_private, struct key *out)
{
    struct aspace *as = current->aspace;
    struct vma *vma;
    int err = 0;

    if (uaddr % 4)
        return -EINVAL;
    *out = (struct key){as, uaddr};
    if (is_private)
        return 0;
    rw_read_lock(&as->lock);
    vma = vma_find(as, uaddr);
    if (!vma || uaddr < vma->start)
        err = -EFAULT;
    else if ((vma->flags & VMA_SHARED) && vma->object)
        *out = (struct key){vma->object, (vma->pgoff << PAGE_SHIFT) + uaddr - vma->start};
    rw_read_unlock(&as->lock);
    return err;
}

static bool key_equal(const struct key *a, const struct key *b)
{
    return a->space == b->space && a->offset == b->offset;
}

/* --- waiting --- */

/* On the queue if the word is what the caller expects. Returns 0, -EAGAIN, -EFAULT. */
static int waiter_join(struct futex_waiter *w, vaddr_t uaddr, u32 expected)
{
    u32 word;
    int err;

    mutex_lock(&w->bucket->lock);
    err = user_load_u32(&word, uaddr);
    if (!err && word != expected)
        err = -EAGAIN;
    if (!err)
        list_add_tail(&w->link, &w->bucket->waiters);
    mutex_unlock(&w->bucket->lock);
    return err;
}

static int waiter_sleep(struct futex_waiter *w, nsec_t deadline)
{
    int err = 0;

    for (;;) {
        wait_prepare(true);
        if (!__atomic_load_n(&w->is_queued, __ATOMIC_ACQUIRE) || err) {
            wait_cancel();
            return err;
        }
        err = wait_commit(deadline);
    }
}

/* FTX-2. True: a waker took it off the queue. */
static bool waiter_leave(struct futex_waiter *w)
{
    struct bucket *b;
    bool woken;

    for (;;) {
        b = __atomic_load_n(&w->bucket, __ATOMIC_ACQUIRE);
        mutex_lock(&b->lock);
        if (b == w->bucket)
            break;
        mutex_unlock(&b->lock); /* moved meanwhile */
    }
    woken = !w->is_queued;
    if (!woken)
        list_del(&w->link);
    mutex_unlock(&b->lock);
    return woken;
}

int futex_wait(vaddr_t uaddr, u32 expected, u32 bitset, nsec_t deadline, bool is_private)
{
    struct futex_waiter w = {.bitset = bitset, .thread = current, .is_queued = true};
    int err = key_find(uaddr, is_private, &w.key);

    if (!err && !bitset)
        err = -EINVAL;
    if (err)
        return err;
    w.bucket = bucket_of(&w.key);
    err = waiter_join(&w, uaddr, expected);
    if (err)
        return err;
    err = waiter_sleep(&w, deadline);
    return waiter_leave(&w) ? 0 : err;
}

/* --- waking --- */

static void waiter_wake_locked(struct futex_waiter *w)
{
    list_del(&w->link);
    __atomic_store_n(&w->is_queued, false, __ATOMIC_RELEASE);
    thread_wake(w->thread);
}

static long wake_locked(struct bucket *b, const struct key *key, u32 n, u32 bitset)
{
    struct futex_waiter *w, *next;
    long woken = 0;

    list_for_each_safe (w, next, &b->waiters, link) {
        if (woken >= (long)n)
            break;
        if (!key_equal(&w->key, key) || !(w->bitset & bitset))
            continue;
        waiter_wake_locked(w);
        woken++;
    }
    return woken;
}

long futex_wake(vaddr_t uaddr, u32 n, u32 bitset, bool is_private)
{
    struct key key;
    struct bucket *b;
    long woken;
    int err = key_find(uaddr, is_private, &key);

    if (!err && !bitset)
        err = -EINVAL;
    if (err)
        return err;
    b = bucket_of(&key);
    mutex_lock(&b->lock);
    woken = wake_locked(b, &key, n, bitset);
    mutex_unlock(&b->lock);
    return woken;
}

/* --- two words at once --- */

static void lock_pair(struct bucket *a, struct bucket *b)
{
    mutex_lock(a < b ? &a->lock : &b->lock);
    if (a != b)
        mutex_lock(a < b ? &b->lock : &a->lock);
}

static void unlock_pair(struct bucket *a, struct bucket *b)
{
    mutex_unlock(&a->lock);
    if (a != b)
        mutex_unlock(&b->lock);
}

static long requeue_locked(struct bucket *from, struct bucket *to, const struct key *key,
                           const struct key *to_key, u32 n)
{
    struct futex_waiter *w, *next;
    long moved = 0;

    list_for_each_safe (w, next, &from->waiters, link) {
        if (moved >= (long)n)
            break;
        if (!key_equal(&w->key, key))
            continue;
        list_del(&w->link);
        w->key = *to_key;
        list_add_tail(&w->link, &to->waiters);
        __atomic_store_n(&w->bucket, to, __ATOMIC_RELEASE);
        moved++;
    }
    return moved;
}

static long move_locked(const struct futex_move *m, const struct key *from,
                        const struct key *to)
{
    struct bucket *b = bucket_of(from);
    u32 word;
    long n;

    if (m->check) {
        int err = user_load_u32(&word, m->from);
        if (err)
            return err;
        if (word != m->expected)
            return -EAGAIN;
    }
    n = wake_locked(b, from, m->n_wake, FUTEX_BITSET_MATCH_ANY);
    if (!key_equal(from, to))
        n += requeue_locked(b, bucket_of(to), from, to, m->n_move);
    return n;
}

long futex_requeue(const struct futex_move *m)
{
    struct key from, to;
    long n;
    int err = key_find(m->from, m->is_private, &from);

    if (!err)
        err = key_find(m->to, m->is_private, &to);
    if (err)
        return err;
    lock_pair(bucket_of(&from), bucket_of(&to));
    n = move_locked(m, &from, &to);
    unlock_pair(bucket_of(&from), bucket_of(&to));
    return n;
}

/* The encoded operation on the second word: *old gets what was there. */
static int word_change(vaddr_t uaddr, u32 op, u32 *old)
{
    s32 arg = (s32)(op << 8) >> 20;
    u32 what = op >> 28 & 7, value, seen;
    int err;

    if (op >> 28 & FUTEX_OP_OPARG_SHIFT)
        arg = 1 << (arg & 31);
    err = user_load_u32(&seen, uaddr);
    for (;;) {
        u32 expected = seen;

        if (err)
            return err;
        switch (what) {
        case FUTEX_OP_SET:
            value = (u32)arg;
            break;
        case FUTEX_OP_ADD:
            value = expected + (u32)arg;
            break;
        case FUTEX_OP_OR:
            value = expected | (u32)arg;
            break;
        case FUTEX_OP_ANDN:
            value = expected & ~(u32)arg;
            break;
        case FUTEX_OP_XOR:
            value = expected ^ (u32)arg;
            break;
        default:
            return -ENOSYS;
        }
        err = user_cmpxchg_u32(&seen, uaddr, expected, value);
        if (!err && seen == expected) {
            *old = expected;
            return 0;
        }
    }
}

static bool word_compares(u32 op, u32 old)
{
    s32 arg = (s32)(op << 20) >> 20, word = (s32)old;

    switch (op >> 24 & 0xf) {
    case FUTEX_OP_CMP_EQ:
        return word == arg;
    case FUTEX_OP_CMP_NE:
        return word != arg;
    case FUTEX_OP_CMP_LT:
        return word < arg;
    case FUTEX_OP_CMP_LE:
        return word <= arg;
    case FUTEX_OP_CMP_GT:
        return word > arg;
    default:
        return word >= arg;
    }
}

long futex_wake_op(vaddr_t uaddr, vaddr_t uaddr2, u32 n, u32 n2, u32 op, bool is_private)
{
    struct key a, b;
    u32 old;
    long woken;
    int err = key_find(uaddr, is_private, &a);

    if (!err)
        err = key_find(uaddr2, is_private, &b);
    if (!err && (op >> 24 & 0xf) > FUTEX_OP_CMP_GE)
        err = -ENOSYS;
    if (err)
        return err;
    lock_pair(bucket_of(&a), bucket_of(&b));
    woken = word_change(uaddr2, op, &old);
    if (!woken) {
        woken = wake_locked(bucket_of(&a), &a, n, FUTEX_BITSET_MATCH_ANY);
        if (word_compares(op, old))
            woken += wake_locked(bucket_of(&b), &b, n2, FUTEX_BITSET_MATCH_ANY);
    }
    unlock_pair(bucket_of(&a), bucket_of(&b));
    return woken;
}

/* --- robust lists: get_robust_list(2), and the kernel's robust-futex ABI text --- */

/* The owner of the lock at uaddr died: say so in the word, and let one waiter have it. */
static bool owner_died(vaddr_t uaddr, u32 tid)
{
    u32 word, seen;

    if (uaddr % 4 || user_load_u32(&word, uaddr))
        return false;
    while ((word & FUTEX_TID_MASK) == tid) {
        if (user_cmpxchg_u32(&seen, uaddr, word, (word & FUTEX_WAITERS) | FUTEX_OWNER_DIED))
            return false;
        if (seen == word) {
            if (word & FUTEX_WAITERS)
                futex_wake(uaddr, 1, FUTEX_BITSET_MATCH_ANY, false);
            break;
        }
        word = seen;
    }
    return true;
}

void futex_robust_list_exit(vaddr_t head, u32 tid)
{
    struct robust_list_head h;
    vaddr_t entry, next, pending;

    if (copyin(&h, head, sizeof(h)))
        return;
    pending = (vaddr_t)h.list_op_pending & ~1UL;
    entry = (vaddr_t)h.list.next & ~1UL;
    for (int i = 0; entry != head && i < ROBUST_LIST_MAX; i++) {
        if (copyin(&next, entry, sizeof(next)))
            break;
        if (entry != pending && !owner_died(entry + h.futex_offset, tid))
            break;
        entry = next & ~1UL;
    }
    if (pending)
        owner_died(pending + h.futex_offset, tid);
}
