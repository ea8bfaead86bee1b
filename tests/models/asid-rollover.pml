// expect: pass
// spin: -safety -m200000
/* SPDX-License-Identifier: MIT */
/*
 * Numbers of address spaces and their generations, and who must be flushed (vm/tlb.c).
 *
 * Two harts load three address spaces in any order; the hardware has two numbers. A number
 * belongs to a generation; when the numbers are used up a new generation begins, and a hart
 * that loads its first address space of a generation flushes everything. A hart may go on
 * running an address space under its old number while another hart loads it under a new one.
 *
 * harts_cached: harts that may remember translations; harts_active (loaded): harts that have
 * it loaded. A flush strikes the others off harts_cached and interrupts those that are
 * active; a hart that finds itself struck off when it loads flushes its own.
 *
 * Checked at each use of a translation: it is not another address space's, and it is not
 * older than a change whose flush has ended. Memory is taken as ordered, as fences make it.
 *
 * What this needs, each with a switch that breaks it (asid-*.pml):
 *   - a space that had a number before is marked before its new one is seen; from then on
 *     flushes of it name no number, neither on this hart nor on the others. To mark it only
 *     when some hart has it loaded is not enough: a hart may be on its way (-DMARK_IF_LOADED);
 *   - a load reads the number once. If it does not, the renewal must at least strike all harts
 *     off before the new number is seen (-DREAD_TWICE -DSTRIKE_LATE).
 *
 * Run: spin -run -safety -m200000 asid-rollover.pml
 */
#define HARTS   2
#define SPACES  3
#define LOADS   3
#define LIMIT   2 /* numbers 0 and 1 */
#define NOBODY  SPACES
#define AT(h, number) ((h) * LIMIT + (number))

byte generation = 1, next_number;
bool asid_locked;
byte space_generation[SPACES], space_number[SPACES];
bool has_old[SPACES];
bool cached[SPACES * HARTS], loaded[SPACES * HARTS];
byte hart_generation[HARTS];
byte tlb_owner[HARTS * LIMIT] = NOBODY, tlb_version[HARTS * LIMIT];
byte version[SPACES], flushed[SPACES]; /* of the entry in memory; the last one flushed for */

inline flush_everything(h)
{
    d_step { tlb_owner[AT(h, 0)] = NOBODY; tlb_owner[AT(h, 1)] = NOBODY }
}

inline renew(s)
{
    atomic { !asid_locked -> asid_locked = true }
    if
    :: space_generation[s] != generation ->
        if
        :: next_number == LIMIT -> atomic { generation++; next_number = 0 }
        :: else
        fi;
#ifdef MARK_IF_LOADED
        has_old[s] = (has_old[s] || loaded[s * HARTS] || loaded[s * HARTS + 1]);
#else
        has_old[s] = (has_old[s] || space_generation[s] != 0);
#endif
#ifndef STRIKE_LATE
        d_step { cached[s * HARTS] = false; cached[s * HARTS + 1] = false }
#endif
        d_step {
            space_generation[s] = generation;
            space_number[s] = next_number;
            next_number++
        }
#ifdef STRIKE_LATE
        d_step { cached[s * HARTS] = false; cached[s * HARTS + 1] = false }
#endif
    :: else
    fi;
    asid_locked = false
}

inline load(h, s)
{
    if
    :: space_generation[s] != generation -> renew(s)
    :: else
    fi;
    d_step { own = space_number[s]; own_generation = space_generation[s] }
    if
    :: hart_generation[h] != own_generation ->
        hart_generation[h] = own_generation;
        flush_everything(h)
    :: else
    fi;
    loaded[s * HARTS + h] = true;
#ifdef READ_TWICE
    own = space_number[s];
#endif
    if
    :: !cached[s * HARTS + h] -> cached[s * HARTS + h] = true; tlb_owner[AT(h, own)] = NOBODY
    :: else
    fi
}

inline use(h, s)
{
    d_step {
        if
        :: tlb_owner[AT(h, own)] == NOBODY ->
            tlb_owner[AT(h, own)] = s;
            tlb_version[AT(h, own)] = version[s]
        :: else
        fi;
        assert(tlb_owner[AT(h, own)] == s);
        assert(tlb_version[AT(h, own)] >= flushed[s])
    }
}

inline change_and_flush(h, s)
{
    version[s] = 1;
    cached[s * HARTS + 1 - h] = false;
    is_active = loaded[s * HARTS + 1 - h];
    named = space_number[s];
    if
    :: has_old[s] -> flush_everything(h)
    :: else -> tlb_owner[AT(h, named)] = NOBODY
    fi;
    if
    :: is_active && has_old[s] -> flush_everything(1 - h)
    :: is_active && !has_old[s] -> tlb_owner[AT(1 - h, named)] = NOBODY
    :: else
    fi;
    flushed[s] = 1
}

active [HARTS] proctype hart()
{
    byte loads, s, own, own_generation, named;
    bool is_active;

    do
    :: loads == LOADS -> break
    :: loads < LOADS ->
        if
        :: s = 0
        :: s = 1
        :: s = 2
        fi;
        load(_pid, s);
        use(_pid, s);
        if
        :: _pid == 0 && s == 0 && version[0] == 0 -> change_and_flush(_pid, s)
        :: skip
        fi;
        use(_pid, s);
        loaded[s * HARTS + _pid] = false;
        loads++
    od
}
