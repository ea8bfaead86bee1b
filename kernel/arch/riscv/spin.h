/* SPDX-License-Identifier: MIT */
/*
 * The wait for a spinlock.
 *
 * It is hardly ever needed, but it is called from wherever a lock is taken. An ordinary call
 * would make each of those places save registers before it knows whether it waits; so this one
 * keeps all registers but t0, in which it gets the address to return to.
 */
#pragma once

#include <lib/types.h>

/* Until the word looks like zero. */
static always_inline void spin_wait(const u64 *word)
{
    register const u64 *at __asm__("t1") = word;
    __asm__ volatile("call t0, spin_wait_slowly" : : "r"(at) : "t0", "memory");
}
