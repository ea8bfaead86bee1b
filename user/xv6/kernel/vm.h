/* SPDX-License-Identifier: MIT */
/* How sys_sbrk() takes memory: at once, or at the first touch. */
#ifndef XV6_VM_H
#define XV6_VM_H

#define SBRK_EAGER 1
#define SBRK_LAZY  2

#endif
