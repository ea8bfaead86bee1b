/* SPDX-License-Identifier: MIT */
/*
 * ioctl on a terminal: settings, window, queues, job control; as ioctl_tty(2) lists them.
 *
 * A command that changes the terminal is refused to background groups (SIGTTOU) before anything
 * else. User memory is read before the terminal's lock is taken and written after it was
 * dropped.
 */
#include <lib/string.h>
#include <linux/errno.h>
#include <linux/fcntl.h>
#include <linux/signal.h>
#include <linux/tty.h>
#include <proc/proc.h>
#include <proc/tty_internal.h>
#include <vm/uaccess.h>

/* ---- settings -------------------------------------------------------------------- */

/* struct termios is the beginning of struct termios2, which has the speeds behind it; ktermios
 * equals termios2. */
_Static_assert(sizeof(struct ktermios) == sizeof(struct termios2), "layout");
_Static_assert(offsetof(struct ktermios, c_ispeed) <= sizeof(struct termios), "layout");

static int settings_get(struct tty *tty, u64 arg, size_t size)
{
    struct ktermios now;

    mutex_lock(&tty->lock);
    now = tty->ldisc.termios;
    mutex_unlock(&tty->lock);
    return copyout(arg, &now, size);
}

static u32 speed_of(tcflag_t cflag, u32 other)
{
    static const u32 low[] = {0,   50,   75,   110,  134,  150,  200,   300,
                              600, 1200, 1800, 2400, 4800, 9600, 19200, 38400};
    static const u32 high[] = {0,       57600,   115200,  230400,  460800,  500000,
                               576000,  921600,  1000000, 1152000, 1500000, 2000000,
                               2500000, 3000000, 3500000, 4000000};

    if ((cflag & CBAUD) == BOTHER)
        return other;
    return (cflag & CBAUDEX ? high : low)[cflag & CBAUD & ~CBAUDEX];
}

static int settings_set(struct tty *tty, u64 arg, size_t size, bool flush)
{
    int err = tty_check_foreground(tty, SIGTTOU);
    struct ktermios next = tty->ldisc.termios;

    if (err == 0)
        err = copyin(&next, arg, size);
    if (err != 0)
        return err;
    next.c_ospeed = speed_of(next.c_cflag, next.c_ospeed);
    next.c_ispeed = next.c_ospeed;

    mutex_lock(&tty->lock);
    if (flush)
        tty_input_flush_locked(tty);
    ldisc_set_termios(&tty->ldisc, &next);
    tty_output_resume_locked(tty);
    mutex_unlock(&tty->lock);
    wake_all(&tty->read_wait); /* what counts as readable may have changed */
    wake_one(&tty->typed_wait);
    return 0;
}

/* ---- window ---------------------------------------------------------------------- */

static int window_get(struct tty *tty, u64 arg)
{
    struct winsize now;

    mutex_lock(&tty->lock);
    now = tty->window;
    mutex_unlock(&tty->lock);
    return copyout(arg, &now, sizeof(now));
}

static int window_set(struct tty *tty, u64 arg)
{
    struct winsize next;
    int err = copyin(&next, arg, sizeof(next));

    if (err != 0)
        return err;
    mutex_lock(&tty->lock);
    bool differs = memcmp(&next, &tty->window, sizeof(next)) != 0;
    tty->window = next;
    mutex_unlock(&tty->lock);
    if (differs)
        tty_signal_foreground(tty, SIGWINCH);
    return 0;
}

/* ---- queues and flow ------------------------------------------------------------- */

static int put_int(u64 arg, s32 value)
{
    return copyout(arg, &value, sizeof(value));
}

static int readable_get(struct tty *tty, u64 arg)
{
    mutex_lock(&tty->lock);
    s32 n = (s32)ldisc_n_readable(&tty->ldisc);
    mutex_unlock(&tty->lock);
    return put_int(arg, n);
}

/* Output needs no flushing: it has left before write(2) returns. */
static int queue_flush(struct tty *tty, u64 which)
{
    int err = tty_check_foreground(tty, SIGTTOU);

    if (err != 0)
        return err;
    if (which > TCIOFLUSH)
        return -EINVAL;
    mutex_lock(&tty->lock);
    if (which != TCOFLUSH)
        tty_input_flush_locked(tty);
    if (which != TCIFLUSH)
        tty->n_held = 0;
    mutex_unlock(&tty->lock);
    wake_one(&tty->typed_wait);
    return 0;
}

static int flow_set(struct tty *tty, u64 action)
{
    int err = tty_check_foreground(tty, SIGTTOU);

    if (err != 0)
        return err;
    if (action > TCION)
        return -EINVAL;
    mutex_lock(&tty->lock);
    const cc_t *keys = tty->ldisc.termios.c_cc;
    if (action == TCOOFF || action == TCOON) {
        tty->ldisc.stopped = action == TCOOFF;
        tty_output_resume_locked(tty);
    } else {
        u8 key = keys[action == TCIOFF ? VSTOP : VSTART];

        if (key != 0)
            ldisc_output(&tty->ldisc, &key, 1);
    }
    mutex_unlock(&tty->lock);
    return 0;
}

/* ---- job control ----------------------------------------------------------------- */

static int foreground_get(struct tty *tty, u64 arg)
{
    if (tty_of_session() != tty)
        return -ENOTTY;
    return put_int(arg, (s32)tty_foreground(tty));
}

static int foreground_set(struct tty *tty, u64 arg)
{
    s32 pgid;
    int err = copyin(&pgid, arg, sizeof(pgid));

    return err ? err : tty_set_foreground(tty, pgid);
}

static int session_get(struct tty *tty, u64 arg)
{
    if (tty_of_session() != tty)
        return -ENOTTY;
    return put_int(arg, (s32)proc_sid(proc_current()));
}

static int hang_up(struct tty *tty)
{
    if (!cred_is_root(current->cred))
        return -EPERM;
    tty_hang_up(tty);
    return 0;
}

/* ---- the table ------------------------------------------------------------------- */

static s64 settings_ioctl(struct tty *tty, u32 cmd, u64 arg)
{
    switch (cmd) {
    case TCGETS:
        return settings_get(tty, arg, sizeof(struct termios));
    case TCGETS2:
        return settings_get(tty, arg, sizeof(struct termios2));
    case TCSETS:
    case TCSETSW:
        return settings_set(tty, arg, sizeof(struct termios), false);
    case TCSETS2:
    case TCSETSW2:
        return settings_set(tty, arg, sizeof(struct termios2), false);
    case TCSETSF:
        return settings_set(tty, arg, sizeof(struct termios), true);
    case TCSETSF2:
        return settings_set(tty, arg, sizeof(struct termios2), true);
    case TIOCGWINSZ:
        return window_get(tty, arg);
    case TIOCSWINSZ:
        return window_set(tty, arg);
    default:
        return -ENOTTY;
    }
}

static s64 job_ioctl(struct file *file, struct tty *tty, u32 cmd, u64 arg)
{
    switch (cmd) {
    case TIOCGPGRP:
        return foreground_get(tty, arg);
    case TIOCSPGRP:
        return foreground_set(tty, arg);
    case TIOCGSID:
        return session_get(tty, arg);
    case TIOCSCTTY:
        return tty_set_controlling(tty, arg == 1, (file->flags & O_ACCMODE) != O_WRONLY);
    case TIOCNOTTY:
        return tty_give_up(tty);
    case TIOCVHANGUP:
        return hang_up(tty);
    default:
        return settings_ioctl(tty, cmd, arg);
    }
}

s64 tty_ioctl(struct file *file, u32 cmd, u64 arg)
{
    struct tty_file *tf = file->priv;
    struct tty *tty = tf->tty;

    if (tty_file_is_dead(tf))
        return cmd == TIOCSPGRP ? -ENOTTY : -EIO;
    switch (cmd) {
    case TCFLSH:
        return queue_flush(tty, arg);
    case TCXONC:
        return flow_set(tty, arg);
    case TCSBRK: /* there is no line to break, and nothing to drain */
    case TCSBRKP:
    case TIOCSBRK:
    case TIOCCBRK:
        return tty_check_foreground(tty, SIGTTOU);
    case TIOCINQ:
        return readable_get(tty, arg);
    case TIOCOUTQ:
        return put_int(arg, 0);
    case TIOCGETD:
        return put_int(arg, N_TTY);
    case TIOCGDEV:
        return put_int(arg, (s32)tty_device(tty));
    case TIOCEXCL:
    case TIOCNXCL:
        __atomic_store_n(&tty->is_exclusive, cmd == TIOCEXCL, __ATOMIC_RELAXED);
        return 0;
    case TIOCGEXCL:
        return put_int(arg, tty->is_exclusive);
    default:
        return job_ioctl(file, tty, cmd, arg);
    }
}
