// expect: pass
// spin: -safety
/* SPDX-License-Identifier: MIT */
/*
 * The flush before fork returns (COW-6), and the kernel's own stores (COW-7).
 *
 * One thread forks while a sibling on another hart stores to the page again and again. The
 * sibling's hart may remember a writable translation from before. Fork makes the entry
 * copy-on-write, flushes the sibling's hart, and returns; then the child looks twice.
 *
 * Checked: the child sees the same value both times: a sibling's store comes before the
 * snapshot or goes to a frame of the parent's own, never later into the shared one. The stores
 * of a system call are the same stores: they go through the same translation.
 *
 * Run: spin -run -safety fork-flush.pml
 * -DFLUSH_LATE: fork returns first and flushes then.
 */
#define SHARED 0
#define OWN    1
#define STORES 3

bool entry_writable = true; /* the parent's entry */
byte entry_frame = SHARED;
bool tlb_valid, tlb_writable;
byte tlb_frame;
byte frame[2];
bool child_runs, table_locked;

inline flush_sibling()
{
    atomic { tlb_valid = false; tlb_writable = false }
}

inline lock()
{
    atomic { !table_locked -> table_locked = true }
}

active proctype forker()
{
    lock();
    entry_writable = false;
    table_locked = false;
#ifdef FLUSH_LATE
    child_runs = true;
    flush_sibling()
#else
    flush_sibling();
    child_runs = true
#endif
}

/* A write fault: copy, break, flush, make. The frame has two references once fork shared it. */
inline write_fault()
{
    lock();
    if
    :: !entry_writable ->
        frame[OWN] = frame[SHARED];
        flush_sibling();
        atomic { entry_frame = OWN; entry_writable = true }
    :: else
    fi;
    table_locked = false;
    flush_sibling()
}

active proctype sibling()
{
    byte n;

    do
    :: n == STORES -> break
    :: n < STORES && !tlb_valid ->
        atomic { tlb_valid = true; tlb_writable = entry_writable; tlb_frame = entry_frame }
    :: n < STORES && tlb_valid && !tlb_writable -> write_fault()
    :: atomic { n < STORES && tlb_valid && tlb_writable -> frame[tlb_frame]++; n++ }
    od
}

active proctype child()
{
    byte first;

    child_runs;
    first = frame[SHARED];
    assert(frame[SHARED] == first)
}
