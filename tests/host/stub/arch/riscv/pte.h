/* SPDX-License-Identifier: MIT */
/* Between the load of an entry and whatever is made of it another hart may go on, or the walker
 * of another hart set A and D. */
#pragma once

#define pte_load pte_load_of_hart
#include_next <arch/riscv/pte.h>
#undef pte_load

extern void (*stub_point_hook)(void);

static inline pte_t pte_load(const pte_t *slot)
{
    pte_t pte = pte_load_of_hart(slot);

    if (stub_point_hook)
        stub_point_hook();
    return pte;
}
