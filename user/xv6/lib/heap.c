/* SPDX-License-Identifier: MIT */
/*
 * sbrk: the program's memory from the end of its stack upwards.
 *
 * brk(2) would be the natural call, but Linux starts its area at a random address, and tests
 * for xv6 compute with the size of the whole program. So the heap is anonymous memory mapped
 * page by page at fixed addresses, which both kernels join to one area.
 *
 * xv6 gives memory at once and fails when there is none; Linux promises any amount. What a
 * program can see of that is the limit: memory taken with sbrk() ends at the PHYSTOP - KERNBASE
 * of the machine that xv6 knows, memory taken with sbrklazy() at the end of the addresses.
 */
#include <linux/mman.h>

#include "sys.h"
#include "kernel/riscv.h"
#include "kernel/memlayout.h"
#include "kernel/vm.h"
#include "user/user.h"

static uint64 heap_top;   /* one past the last byte */
static uint64 heap_eager; /* bytes taken with sbrk() */

static uint64 page_up(uint64 a)
{
    return (a + PGSIZE - 1) & ~(uint64)(PGSIZE - 1);
}

void heap_begin(uint64 start)
{
    heap_top = start;
}

static bool heap_map(uint64 from, uint64 to)
{
    if (from == to)
        return 1;
    return sys6(__NR_mmap, (long)from, (long)(to - from), PROT_READ | PROT_WRITE,
                MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | MAP_NORESERVE, -1, 0) > 0;
}

static char *heap_grow(uint64 n, int how)
{
    uint64 old = heap_top;

    if (old + n > TRAPFRAME)
        return SBRK_ERROR;
    if (how == SBRK_EAGER && heap_eager + n > PHYSTOP - KERNBASE)
        return SBRK_ERROR;
    if (!heap_map(page_up(old), page_up(old + n)))
        return SBRK_ERROR;
    heap_top = old + n;
    if (how == SBRK_EAGER)
        heap_eager += n;
    return (char *)old;
}

/* Gives back the pages above the new top. xv6 lets a program give back everything, this code
 * included; then the next instruction faults, as it does there. */
static char *heap_shrink(uint64 n)
{
    uint64 old = heap_top;

    if (n > old)
        return (char *)old; /* xv6 changes nothing and says nothing */
    heap_top = old - n;
    heap_eager -= n < heap_eager ? n : heap_eager;
    if (page_up(heap_top) < page_up(old))
        sys3(__NR_munmap, (long)page_up(heap_top), (long)(page_up(old) - page_up(heap_top)), 0);
    return (char *)old;
}

char *sys_sbrk(int n, int how)
{
    return n < 0 ? heap_shrink(-(uint64)n) : heap_grow((uint64)n, how);
}

char *sbrk(int n)
{
    return sys_sbrk(n, SBRK_EAGER);
}

char *sbrklazy(int n)
{
    return sys_sbrk(n, SBRK_LAZY);
}

WEAK void *mmap(void *addr, unsigned long n, int prot, int flags, int fd, long offset)
{
    return (void *)sys_result(sys6(__NR_mmap, (long)addr, (long)n, prot, flags, fd, offset));
}

WEAK int munmap(void *addr, unsigned long n)
{
    return (int)sys_result(sys3(__NR_munmap, (long)addr, (long)n, 0));
}
