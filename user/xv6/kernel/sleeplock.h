/* SPDX-License-Identifier: MIT */
/* Included by programs that include kernel/file.h; there is nothing in it for a user program.
 */
#ifndef XV6_SLEEPLOCK_H
#define XV6_SLEEPLOCK_H

struct sleeplock;

#endif
