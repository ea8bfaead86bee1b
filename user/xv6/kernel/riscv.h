/* SPDX-License-Identifier: MIT */
/* What a user program can use of the machine's definitions: pages, the size of an address
 * space, and the registers that it may read. */
#ifndef XV6_RISCV_H
#define XV6_RISCV_H

#define PGSIZE             4096
#define PGSHIFT            12

#define PGROUNDUP(sz)      (((sz) + PGSIZE - 1) & ~(PGSIZE - 1))
#define PGROUNDDOWN(a)     (((a)) & ~(PGSIZE - 1))

#define PTE_V              (1L << 0)
#define PTE_R              (1L << 1)
#define PTE_W              (1L << 2)
#define PTE_X              (1L << 3)
#define PTE_U              (1L << 4)
#define PTE_A              (1L << 6)
#define PTE_D              (1L << 7)

#define PA2PTE(pa)         ((((uint64)(pa)) >> 12) << 10)
#define PTE2PA(pte)        (((pte) >> 10) << 12)
#define PTE_FLAGS(pte)     ((pte)&0x3FF)

#define PXMASK             0x1FF
#define PXSHIFT(level)     (PGSHIFT + (9 * (level)))
#define PX(level, va)      ((((uint64)(va)) >> PXSHIFT(level)) & PXMASK)

#define SUPERPGSIZE        (2 * (1 << 20))
#define SUPERPGROUNDUP(sz) (((sz) + SUPERPGSIZE - 1) & ~(SUPERPGSIZE - 1))

/* One past the highest address of a user program: half of Sv39. */
#define MAXVA              (1L << (9 + 9 + 9 + 12 - 1))

#ifndef __ASSEMBLER__

typedef uint64 pte_t;
typedef uint64 *pagetable_t;

static inline uint64 r_sp(void)
{
    uint64 x;

    __asm__ volatile("mv %0, sp" : "=r"(x));
    return x;
}

static inline uint64 r_ra(void)
{
    uint64 x;

    __asm__ volatile("mv %0, ra" : "=r"(x));
    return x;
}

static inline uint64 r_fp(void)
{
    uint64 x;

    __asm__ volatile("mv %0, s0" : "=r"(x));
    return x;
}

static inline uint64 r_time(void)
{
    uint64 x;

    __asm__ volatile("rdtime %0" : "=r"(x));
    return x;
}

#endif
#endif
