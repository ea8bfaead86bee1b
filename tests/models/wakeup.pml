// expect: pass
// spin: -safety
/* SPDX-License-Identifier: MIT */
/*
 * Sleeping without losing a wake-up, and without running on two harts (sched/wait.h).
 *
 * A sleeper waits for a condition twice; a waker on another hart makes it true twice; a third
 * hart runs whatever is runnable. The sleeper marks itself SLEEPING *before* it looks at the
 * condition; the waker changes the condition *before* it looks at the state. A sleeper that is
 * woken before it has left its hart just goes on; one that has left is put on the run
 * queue. State and "has left" change together under the run-queue lock.
 *
 * Checked: nobody waits for ever (a search finds such an end as an invalid one), and a
 * thread is never put on the run queue while it is still on a hart.
 *
 * Run: spin -run -safety wakeup.pml
 * -DLOOK_FIRST: the sleeper looks at the condition and marks itself afterwards.
 */
#define ROUNDS 2

mtype = { RUNNING, SLEEPING, RUNNABLE };

mtype state = RUNNING;
bool on_hart = true;   /* the sleeper's registers are still in use */
bool rq_locked;
bool condition;

inline rq_lock()
{
    atomic { !rq_locked -> rq_locked = true }
}

/* Leaves the hart unless a wake-up came first; goes on when it was given a hart again. */
inline wait_commit()
{
    rq_lock();
    if
    :: state == SLEEPING ->
        on_hart = false;
        rq_locked = false;
        state == RUNNING && on_hart
    :: else -> rq_locked = false
    fi
}

active proctype sleeper()
{
    byte n;

    do
    :: n == ROUNDS -> break
    :: n < ROUNDS ->
        do
#ifdef LOOK_FIRST
        :: condition -> break
        :: !condition ->
            state = SLEEPING;
#else
        :: state = SLEEPING; /* wait_prepare() */
            if
            :: condition -> rq_lock(); state = RUNNING; rq_locked = false; break
            :: else
            fi;
#endif
            wait_commit()
        od;
        condition = false;
        n++
    od
}

active proctype waker()
{
    byte n;

    do
    :: n == ROUNDS -> break
    :: n < ROUNDS && !condition ->
        condition = true;
        rq_lock();
        if
        :: state == SLEEPING && on_hart -> state = RUNNING
        :: state == SLEEPING && !on_hart -> state = RUNNABLE
        :: else
        fi;
        rq_locked = false;
        n++
    od
}

active proctype other_hart()
{
end:
    do
    :: state == RUNNABLE ->
        rq_lock();
        assert(!on_hart);
        atomic { state = RUNNING; on_hart = true }
        rq_locked = false
    od
}
