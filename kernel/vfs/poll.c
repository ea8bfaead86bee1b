/* SPDX-License-Identifier: MIT */
/*
 * The queues of a poller: the first few in the struct, further ones in chunks.
 *
 * A wake-up of any of them sets `triggered` and wakes the thread, so a poller may look at its
 * files (which may sleep for their own locks) without losing a wake-up in between.
 */
#include <vfs/poll.h>

#include <linux/errno.h>
#include <linux/poll.h>
#include <mem/cache.h>

#define CHUNK_ENTRIES 40

struct poll_chunk {
    struct poll_chunk *next;
    struct poll_entry entries[CHUNK_ENTRIES];
};

void poll_table_init(struct poll_table *t)
{
    t->triggered = false;
    t->error = 0;
    t->n = t->n_inline = 0;
    t->chunks = NULL;
    t->join = NULL;
}

static struct poll_entry *entry_alloc(struct poll_table *t)
{
    struct poll_chunk *chunk;

    if (!t->chunks && t->n < POLL_INLINE)
        return &t->inline_entries[t->n++];
    if (!t->chunks || t->n == CHUNK_ENTRIES) {
        chunk = mem_alloc(sizeof(*chunk));
        if (!chunk)
            return NULL;
        chunk->next = t->chunks;
        if (!t->chunks)
            t->n_inline = t->n;
        t->chunks = chunk;
        t->n = 0;
    }
    return &t->chunks->entries[t->n++];
}

/* Runs under the queue's lock. */
static void entry_notify(struct waiter *w)
{
    struct poll_entry *e = container_of(w, struct poll_entry, waiter);

    __atomic_store_n(&e->table->triggered, true, __ATOMIC_RELEASE);
    thread_wake(w->thread);
}

void poll_wait(struct poll_table *table, struct waitq *q)
{
    struct poll_entry *e;

    if (!table || table->error)
        return;
    if (table->join) {
        table->join(table, q);
        return;
    }
    e = entry_alloc(table);
    if (!e) {
        table->error = -ENOMEM;
        return;
    }
    e->table = table;
    waiter_add_notify(&e->waiter, q, entry_notify);
}

static void remove_all(struct poll_entry *entries, u32 n)
{
    for (u32 i = 0; i < n; i++)
        waiter_remove(&entries[i].waiter);
}

void poll_table_free(struct poll_table *t)
{
    struct poll_chunk *chunk = t->chunks, *next;
    u32 n = t->n;

    remove_all(t->inline_entries, chunk ? t->n_inline : t->n);
    for (; chunk; chunk = next) {
        next = chunk->next;
        remove_all(chunk->entries, n);
        n = CHUNK_ENTRIES;
        mem_free(chunk);
    }
    poll_table_init(t);
}

int poll_table_wait(struct poll_table *t, nsec_t deadline)
{
    int r = 0;

    wait_prepare(true);
    if (__atomic_load_n(&t->triggered, __ATOMIC_ACQUIRE))
        wait_cancel();
    else
        r = wait_commit(deadline);
    __atomic_store_n(&t->triggered, false, __ATOMIC_RELAXED);
    return r;
}

u32 file_poll(struct file *file, struct poll_table *table)
{
    if (!file->ops->poll)
        return POLLIN | POLLOUT | POLLRDNORM | POLLWRNORM;
    return file->ops->poll(file, table);
}
