/* SPDX-License-Identifier: MIT */
/*
 * Waiting for several files at once: the table of queues that a poller stands on.
 *
 * A poller asks each file for its events and passes the table, so that the file puts the poller
 * on its queues; then, if nothing was ready, it sleeps once and asks again without a table. The
 * caller keeps the files alive until poll_table_free().
 */
#pragma once

#include <sched/wait.h>
#include <vfs/vfs.h>

#define POLL_INLINE 8

struct poll_chunk;
struct poll_table;
struct poll_entry {
    struct waiter waiter;
    struct poll_table *table;
};

struct poll_table {
    bool triggered;            /* atomic: a queue was woken since it was cleared */
    int error;                 /* -ENOMEM: a queue could not be joined */
    u32 n;                     /* entries used in `inline_entries` or the newest chunk */
    u32 n_inline;              /* once there are chunks: entries used in `inline_entries` */
    struct poll_chunk *chunks; /* newest first */
    void (*join)(struct poll_table *table,
                 struct waitq *q); /* instead of an entry of ours; may be NULL */
    struct poll_entry inline_entries[POLL_INLINE];
};

void poll_table_init(struct poll_table *t);
void poll_table_free(struct poll_table *t); /* leaves all queues */
/* Sleeps until a queue was woken since the last call. 0, -EINTR, -ETIMEDOUT; deadline 0: none.
 */
int poll_table_wait(struct poll_table *t, nsec_t deadline);
/* POLL* that hold now; POLLNVAL never. */
u32 file_poll(struct file *file, struct poll_table *table);
