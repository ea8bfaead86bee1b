/* SPDX-License-Identifier: MIT */
/*
 * The names of xv6's memory layout, with values that mean the same to a user program here.
 *
 * KERNBASE  the first address of the kernel: in the upper half, so that a test that reads
 *           around it meets memory which is really the kernel's
 * PHYSTOP   KERNBASE plus the memory of the machine that xv6 knows; sbrk() keeps to that
 *           amount, however much memory there is
 * TRAMPOLINE, TRAPFRAME, USYSCALL
 *           the last pages below MAXVA. Nothing of the kernel is there, and the library keeps
 *           them empty, so touching them ends the program, as it does on xv6
 *
 * A program's memory, from below: text, data, arguments, a guard page, the stack
 * (USERSTACK pages), and from there upwards what sbrk() gives.
 */
#ifndef XV6_MEMLAYOUT_H
#define XV6_MEMLAYOUT_H

#define KERNBASE   0xffffffff80000000L
#define PHYSTOP    (KERNBASE + 128 * 1024 * 1024)

#define TRAMPOLINE (MAXVA - PGSIZE)
#define TRAPFRAME  (TRAMPOLINE - PGSIZE)
#define USYSCALL   (TRAPFRAME - PGSIZE)

struct usyscall {
    int pid;
};

#endif
