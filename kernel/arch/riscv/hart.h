/* SPDX-License-Identifier: MIT */
/*
 * Harts: what is known of each hardware thread.
 *
 * The kernel numbers harts 0..n_harts-1 in the order of the device tree; the firmware's name
 * for one is `hartid`. Sets of harts are u64 masks over the kernel's numbers.
 *
 * mycpu() is current->hart. It stays the same as long as the caller does not call schedule():
 * the kernel is not preemptible. Fields are written by their own hart unless they say
 * otherwise.
 */
#pragma once

#include <arch/riscv/current.h>
#include <arch/riscv/page.h>
#include <lib/types.h>

struct thread;
struct spinlock;

/* hart->ipi_pending */
#define IPI_WAKE 1UL /* look at the run queue and at current->flags */
#define IPI_STOP 2UL /* a panic or power-off elsewhere: never run again */
#define IPI_CALL 4UL /* run the function that hart_call() left */

struct hart {
    u32 id;                 /* set at boot */
    u64 hartid;             /* set at boot: the firmware's name */
    struct thread *current; /* the running thread */
    struct thread *idle;    /* set at boot: runs when nothing else does */
    void *emergency_stack;  /* 32: set at boot: top of the stack for overflow reports */
    u64 ipi_pending;        /* atomic: IPI_* */
    bool online;            /* set once, atomic */
    bool in_interrupt;      /* an interrupt handler is running */
#ifdef DEBUG
    u32 n_held; /* spinlocks held, innermost last */
    struct spinlock *held[16];
#endif
};

extern struct hart harts[MAX_HARTS];
extern u32 n_harts;      /* set at boot; all are in harts[], online or not yet */
extern u64 harts_online; /* atomic: mask */

/* Entered by entry.S and C alike: where a thread keeps its hart. */
#define THREAD_HART_OFFSET 24

static always_inline struct hart *mycpu(void)
{
    return *(struct hart *const *)((const char *)current + THREAD_HART_OFFSET);
}

static inline u64 hart_bit(u32 id)
{
    return 1UL << id;
}

/* The firmware's masks are relative to firmware_hart_base. */
extern u64 firmware_hart_base;
u64 hart_mask_to_firmware(u64 harts_mask);

/* Interrupts the harts in the mask (others than the caller) with a reason. */
void ipi_send(u64 harts_mask, u64 reason);
/* Takes and clears the reasons; acknowledges the interrupt. */
u64 ipi_take(void);
/* Runs fn(arg) on each online hart, the caller's included, in interrupt context; returns when
 * all have. Interrupts must be on, and no lock held that a handler or a spinning hart might
 * want. */
void hart_call(void (*fn)(void *), void *arg);
void hart_call_handle(void);

/* What boot finds out in the device tree. */
struct machine {
    bool has_sstc;  /* stimecmp exists */
    bool has_svadu; /* hardware may update A and D; otherwise it faults when they are clear */
    bool has_svade;
    bool has_fpu;    /* F and D */
    u64 hwcap;       /* AT_HWCAP: one bit per single-letter extension */
    const char *isa; /* of hart 0; "" if unknown */
    const char *mmu_type;
    u64 timebase; /* ticks per second */
};
extern struct machine machine;

/* Fills machine, harts[] and n_harts. The boot hart becomes number 0. */
void hart_discover(const void *dtb, u64 boot_hartid);
/* What each hart does once for itself: trap vector, counters, interrupt sources. */
void hart_init_local(void);
/* Starts hart `id` in the kernel's address space, running entry() on its idle thread. 0 or
 * -EIO. */
int must_check hart_start(u32 id, void (*entry)(void));
