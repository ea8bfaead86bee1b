// expect: pass
// spin: -safety
/* SPDX-License-Identifier: MIT */
/*
 * Counting the owners of a frame (COW-1, COW-3, COW-8).
 *
 * Frame 1 is shared by space 0 (two threads: one writes, one forks space 2) and space 1, which
 * writes or unmaps meanwhile. A writer who finds the count at one keeps the frame; any other
 * writer copies and drops its reference. What is checked:
 *   - a frame that one space can write is mapped by no other space;
 *   - nobody copies from a frame that was given back;
 *   - at the end each count is the number of entries, and frames without any are free.
 *
 * The test of the count is made under the lock of the table that holds the entry: only that
 * entry could add a reference, so a count of one is stable. A larger count is a hint and may
 * fall.
 *
 * Run: spin -run -safety refcount.pml
 * -DTEST_UNLOCKED: the count is tested before the lock is taken. -DDROP_FIRST: the old frame is
 * dropped before it is copied. Both are found (refcount-*.pml).
 */
#define SPACES 3
#define FRAMES 5 /* 0: none */

byte pte[SPACES];
bool writable[SPACES], locked[SPACES];
byte count[FRAMES];
bool freed[FRAMES];
byte done;

inline lock(s)
{
    atomic { !locked[s] -> locked[s] = true }
}

inline put(f)
{
    atomic {
        assert(count[f] > 0);
        count[f]--;
        freed[f] = (count[f] == 0)
    }
}

inline write_fault(s, spare)
{
#ifdef TEST_UNLOCKED
    old = pte[s]; /* the entry and its count as they were before the lock */
    sole = (count[old] == 1);
    lock(s);
#else
    lock(s);
    old = pte[s];
    sole = (count[old] == 1);
#endif
    if
    :: old == 0 || pte[s] != old || writable[s] -> old = 0
    :: else ->
        if
        :: sole -> writable[s] = true; old = 0
        :: else ->
#ifdef DROP_FIRST
            put(old);
#endif
            assert(!freed[old]); /* begins to copy */
            assert(!freed[old]); /* has copied */
            count[spare] = 1;
            atomic { pte[s] = spare; writable[s] = true }
        fi
    fi;
    locked[s] = false;
#ifndef DROP_FIRST
    if
    :: old != 0 -> put(old)
    :: else
    fi;
#endif
    done++
}

inline unmap(s)
{
    lock(s);
    old = pte[s];
    atomic { pte[s] = 0; writable[s] = false }
    locked[s] = false;
    put(old);
    done++
}

init
{
    atomic {
        pte[0] = 1; pte[1] = 1; count[1] = 2;
        run writer(0, 2); run forker(); run other()
    }
}

proctype writer(byte s; byte spare)
{
    byte old; bool sole;
    write_fault(s, spare)
}

proctype forker()
{
    byte old; bool sole;
    lock(0);
    atomic { count[pte[0]]++ }
    writable[0] = false;
    pte[2] = pte[0];
    locked[0] = false;
    write_fault(2, 4)
}

proctype other()
{
    byte old; bool sole;
    if
    :: write_fault(1, 3)
    :: unmap(1)
    fi
}

#define ALONE(a, b) (!(pte[a] != 0 && pte[a] == pte[b] && (writable[a] || writable[b])))
#define MAPS(f) ((pte[0] == f) + (pte[1] == f) + (pte[2] == f))
#define ADDS_UP(f) (count[f] == MAPS(f) && (!freed[f] || count[f] == 0))

active proctype monitor()
{
end:
    atomic { !(ALONE(0, 1) && ALONE(0, 2) && ALONE(1, 2)) -> assert(false) }
}

active proctype end_of_run()
{
end:
    atomic {
        done == 3 ->
        assert(ADDS_UP(1) && ADDS_UP(2) && ADDS_UP(3) && ADDS_UP(4))
        assert(count[1] > 0 || freed[1])
    }
}
