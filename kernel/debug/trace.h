/* SPDX-License-Identifier: MIT */
/*
 * The trace ring: the last TRACE_SIZE events of the machine, a few stores each, nothing when
 * off.
 *
 * A writer takes a slot by one atomic add and publishes it by storing its sequence number last;
 * a reader copies a slot and checks the number before and after, so harts never wait for each
 * other.
 */
#pragma once

#include <lib/types.h>

#define TRACE_SIZE 8192 /* power of two */

enum trace_kind {
    TRACE_NONE,
    TRACE_SWITCH, /* address: thread, count: its tid */
    TRACE_FAULT,  /* address: user address, count: access */
    TRACE_SHARE,  /* fork shares a frame */
    TRACE_REUSE,  /* write fault of a sole owner */
    TRACE_COPY,   /* write fault copies old to new */
    TRACE_ZERO,   /* first write */
    TRACE_UNMAP,  /* a frame leaves a table */
    TRACE_FREE,   /* a frame's count became zero */
    TRACE_FLUSH,  /* address, count: harts */
    TRACE_FORK,   /* address: child's tid */
    TRACE_EXIT,
    TRACE_SYSCALL, /* address: number */
    TRACE_USER,    /* free for experiments */
    TRACE_N_KINDS,
};

struct trace_event {
    u64 seq;  /* 0: never written; the event's number + 1 otherwise; written last */
    u64 time; /* ticks */
    u64 address;
    u64 old_pfn, new_pfn;
    u32 tid;
    u16 kind; /* enum trace_kind */
    u16 hart;
    u64 count;
};

extern bool trace_on;
extern struct trace_event trace_ring[TRACE_SIZE];
extern u64 trace_next;
extern const char *const trace_kind_names[TRACE_N_KINDS];

void trace_write(enum trace_kind kind, u64 address, u64 old_pfn, u64 new_pfn, u64 count);

static always_inline void trace(enum trace_kind kind, u64 address, u64 old_pfn, u64 new_pfn,
                                u64 count)
{
    if (unlikely(trace_on))
        trace_write(kind, address, old_pfn, new_pfn, count);
}

/* One line of text per event from number *pos on, oldest first; returns bytes written, advances
 * *pos. */
size_t trace_read(u64 *pos, char *buf, size_t size);
