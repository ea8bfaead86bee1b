/* SPDX-License-Identifier: MIT */
/*
 * What a native test needs of the machine and the layers left and right of what it tests.
 *
 * stub/kernel.c: panic() ends the program (or is caught by stub_panics()), locks count, there
 * are MAX_HARTS harts and the test says on which it runs.
 * stub/arena.c: a piece of the test's memory that stands for RAM, behind the real mem/page.c.
 */
#pragma once

#include <lib/types.h>

#include <setjmp.h>

/* --- kernel.c --- */

/* From now on the code runs on this hart. */
void stub_set_hart(u32 id);
extern _Thread_local u32 stub_n_held; /* spinlocks held */
extern int stub_fail_countdown;       /* what mem/fail.c counts down */
extern char stub_panic_text[512];     /* of the last panic caught */

extern jmp_buf stub_panic_jump;
extern bool stub_panic_is_caught;

/* True if the expression panics. */
#define stub_panics(expression)               \
    ({                                        \
        volatile bool stub_did_panic_ = true; \
        stub_panic_is_caught = true;          \
        if (setjmp(stub_panic_jump) == 0) {   \
            (void)(expression);               \
            stub_did_panic_ = false;          \
        }                                     \
        stub_panic_is_caught = false;         \
        stub_did_panic_;                      \
    })

/* Another hart may go on here; one must, until a lock is free. See stub/fibers.h. */
void stub_point(void);
void stub_linger(void); /* a place where a hart may be held up for long */
void stub_wait(const char *name);
extern void (*stub_point_hook)(void);
extern void (*stub_linger_hook)(void);
extern void (*stub_wait_hook)(const char *name);

/* --- arena.c --- */

#define STUB_RAM_BASE \
    0x80000000UL /* the physical address at which the arena pretends to be \
                  */

/* Makes n frames of RAM, a hole of frames that are reserved among them every `hole_every`
 * frames (0: none), and starts the frame allocator and mem_alloc() over them. May be called
 * anew after stub_ram_destroy(). */
void stub_ram_create(u64 n_frames, u64 hole_every);
/* Frees the arena. All that was allocated in it must have been given back. */
void stub_ram_destroy(void);
