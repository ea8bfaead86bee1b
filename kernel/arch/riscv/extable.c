/* SPDX-License-Identifier: MIT */
/* Where the kernel goes on after a fault on a bad user address: see uaccess.S. */
#include <arch/riscv/uaccess.h>

extern const struct ex_entry ex_table_start[], ex_table_end[];

static u64 absolute(const s32 *field)
{
    return (u64)field + (s64)*field;
}

u64 ex_table_find(u64 pc)
{
    for (const struct ex_entry *e = ex_table_start; e < ex_table_end; e++)
        if (pc >= absolute(&e->from) && pc < absolute(&e->to))
            return absolute(&e->fixup);
    return 0;
}
