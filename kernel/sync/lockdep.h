/* SPDX-License-Identifier: MIT */
/*
 * The lock-order checker (debug builds).
 *
 * All locks of one name are a class. Whenever a lock of class B is taken while one of class A
 * is held, the edge A -> B enters a graph; an edge that would close a cycle is a possible
 * deadlock and panics at once, though it may take a thousand runs until harts really meet in
 * it. Rules, each a panic:
 *
 * LOCK-1 The graph has no cycle.
 * LOCK-2 Two locks of one spinlock class are taken only by spin_lock_pair().
 * LOCK-3 A class that interrupt handlers take is never taken with interrupts on.
 * LOCK-4 Nobody sleeps, or takes a sleeping lock, with a spinlock held.
 * LOCK-5 Nor is a class that is taken while one that interrupt handlers take is held: its
 *        holder could be interrupted by a handler that waits for the waiter.
 *
 * Sleeping locks of one class may nest (parent and child inode); their order is their owner's
 * business.
 */
#pragma once

#include <lib/types.h>

struct lock_class;

#ifdef DEBUG
/* The class of that name; made on first use. */
struct lock_class *lock_class_of(const char *name);
/* `before` (may be NULL) is held, `next` is about to be taken. */
void lockdep_order(struct lock_class *before, struct lock_class *next);
/* A spinlock of the class is taken, with interrupts on or off, in a handler or not. */
void lockdep_irq_use(struct lock_class *class, bool irqs_on, bool in_handler);
#endif
