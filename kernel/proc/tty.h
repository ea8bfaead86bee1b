/* SPDX-License-Identifier: MIT */
/*
 * Terminals: the console's line discipline, its readers and writers, and job control.
 *
 * The path of a key: the port's interrupt puts the byte into `typed` and wakes the
 * terminal's kernel thread; that feeds the line discipline, which echoes and edits, wakes
 * readers, and sends the signals that keys ask for. So no work is done with interrupts off, and
 * echo and output exclude each other by a sleeping lock.
 *
 * TTY-1 User memory is never copied under a lock: readers and writers go through small buffers.
 * TTY-2 One reader and one writer at a time, in turns; waiting for a turn can be interrupted.
 * TTY-3 After a hang-up every file opened before is dead: reads end, writes give -EIO.
 *       /dev/console lives on, for process 1 and the next session.
 *
 * Locks: `lock` (sleeping) for the discipline and the window; proc_lock for who controls it;
 * `typed_lock` (interrupts off) for the bytes on their way.
 */
#pragma once

#include <asm/termios.h>
#include <lib/types.h>
#include <proc/tty_ldisc.h>
#include <sched/mutex.h>
#include <sched/wait.h>
#include <sync/spinlock.h>

struct file;
struct file_ops;
struct session;

#define TTY_TYPED_SIZE 4096u /* a power of two */
#define TTY_HELD_SIZE  512u

/* A turn that one thread at a time takes. */
struct tty_turn {
    u32 taken; /* atomic */
    struct waitq wait;
};

struct tty {
    u32 major, minor; /* set at creation */

    struct mutex lock;
    struct ldisc ldisc;     /* `lock` */
    struct winsize window;  /* `lock` */
    u8 held[TTY_HELD_SIZE]; /* `lock`: echo while output is stopped */
    u32 n_held;             /* `lock` */

    struct waitq read_wait;  /* input, hang-up */
    struct waitq write_wait; /* output goes on, hang-up */
    struct tty_turn read_turn, write_turn;

    struct session *session; /* proc_lock: whose controlling terminal it is */
    u32 pgid;                /* proc_lock for writing: foreground group, 0: none */
    u32 n_hangups;           /* atomic */
    bool is_exclusive;       /* atomic: TIOCEXCL */

    struct spinlock typed_lock;
    u32 typed_head, typed_tail; /* typed_lock */
    bool typed_is_held;         /* typed_lock: it is full, the port keeps the rest */
    u8 typed[TTY_TYPED_SIZE];   /* typed_lock */
    struct waitq typed_wait;
};

/* file->priv of an open terminal */
struct tty_file {
    struct tty *tty;
    u32 n_hangups; /* of the terminal when it was opened */
    bool is_console;
};

/* Registers /dev/console, /dev/tty and /dev/ttyS0 and takes the port's input. `cmdline` may set
 * the size of the window: LINES=, COLUMNS=. */
void tty_init(const char *cmdline);

/* Device number as st_rdev and /proc/PID/stat show it; 0 for NULL. */
u32 tty_device(const struct tty *tty);
static inline u32 tty_foreground(const struct tty *tty)
{
    return __atomic_load_n(&tty->pgid, __ATOMIC_RELAXED);
}
