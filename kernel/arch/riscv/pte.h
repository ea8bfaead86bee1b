/* SPDX-License-Identifier: MIT */
/*
 * Page-table entries (Sv39; privileged spec 4.3 and 4.4): bits, constructors, questions.
 *
 *   63  61..54  53..10  9 8   7 6 5 4 3 2 1 0
 *   N.. zero    PFN     RSW   D A G U X W R V
 *
 *   V R W X   meaning
 *   0 - - -   nothing for the hardware; all other bits belong to software
 *   1 0 0 0   points at a table of the next level
 *   1 r 0 x   read-only or executable leaf
 *   1 1 1 x   writable leaf (W without R is reserved: pte_prot_bits() never makes it)
 *
 * RSW bit 8 is PTE_COW on leaves, RSW bit 9 is PTE_SHARED on non-leaf entries; what they mean
 * is docs/fork.md. Entries in live tables may be changed by a walker that sets A and D: change
 * those with pte_swap() or pte_cmpxchg(), never by load, modify, store.
 *
 * Hardware only: what an area permits is policy, and lives in vm/.
 */
#pragma once

#include <arch/riscv/page.h>
#include <lib/types.h>

typedef struct {
    u64 bits;
} pte_t;

#define PTE_V           (1UL << 0)
#define PTE_R           (1UL << 1)
#define PTE_W           (1UL << 2)
#define PTE_X           (1UL << 3)
#define PTE_U           (1UL << 4)
#define PTE_G           (1UL << 5)
#define PTE_A           (1UL << 6)
#define PTE_D           (1UL << 7)
#define PTE_COW         (1UL << 8) /* leaf: shared until somebody writes */
#define PTE_SHARED      (1UL << 9) /* non-leaf: the table has other references */

#define PTE_PFN_SHIFT   10
#define PTE_PERM_MASK   (PTE_R | PTE_W | PTE_X)
#define PTE_FLAG_MASK   0x3ffUL

#define PTE_NONE        ((pte_t){0})

#define SATP_MODE_SV39  (8UL << 60)
#define SATP_ASID_SHIFT 44
#define SATP_ASID_MASK  0xffffUL
#define SATP_PPN_MASK   ((1UL << 44) - 1)

static inline pte_t pte_make(pfn_t pfn, u64 bits)
{
    return (pte_t){(pfn << PTE_PFN_SHIFT) | bits};
}

/* An entry that points at a table of the next level. */
static inline pte_t pte_make_table(pfn_t pfn)
{
    return pte_make(pfn, PTE_V);
}

/* A table with other references, for walkers to use. */
static inline pte_t pte_make_linked(pfn_t pfn)
{
    return pte_make(pfn, PTE_V | PTE_SHARED);
}

/* A table with other references, out of all walkers' sight. */
static inline pte_t pte_make_parked(pfn_t pfn)
{
    return pte_make(pfn, PTE_SHARED);
}

static inline pfn_t pte_pfn(pte_t pte)
{
    return pte.bits >> PTE_PFN_SHIFT; /* the bits above the PFN are zero in all our entries */
}

static inline paddr_t pte_pa(pte_t pte)
{
    return pte_pfn(pte) << PAGE_SHIFT;
}

static inline u64 pte_flags(pte_t pte)
{
    return pte.bits & PTE_FLAG_MASK;
}

/* Nothing at all: neither the hardware nor software has anything here. */
static inline bool pte_is_none(pte_t pte)
{
    return pte.bits == 0;
}

static inline bool pte_is_valid(pte_t pte)
{
    return pte.bits & PTE_V;
}

static inline bool pte_is_leaf(pte_t pte)
{
    return (pte.bits & PTE_V) && (pte.bits & PTE_PERM_MASK);
}

static inline bool pte_is_table(pte_t pte)
{
    return (pte.bits & (PTE_V | PTE_PERM_MASK)) == PTE_V;
}

static inline bool pte_is_readable(pte_t pte)
{
    return pte.bits & PTE_R;
}

static inline bool pte_is_writable(pte_t pte)
{
    return pte.bits & PTE_W;
}

static inline bool pte_is_executable(pte_t pte)
{
    return pte.bits & PTE_X;
}

static inline bool pte_is_user(pte_t pte)
{
    return pte.bits & PTE_U;
}

static inline bool pte_is_accessed(pte_t pte)
{
    return pte.bits & PTE_A;
}

static inline bool pte_is_dirty(pte_t pte)
{
    return pte.bits & PTE_D;
}

static inline bool pte_is_cow(pte_t pte)
{
    return pte.bits & PTE_COW;
}

static inline bool pte_is_shared(pte_t pte)
{
    return pte.bits & PTE_SHARED;
}

/* Upper entry: there is a table, and nobody else refers to it. */
static inline bool pte_is_private(pte_t pte)
{
    return (pte.bits & (PTE_V | PTE_SHARED)) == PTE_V;
}

static inline bool pte_is_parked(pte_t pte)
{
    return (pte.bits & (PTE_V | PTE_SHARED)) == PTE_SHARED;
}

static inline pte_t pte_with(pte_t pte, u64 set)
{
    return (pte_t){pte.bits | set};
}

static inline pte_t pte_xor(pte_t pte, u64 flip)
{
    return (pte_t){pte.bits ^ flip};
}

static inline pte_t pte_without(pte_t pte, u64 clear)
{
    return (pte_t){pte.bits & ~clear};
}

static inline bool pte_equal(pte_t a, pte_t b)
{
    return a.bits == b.bits;
}

/* R, W, X bits for a wish: write access implies read access, since W without R is reserved. */
static inline u64 pte_prot_bits(bool read, bool write, bool exec)
{
    return (read || write ? PTE_R : 0) | (write ? PTE_W : 0) | (exec ? PTE_X : 0);
}

static inline pte_t pte_load(const pte_t *slot)
{
    return (pte_t){__atomic_load_n(&slot->bits, __ATOMIC_RELAXED)};
}

/* The stores before it (a filled frame, a filled table) are seen before the entry is. */
static inline void pte_store(pte_t *slot, pte_t pte)
{
    __atomic_store_n(&slot->bits, pte.bits, __ATOMIC_RELEASE);
}

/* Returns what was there, with the A and D that a walker may have set meanwhile. */
static inline pte_t pte_swap(pte_t *slot, pte_t pte)
{
    return (pte_t){__atomic_exchange_n(&slot->bits, pte.bits, __ATOMIC_ACQ_REL)};
}

/* Sets or clears bits; returns what was there. */
static inline pte_t pte_set_bits(pte_t *slot, u64 set)
{
    return (pte_t){__atomic_fetch_or(&slot->bits, set, __ATOMIC_ACQ_REL)};
}

static inline pte_t pte_clear_bits(pte_t *slot, u64 clear)
{
    return (pte_t){__atomic_fetch_and(&slot->bits, ~clear, __ATOMIC_ACQ_REL)};
}

/* Returns: true and stores `to` if the entry was *from; otherwise false, and *from is what is
 * there. */
static inline bool pte_cmpxchg(pte_t *slot, pte_t *from, pte_t to)
{
    return __atomic_compare_exchange_n(&slot->bits, &from->bits, to.bits, false,
                                       __ATOMIC_ACQ_REL, __ATOMIC_RELAXED);
}

/* Index into a table of `level` (2 = root) for an address. */
static inline unsigned pt_index(vaddr_t va, unsigned level)
{
    return (va >> (PAGE_SHIFT + PT_SHIFT * level)) & (PT_ENTRIES - 1);
}

/* Bytes that one entry of a table of `level` covers. */
static inline u64 pt_span(unsigned level)
{
    return PAGE_SIZE << (PT_SHIFT * level);
}

static inline u64 satp_make(pfn_t root, u64 asid)
{
    return SATP_MODE_SV39 | (asid << SATP_ASID_SHIFT) | root;
}
