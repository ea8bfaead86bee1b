// expect: pass
// spin: -safety -m200000
/* SPDX-License-Identifier: MIT */
/*
 * A page table shared by fork: parked, sealed, linked, copied (PT-1, PT-2, COW-6).
 *
 * Three threads of the parent run on three harts, each of which remembers the upper entry and
 * a leaf entry: one stores to a neighbouring page and so makes the table the parent's own, one
 * stores to the page that is looked at, one loads it. Meanwhile the parent forks, and the child
 * links the table and looks at the page twice.
 *
 * Checked: a load returns at least what was stored before it began, whichever table the hart
 * still walks; and the child sees the same value both times, since what it looks at is sealed
 * and nobody remembers that it was ever writable.
 *
 * Run: spin -run -safety -m200000 table-share.pml
 * -DCOPY_EARLY: the copy can be walked before the others forget the original.
 * -DUPPER_KEPT: when a linked table is replaced, only leaf entries are flushed.
 * -DPARK_UPPER_KEPT: fork flushes leaf entries only; a parked table stays reachable.
 * -DLINK_UNSEALED: the table is linked first and sealed then.
 */
#define HARTS   3
#define OWNER   0
#define WRITER  1
#define READER  2

#define PRIVATE 0
#define LINKED  1
#define PARKED  2

#define ORIG    0 /* tables */
#define COPY    1

byte slot = PRIVATE; /* the parent's upper entry, and the table that it leads to */
byte slot_table = ORIG;
bool leaf_valid[2] = true, leaf_writable[2] = true; /* one entry of each table */
byte leaf_frame[2];
byte frame[2];

bool up_valid[HARTS], tlb_valid[HARTS], tlb_writable[HARTS];
byte up_table[HARTS], tlb_frame[HARTS];

byte n_faults; /* the address space's lock: readers, and the writer */
bool is_forking;
bool slot_locked, leaf_locked, orig_locked;
bool child_runs;
byte done; /* the last value stored */

inline lock(l)
{
    atomic { !l -> l = true }
}

inline flush_leaf(h)
{
    tlb_valid[h] = false
}

inline flush_both(h)
{
    atomic { tlb_valid[h] = false; up_valid[h] = false }
}

/* One hart after the other. */
inline flush_all_leaves()
{
    flush_leaf(0); flush_leaf(1); flush_leaf(2)
}

inline flush_all()
{
    flush_both(0); flush_both(1); flush_both(2)
}

inline seal()
{
    lock(orig_locked);
    leaf_writable[ORIG] = false;
    orig_locked = false
}

/* For reading: the shared table becomes walkable. */
inline link()
{
#ifdef LINK_UNSEALED
    slot = LINKED;
    seal()
#else
    seal();
    slot = LINKED
#endif
}

/* For writing: the table becomes the parent's own. */
inline own()
{
    seal();
    atomic {
        leaf_frame[COPY] = leaf_frame[ORIG];
        leaf_writable[COPY] = leaf_writable[ORIG];
        leaf_valid[COPY] = true
    }
    if
    :: slot == LINKED ->
#ifdef COPY_EARLY
        atomic { slot = PRIVATE; slot_table = COPY }
        flush_all()
#else
        slot = PARKED;
#ifdef UPPER_KEPT
        flush_all_leaves()
#else
        flush_all()
#endif
#endif
    :: else
    fi;
    atomic { slot = PRIVATE; slot_table = COPY }
}

/* The frame has other references: break, flush, make. */
inline break_leaf(t)
{
    frame[1] = frame[0];
    leaf_valid[t] = false;
    flush_all_leaves();
    atomic { leaf_frame[t] = 1; leaf_writable[t] = true; leaf_valid[t] = true }
}

/* A fault of hart `me`; the owner's is on another page of the same table. */
inline fault(write)
{
    atomic { !is_forking -> n_faults++ }
    if
    :: slot == PRIVATE /* nobody waits for the lock of a way that is there already */
    :: else ->
        lock(slot_locked);
        if
        :: slot != PRIVATE && !write -> link()
        :: slot != PRIVATE && write -> own()
        :: else
        fi;
        slot_locked = false
    fi;
    if
    :: slot == PRIVATE && me != OWNER ->
        lock(leaf_locked);
        if
        :: write && !leaf_writable[slot_table] -> break_leaf(slot_table)
        :: else
        fi;
        leaf_locked = false
    :: else
    fi;
    flush_both(me); /* PT-3 */
    n_faults--
}

/* What the hardware does when it remembers no leaf: a step for each level. */
inline walk()
{
    if
    :: !up_valid[me] ->
        atomic {
            if
            :: slot != PARKED -> up_valid[me] = true; up_table[me] = slot_table
            :: else
            fi
        }
    :: else
    fi;
    atomic {
        if
        :: up_valid[me] && leaf_valid[up_table[me]] ->
            tlb_valid[me] = true;
            tlb_frame[me] = leaf_frame[up_table[me]];
            tlb_writable[me] = leaf_writable[up_table[me]]
        :: else
        fi
    }
}

inline store()
{
    do
    :: atomic { tlb_valid[me] && tlb_writable[me] ->
            done++;
            frame[tlb_frame[me]] = done;
            break
        }
    :: !tlb_valid[me] -> walk();
        if
        :: !tlb_valid[me] -> fault(true)
        :: else
        fi
    :: tlb_valid[me] && !tlb_writable[me] -> fault(true)
    od
}

inline load()
{
    least = done;
    do
    :: atomic { tlb_valid[me] -> assert(frame[tlb_frame[me]] >= least); break }
    :: !tlb_valid[me] -> walk();
        if
        :: !tlb_valid[me] -> fault(false)
        :: else
        fi
    od
}

active proctype owner()
{
    byte me = OWNER;

    child_runs;
    fault(true)
}

active proctype writer()
{
    byte me = WRITER;

    store();
    store()
}

active proctype reader()
{
    byte me = READER, least;

    load();
    load();
    load()
}

active proctype forker()
{
    atomic { n_faults == 0 -> is_forking = true }
    lock(slot_locked);
    slot = PARKED
    slot_locked = false;
#ifdef PARK_UPPER_KEPT
    flush_all_leaves();
#else
    flush_all();
#endif
    child_runs = true;
    is_forking = false
}

/* It keeps its reference to the original: nobody edits that any more. */
active proctype child()
{
    byte first;

    child_runs;
    seal();
    first = frame[leaf_frame[ORIG]];
    assert(frame[leaf_frame[ORIG]] == first)
}
