/* SPDX-License-Identifier: MIT */
/* The trace ring: trace.h tells how writers and readers get along without a lock. */
#include <arch/riscv/hart.h>
#include <arch/riscv/time.h>
#include <debug/trace.h>
#include <lib/printf.h>
#include <sched/thread.h>

bool trace_on;
struct trace_event trace_ring[TRACE_SIZE];
u64 trace_next;

const char *const trace_kind_names[TRACE_N_KINDS] = {
    [TRACE_NONE] = "none",   [TRACE_SWITCH] = "switch",   [TRACE_FAULT] = "fault",
    [TRACE_SHARE] = "share", [TRACE_REUSE] = "reuse",     [TRACE_COPY] = "copy",
    [TRACE_ZERO] = "zero",   [TRACE_UNMAP] = "unmap",     [TRACE_FREE] = "free",
    [TRACE_FLUSH] = "flush", [TRACE_FORK] = "fork",       [TRACE_EXIT] = "exit",
    [TRACE_USER] = "user",   [TRACE_SYSCALL] = "syscall",
};

void trace_write(enum trace_kind kind, u64 address, u64 old_pfn, u64 new_pfn, u64 count)
{
    u64 number = __atomic_fetch_add(&trace_next, 1, __ATOMIC_RELAXED);
    struct trace_event *e = &trace_ring[number % TRACE_SIZE];
    __atomic_store_n(&e->seq, 0, __ATOMIC_RELAXED);
    __atomic_thread_fence(__ATOMIC_RELEASE);
    e->time = time_ticks();
    e->address = address;
    e->old_pfn = old_pfn;
    e->new_pfn = new_pfn;
    e->tid = current->tid;
    e->kind = kind;
    e->hart = mycpu()->id;
    e->count = count;
    __atomic_store_n(&e->seq, number + 1, __ATOMIC_RELEASE);
}

/* Returns: false if the slot holds another event by now, or none yet. */
static bool read_event(u64 number, struct trace_event *out)
{
    const struct trace_event *e = &trace_ring[number % TRACE_SIZE];
    if (__atomic_load_n(&e->seq, __ATOMIC_ACQUIRE) != number + 1)
        return false;
    *out = *e;
    __atomic_thread_fence(__ATOMIC_ACQUIRE);
    return __atomic_load_n(&e->seq, __ATOMIC_RELAXED) == number + 1;
}

size_t trace_read(u64 *pos, char *buf, size_t size)
{
    u64 end = __atomic_load_n(&trace_next, __ATOMIC_ACQUIRE);
    u64 at = max(*pos, end > TRACE_SIZE ? end - TRACE_SIZE : 0);
    size_t n = 0;
    for (; at < end && size - n > 160; at++) {
        struct trace_event e;
        if (!read_event(at, &e))
            continue;
        n += kscnprintf(buf + n, size - n, "%lu %ld %u %u %s %lx %lx %lx %lu\n", at,
                        ticks_to_nsec(e.time), e.hart, e.tid, trace_kind_names[e.kind],
                        e.address, e.old_pfn, e.new_pfn, e.count);
    }
    *pos = at;
    return n;
}
