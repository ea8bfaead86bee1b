/* SPDX-License-Identifier: MIT */
/* Included by programs that include kernel/file.h; there is nothing in it for a user program.
 */
#ifndef XV6_SPINLOCK_H
#define XV6_SPINLOCK_H

struct spinlock;

#endif
