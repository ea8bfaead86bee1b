/* SPDX-License-Identifier: MIT */
/*
 * Kernel stacks.
 *
 * The lower part of the KMAP window is cut into slots: a guard page that is never mapped, then
 * a stack. Mapping and unmapping cost a flush on all harts, so both are done to several stacks
 * at once: a stack that is given back stays mapped in a pool, which many leave together when it
 * is full or memory runs dry, and which gets a few together when it is empty.
 *
 * Locks: `stacks.lock` guards the pool and the slots, and is never held across another call.
 */
#include <arch/riscv/hart.h>
#include <arch/riscv/tlb.h>
#include <lib/bitmap.h>
#include <lib/string.h>
#include <mem/fail.h>
#include <mem/internal.h>
#include <mem/kmap.h>

#define KSTACK_PAGES (KSTACK_SIZE / PAGE_SIZE)
#define SLOT_SIZE    (KSTACK_SIZE + PAGE_SIZE)
#define SLOTS_SIZE   (3 * GiB) /* the rest of the window is for devices */
#define N_SLOTS      (SLOTS_SIZE / SLOT_SIZE)
#define POOL_MAX     128
#define BATCH        8 /* stacks made at once */

/* A stack in the pool; stands at its lowest address. */
struct pooled_stack {
    struct pooled_stack *next;
};

static struct {
    struct spinlock lock;
    struct pooled_stack *pool;        /* `lock` */
    u64 n_pool;                       /* `lock` */
    size_t slot_hint;                 /* `lock`: no slot below is free */
    u64 slots[BITMAP_WORDS(N_SLOTS)]; /* `lock`: in use, pool included */
} stacks = {.lock = SPINLOCK_INIT("mem.stacks")};

/* --- slots --- */

static vaddr_t slot_stack(size_t slot)
{
    return KMAP_BASE + slot * SLOT_SIZE + PAGE_SIZE; /* KMAP-2 */
}

/* Returns: the stack address of a free slot, 0 if there is none. */
static vaddr_t slot_take(void)
{
    u64 irq = spin_lock_irqsave(&stacks.lock);
    size_t slot = bitmap_find_clear(stacks.slots, N_SLOTS, stacks.slot_hint);
    if (slot < N_SLOTS) {
        bitmap_set(stacks.slots, slot);
        stacks.slot_hint = slot + 1;
    }
    spin_unlock_irqrestore(&stacks.lock, irq);
    return slot < N_SLOTS ? slot_stack(slot) : 0;
}

static void slot_give(vaddr_t stack)
{
    size_t slot = (stack - KMAP_BASE) / SLOT_SIZE;
    u64 irq = spin_lock_irqsave(&stacks.lock);
    bitmap_clear(stacks.slots, slot);
    stacks.slot_hint = min(stacks.slot_hint, slot);
    spin_unlock_irqrestore(&stacks.lock, irq);
}

/* --- the pool --- */

static inline struct pooled_stack *pool_take(void)
{
    u64 irq = spin_lock_irqsave(&stacks.lock);
    struct pooled_stack *stack = stacks.pool;
    if (stack) {
        stacks.pool = stack->next;
        stacks.n_pool--;
    }
    spin_unlock_irqrestore(&stacks.lock, irq);
    return stack;
}

/* Returns: how many the pool holds now. */
static u64 pool_put(void *at)
{
    struct pooled_stack *stack = at;
    u64 irq = spin_lock_irqsave(&stacks.lock);
    stack->next = stacks.pool;
    stacks.pool = stack;
    u64 n = ++stacks.n_pool;
    spin_unlock_irqrestore(&stacks.lock, irq);
    return n;
}

/* Unmaps the stacks in the pool beyond `keep`. Returns: the frames given back. */
static u64 pool_trim(u64 keep)
{
    struct list_head frames = LIST_INIT(frames);
    vaddr_t unmapped[POOL_MAX];
    u64 n = 0;
    while (n < POOL_MAX && __atomic_load_n(&stacks.n_pool, __ATOMIC_RELAXED) > keep) {
        struct pooled_stack *stack = pool_take();
        if (!stack)
            break;
        for (u64 i = 0; i < KSTACK_PAGES; i++)
            window_unmap((vaddr_t)stack + i * PAGE_SIZE, &frames);
        unmapped[n++] = (vaddr_t)stack;
    }
    if (n == 0)
        return 0;
    window_end_unmap(&frames);
    for (u64 i = 0; i < n; i++)
        slot_give(unmapped[i]);
    return n * KSTACK_PAGES;
}

/* --- making them --- */

static void stack_undo(vaddr_t stack, u64 n_pages)
{
    struct list_head frames = LIST_INIT(frames);
    for (u64 i = 0; i < n_pages; i++)
        window_unmap(stack + i * PAGE_SIZE, &frames);
    window_end_unmap(&frames);
    slot_give(stack);
}

/* Returns: the stack, to be used after a flush; 0 if there is no memory or no slot. */
static vaddr_t stack_map(void)
{
    vaddr_t stack = slot_take();
    for (u64 i = 0; stack && i < KSTACK_PAGES; i++) {
        vaddr_t va = stack + i * PAGE_SIZE;
        if (window_reserve(va) < 0) {
            stack_undo(stack, i);
            return 0;
        }
        struct page *frame = kalloc_internal(PAGE_KERNEL);
        if (!frame) {
            stack_undo(stack, i + 1);
            return 0;
        }
        window_map(va, page_to_pfn(frame));
    }
    return stack;
}

/* One stack for the caller, and some more for the pool if there is memory for them. */
static no_inline void *stacks_create(void)
{
    vaddr_t made[BATCH];
    unsigned n = 0;
    while (n < BATCH && (made[n] = stack_map()))
        n++;
    if (n == 0)
        return NULL;
    /* a hart may have cached that there was nothing */
    tlb_flush_all_remote(__atomic_load_n(&harts_online, __ATOMIC_ACQUIRE));
    while (n > 1)
        pool_put((void *)made[--n]);
    return (void *)made[0];
}

void *kstack_alloc(void)
{
    if (alloc_should_fail())
        return NULL;
    void *stack = pool_take();
    return stack ? stack : stacks_create();
}

void kstack_free(void *stack)
{
    if (pool_put(stack) > POOL_MAX)
        pool_trim(POOL_MAX / 2);
}

void kstack_drain(void)
{
    while (pool_trim(0) > 0)
        ;
}

/* --- memory pressure --- */

static u64 stacks_n_reclaimable(void)
{
    return __atomic_load_n(&stacks.n_pool, __ATOMIC_RELAXED) * KSTACK_PAGES;
}

static u64 stacks_reclaim(u64 pages)
{
    (void)pages;
    return pool_trim(0);
}

static struct mem_reclaimer stacks_reclaimer = {
    .n_reclaimable = stacks_n_reclaimable,
    .reclaim = stacks_reclaim,
};

void kstack_init(void)
{
    mem_register_reclaim(&stacks_reclaimer);
}
