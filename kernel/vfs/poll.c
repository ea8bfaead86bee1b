/* SPDX-License-Identifier: MIT */
/* The queues of a poller: the first few in the struct, further ones in chunks. */
#include <vfs/poll.h>

#include <linux/errno.h>
#include <linux/poll.h>
#include <mem/cache.h>

#define CHUNK_WAITERS 40

struct poll_chunk {
    struct poll_chunk *next;
    struct waiter waiters[CHUNK_WAITERS];
};

void poll_table_init(struct poll_table *t)
{
    t->n = 0;
    t->error = 0;
    t->chunks = NULL;
    t->join = NULL;
}

static struct waiter *waiter_alloc(struct poll_table *t)
{
    struct poll_chunk *chunk;

    if (!t->chunks && t->n < POLL_INLINE)
        return &t->inline_waiters[t->n++];
    if (!t->chunks || t->n == CHUNK_WAITERS) {
        chunk = mem_alloc(sizeof(*chunk));
        if (!chunk)
            return NULL;
        chunk->next = t->chunks;
        if (!t->chunks)
            t->n_inline = t->n;
        t->chunks = chunk;
        t->n = 0;
    }
    return &t->chunks->waiters[t->n++];
}

void poll_wait(struct poll_table *table, struct waitq *q)
{
    struct waiter *w;

    if (!table || table->error)
        return;
    if (table->join) {
        table->join(table, q);
        return;
    }
    w = waiter_alloc(table);
    if (!w) {
        table->error = -ENOMEM;
        return;
    }
    waiter_add(w, q);
}

static void remove_all(struct waiter *waiters, u32 n)
{
    for (u32 i = 0; i < n; i++)
        waiter_remove(&waiters[i]);
}

void poll_table_free(struct poll_table *t)
{
    struct poll_chunk *chunk = t->chunks, *next;
    u32 n = t->n;

    remove_all(t->inline_waiters, chunk ? t->n_inline : t->n);
    for (; chunk; chunk = next) {
        next = chunk->next;
        remove_all(chunk->waiters, n);
        n = CHUNK_WAITERS;
        mem_free(chunk);
    }
    poll_table_init(t);
}

u32 file_poll(struct file *file, struct poll_table *table)
{
    if (!file->ops->poll)
        return POLLIN | POLLOUT | POLLRDNORM | POLLWRNORM;
    return file->ops->poll(file, table);
}
