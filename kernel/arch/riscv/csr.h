/* SPDX-License-Identifier: MIT */
/* Control and status registers of supervisor mode (privileged spec 4.1) and interrupts on and
 * off. */
#pragma once

#ifndef __ASSEMBLER__
#include <lib/types.h>
#endif

#define SSTATUS_SIE          (1 << 1)
#define SSTATUS_SPIE         (1 << 5)
#define SSTATUS_SPP          (1 << 8)
#define SSTATUS_FS           (3 << 13) /* state of the floating-point registers: */
#define SSTATUS_FS_OFF       0         /* an FP instruction traps */
#define SSTATUS_FS_CLEAN     (2 << 13)
#define SSTATUS_FS_DIRTY     (3 << 13)
#define SSTATUS_SUM          (1 << 18) /* the kernel may touch user pages */

#define SIE_SOFT             (1 << 1)
#define SIE_TIMER            (1 << 5)
#define SIE_EXTERNAL         (1 << 9)

#define SCAUSE_INTERRUPT     (1UL << 63)
#define IRQ_SOFT             1
#define IRQ_TIMER            5
#define IRQ_EXTERNAL         9

#define EXC_FETCH_MISALIGNED 0
#define EXC_FETCH_ACCESS     1
#define EXC_ILLEGAL          2
#define EXC_BREAKPOINT       3
#define EXC_LOAD_MISALIGNED  4
#define EXC_LOAD_ACCESS      5
#define EXC_STORE_MISALIGNED 6
#define EXC_STORE_ACCESS     7
#define EXC_ECALL_USER       8
#define EXC_FETCH_PAGE       12
#define EXC_LOAD_PAGE        13
#define EXC_STORE_PAGE       15

#define SCOUNTEREN_ALL       7 /* cycle, time and instret readable in user mode */

#ifndef __ASSEMBLER__
#define csr_read(csr)                                                       \
    ({                                                                      \
        u64 csr_value_;                                                     \
        __asm__ volatile("csrr %0, " #csr : "=r"(csr_value_) : : "memory"); \
        csr_value_;                                                         \
    })
#define csr_write(csr, value) \
    __asm__ volatile("csrw " #csr ", %0" : : "rK"((u64)(value)) : "memory")
#define csr_set(csr, bits) \
    __asm__ volatile("csrs " #csr ", %0" : : "rK"((u64)(bits)) : "memory")
#define csr_clear(csr, bits) \
    __asm__ volatile("csrc " #csr ", %0" : : "rK"((u64)(bits)) : "memory")

static always_inline void irq_enable(void)
{
    csr_set(sstatus, SSTATUS_SIE);
}

static always_inline void irq_disable(void)
{
    csr_clear(sstatus, SSTATUS_SIE);
}

static always_inline bool irq_is_enabled(void)
{
    return csr_read(sstatus) & SSTATUS_SIE;
}

/* Turns interrupts off. Returns the state for irq_restore(). */
static always_inline u64 must_check irq_save(void)
{
    u64 status;
    __asm__ volatile("csrrci %0, sstatus, 2" : "=r"(status) : : "memory");
    return status & SSTATUS_SIE;
}

static always_inline void irq_restore(u64 state)
{
    csr_set(sstatus, state);
}

static always_inline void cpu_relax(void)
{
    __asm__ volatile(".word 0x0100000f"
                     :
                     :
                     : "memory"); /* pause (Zihintpause), a fence elsewhere */
}

static always_inline void cpu_wait_for_interrupt(void)
{
    __asm__ volatile("wfi" : : : "memory");
}
#endif
