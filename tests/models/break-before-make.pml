// expect: pass
// spin: -safety
/* SPDX-License-Identifier: MIT */
/*
 * Replacing the frame behind an address while other harts use it (COW-5).
 *
 * Three threads of one process on three harts. Hart 0 breaks a shared page: it copies the old
 * frame and makes the entry name the new one, writable. Hart 1 stores to the page and then
 * tells hart 2 about it; hart 2 looks. Each hart has a TLB entry of its own, which may
 * name the old frame, and which goes away only when that hart is flushed.
 *
 * Checked: once hart 1 has told, hart 2 sees its store. The entry is made invalid first, then
 * every hart is flushed, and only then is the new frame visible: so no hart can write the new
 * one while another one still reads the old.
 *
 * Run: spin -run -safety break-before-make.pml
 * -DMAKE_FIRST: the new frame is installed and the harts are flushed afterwards, one by one.
 */
#define HARTS 3
#define NONE  0
#define OLD   1
#define NEW   2

byte entry = OLD;       /* the page-table entry: a frame, or NONE while it is broken */
bool entry_writable;
byte tlb[HARTS];        /* what each hart remembers */
bool tlb_writable[HARTS];
byte frame[3];          /* contents */
bool told;

inline flush(h)
{
    atomic { tlb[h] = NONE; tlb_writable[h] = false }
}

/* Any hart may fill its TLB at any time, as hardware does. */
inline walk(h)
{
    atomic { entry != NONE -> tlb[h] = entry; tlb_writable[h] = entry_writable }
}

/* A translation that permits the access: what the TLB has, or a walk; a store that is
 * refused flushes its own hart and tries again until the page is broken. */
inline translate(h, is_store)
{
    do
    :: tlb[h] != NONE && (!is_store || tlb_writable[h]) -> break
    :: tlb[h] == NONE -> walk(h)
    :: tlb[h] != NONE && is_store && !tlb_writable[h] && entry_writable -> flush(h)
    od
}

active proctype breaker()
{
    frame[NEW] = frame[OLD];
#ifdef MAKE_FIRST
    atomic { entry = NEW; entry_writable = true }
    flush(0); flush(1); flush(2)
#else
    entry = NONE;
    flush(0); flush(1); flush(2);
    atomic { entry = NEW; entry_writable = true }
#endif
}

active proctype storer()
{
    if
    :: walk(1)
    :: skip
    fi;
    atomic { translate(1, true); frame[tlb[1]] = 1 }
    told = true
}

active proctype looker()
{
    byte seen;

    if
    :: walk(2)
    :: skip
    fi;
    told;
    atomic { translate(2, false); seen = frame[tlb[2]] }
    assert(seen == 1)
}
