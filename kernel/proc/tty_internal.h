/* SPDX-License-Identifier: MIT */
/* What the parts of the terminal tell each other: tty.c, tty_ioctl.c, tty_job.c. */
#pragma once

#include <proc/tty.h>
#include <vfs/vfs.h>

/* --- tty.c --- */
bool tty_file_is_dead(const struct tty_file *tf);
/* After `stopped` may have changed. Locks: tty->lock. */
void tty_output_resume_locked(struct tty *tty);
void tty_input_flush_locked(struct tty *tty);

/* --- tty_ioctl.c --- */
s64 tty_ioctl(struct file *file, u32 cmd, u64 arg);

/* --- tty_job.c --- */
struct tty *tty_of_session(void); /* the caller's controlling terminal, or NULL */
/* A signal for the foreground group. */
void tty_signal_foreground(struct tty *tty, int signo);
/* May the caller's group use its terminal now? Returns: 0, -EIO, or -EINTR after the group was
 * sent `signo` (SIGTTIN or SIGTTOU). */
int tty_check_foreground(struct tty *tty, int signo);
/* Opening without O_NOCTTY: a session leader without a terminal gets this one. */
void tty_adopt(struct tty *tty);
/* The ioctls of the same names. */
int tty_set_controlling(struct tty *tty, bool steal, bool may_read);
int tty_give_up(struct tty *tty);
int tty_set_foreground(struct tty *tty, s32 pgid);
/* Ends what was opened before and tells the session. */
void tty_hang_up(struct tty *tty);
