/* SPDX-License-Identifier: MIT */
/*
 * The console terminal as a device: keys in, open, read, write, poll (tty.h tells the idea).
 *
 * Three names lead to it. /dev/ttyS0 is the terminal itself. /dev/console is for process 1 and
 * for messages: opening it never makes it the controlling terminal, job control does not
 * apply, and it survives a hang-up. /dev/tty is whatever controls the caller's session.
 */
#include <debug/assert.h>
#include <debug/console.h>
#include <debug/log.h>
#include <dev/uart.h>
#include <lib/cmdline.h>
#include <lib/string.h>
#include <linux/errno.h>
#include <linux/fcntl.h>
#include <linux/kdev_t.h>
#include <linux/major.h>
#include <linux/poll.h>
#include <linux/signal.h>
#include <mem/cache.h>
#include <proc/tty_internal.h>
#include <sched/thread.h>
#include <sched/timer.h>
#include <vfs/poll.h>

enum {
    CHUNK = 128,            /* bytes moved under the lock at a time */
    INPUT_BATCH = 64,       /* keys handled under the lock at a time */
    INTERRUPT_EVERY = 4096, /* a write this long looks for signals in between */
    INPUT_NICE = -20,
    MINOR_TTY = 0,
    MINOR_CONSOLE = 1,
    MINOR_TTYS0 = 64,
};
#define DECISECOND (NSEC_PER_SEC / 10)

static struct tty console_tty;

/* ---- the way of a key ------------------------------------------------------------ */

/* From the port, in interrupt context. Full is held up: the rest waits at the sender. */
static void typed_add(u8 byte)
{
    struct tty *tty = &console_tty;
    u64 state = spin_lock_irqsave(&tty->typed_lock);

    if (tty->typed_head - tty->typed_tail < TTY_TYPED_SIZE)
        tty->typed[tty->typed_head++ % TTY_TYPED_SIZE] = byte;
    if (tty->typed_head - tty->typed_tail == TTY_TYPED_SIZE) {
        tty->typed_is_held = true;
        console_hold_input(true);
    }
    spin_unlock_irqrestore(&tty->typed_lock, state);
    wake_one(&tty->typed_wait);
}

static void typed_release_locked(struct tty *tty)
{
    assert(spin_is_held(&tty->typed_lock));
    if (!tty->typed_is_held || tty->typed_head - tty->typed_tail > TTY_TYPED_SIZE / 2)
        return;
    tty->typed_is_held = false;
    console_hold_input(false);
}

static bool typed_take(struct tty *tty, u8 *byte)
{
    u64 state = spin_lock_irqsave(&tty->typed_lock);
    bool got = tty->typed_head != tty->typed_tail;

    if (got)
        *byte = tty->typed[tty->typed_tail++ % TTY_TYPED_SIZE];
    typed_release_locked(tty);
    spin_unlock_irqrestore(&tty->typed_lock, state);
    return got;
}

/* Read without locks: a change of any part wakes the thread that asks. */
static bool typed_can_go_on(const struct tty *tty)
{
    u32 head = __atomic_load_n(&tty->typed_head, __ATOMIC_ACQUIRE);

    return head != tty->typed_tail && ldisc_has_room(&tty->ldisc);
}

/* Moves some keys into the discipline. Returns: the signal that one of them asks for, or 0. */
static int input_some(struct tty *tty)
{
    static const int signals[] = {
        [LDISC_INTR] = SIGINT,
        [LDISC_QUIT] = SIGQUIT,
        [LDISC_SUSP] = SIGTSTP,
    };
    enum ldisc_event event = LDISC_NONE;
    u8 byte;

    mutex_lock(&tty->lock);
    for (int i = 0; i < INPUT_BATCH && event == LDISC_NONE; i++) {
        if (!ldisc_has_room(&tty->ldisc) || !typed_take(tty, &byte))
            break;
        event = ldisc_input(&tty->ldisc, byte);
    }
    tty_output_resume_locked(tty);
    mutex_unlock(&tty->lock);
    return event == LDISC_NONE ? 0 : signals[event];
}

static void input_thread(void *arg)
{
    struct tty *tty = arg;

    for (;;) {
        wait_event(&tty->typed_wait, typed_can_go_on(tty));
        int signo = input_some(tty);
        if (signo != 0)
            tty_signal_foreground(tty, signo);
        wake_all(&tty->read_wait);
    }
}

/* ---- the way to the screen ------------------------------------------------------- */

/* From the line discipline: what programs write, and echo. Only echo meets a stopped terminal;
 * it waits, as far as there is room. */
static void screen_put(struct ldisc *d, const u8 *bytes, size_t n)
{
    struct tty *tty = container_of(d, struct tty, ldisc);

    if (!d->stopped) {
        console_write((const char *)bytes, n);
        return;
    }
    n = min(n, (size_t)(TTY_HELD_SIZE - tty->n_held));
    memcpy(tty->held + tty->n_held, bytes, n);
    tty->n_held += (u32)n;
}

void tty_output_resume_locked(struct tty *tty)
{
    assert(mutex_is_held(&tty->lock));
    if (tty->ldisc.stopped)
        return;
    if (tty->n_held > 0)
        console_write((const char *)tty->held, tty->n_held);
    tty->n_held = 0;
    wake_all(&tty->write_wait);
}

void tty_input_flush_locked(struct tty *tty)
{
    assert(mutex_is_held(&tty->lock));
    u64 state = spin_lock_irqsave(&tty->typed_lock);
    tty->typed_tail = tty->typed_head;
    typed_release_locked(tty);
    spin_unlock_irqrestore(&tty->typed_lock, state);
    ldisc_flush_input(&tty->ldisc);
}

/* ---- turns ----------------------------------------------------------------------- */

static bool turn_try(struct tty_turn *turn)
{
    u32 free = 0;

    return __atomic_compare_exchange_n(&turn->taken, &free, 1, false, __ATOMIC_ACQUIRE,
                                       __ATOMIC_RELAXED);
}

static int turn_take(struct tty_turn *turn, bool nonblocking)
{
    if (turn_try(turn))
        return 0;
    if (nonblocking)
        return -EAGAIN;
    return wait_event_interruptible(&turn->wait, turn_try(turn));
}

static void turn_give(struct tty_turn *turn)
{
    __atomic_store_n(&turn->taken, 0, __ATOMIC_RELEASE);
    wake_one(&turn->wait);
}

/* ---- read ------------------------------------------------------------------------ */

bool tty_file_is_dead(const struct tty_file *tf)
{
    return !tf->is_console &&
           tf->n_hangups != __atomic_load_n(&tf->tty->n_hangups, __ATOMIC_RELAXED);
}

/* When a read is satisfied, from VMIN and VTIME (termios(3), "noncanonical mode"). */
struct read_rule {
    u32 enough;      /* bytes */
    nsec_t first;    /* wait for the first byte: 0 for ever, else a length */
    nsec_t next;     /* the same for each further byte */
    bool never_wait; /* take what is there */
};

static struct read_rule read_rule_of(const struct ktermios *t)
{
    struct read_rule rule = {.enough = 1};
    u32 vmin = t->c_cc[VMIN];
    nsec_t vtime = t->c_cc[VTIME] * DECISECOND;

    if (t->c_lflag & ICANON)
        return rule;
    if (vmin > 0) {
        rule.enough = vmin;
        rule.next = vtime;
    } else {
        rule.first = vtime;
        rule.never_wait = vtime == 0;
    }
    return rule;
}

/* Moves what is there. *done: the read ends here. Returns: bytes, or -EFAULT. */
static s64 read_available(struct tty *tty, struct iobuf *buf, bool *done)
{
    u8 chunk[CHUNK];
    s64 total = 0;

    for (*done = false; !*done && buf->left > 0;) {
        size_t want = min(buf->left, (size_t)CHUNK);

        mutex_lock(&tty->lock);
        bool was_held_back = !ldisc_has_room(&tty->ldisc);
        size_t got = ldisc_read(&tty->ldisc, chunk, want, done);
        mutex_unlock(&tty->lock);
        if (was_held_back)
            wake_one(&tty->typed_wait);

        size_t put = iobuf_put(buf, chunk, got);
        total += (s64)put;
        if (put < got)
            return total > 0 ? total : -EFAULT;
        if (got < want)
            break;
    }
    return total;
}

static int read_wait(struct tty_file *tf, nsec_t length)
{
    struct tty *tty = tf->tty;
    nsec_t deadline = length > 0 ? clock_monotonic() + length : 0;

    return wait_event_until(
        &tty->read_wait, ldisc_is_readable(&tty->ldisc, 1) || tty_file_is_dead(tf), deadline);
}

static s64 read_until_enough(struct tty_file *tf, struct iobuf *buf, bool nonblocking)
{
    struct read_rule rule = read_rule_of(&tf->tty->ldisc.termios);
    s64 total = 0;

    while (!tty_file_is_dead(tf)) {
        bool done;
        s64 got = read_available(tf->tty, buf, &done);

        if (got < 0)
            return total > 0 ? total : got;
        total += got;
        if (done || buf->left == 0 || total >= rule.enough || rule.never_wait)
            return total;
        if (nonblocking)
            return total > 0 ? total : -EAGAIN;
        int err = read_wait(tf, total > 0 ? rule.next : rule.first);
        if (err == -ETIMEDOUT)
            return total;
        if (err != 0)
            return total > 0 ? total : err;
    }
    return total;
}

static s64 tty_read(struct file *file, struct iobuf *buf, u64 *pos)
{
    struct tty_file *tf = file->priv;
    bool nonblocking = file->flags & O_NONBLOCK;
    int err;

    if (tty_file_is_dead(tf) || buf->left == 0)
        return 0;
    if (!tf->is_console) {
        err = tty_check_foreground(tf->tty, SIGTTIN);
        if (err != 0)
            return err;
    }
    err = turn_take(&tf->tty->read_turn, nonblocking);
    if (err != 0)
        return err;
    s64 n = read_until_enough(tf, buf, nonblocking);
    turn_give(&tf->tty->read_turn);
    return n;
}

/* ---- write ----------------------------------------------------------------------- */

/* Sends bytes unless output is stopped. Returns: true if it did. */
static bool write_chunk(struct tty *tty, const u8 *bytes, size_t n)
{
    mutex_lock(&tty->lock);
    bool goes = !tty->ldisc.stopped;
    if (goes)
        ldisc_output(&tty->ldisc, bytes, n);
    mutex_unlock(&tty->lock);
    return goes;
}

static bool write_may_go_on(const struct tty_file *tf)
{
    return !__atomic_load_n(&tf->tty->ldisc.stopped, __ATOMIC_RELAXED) || tty_file_is_dead(tf);
}

/* Returns: 0 once all is out, -EINTR, -EAGAIN, -EIO. */
static int write_chunk_waiting(struct tty_file *tf, const u8 *bytes, size_t n, bool nonblocking)
{
    for (;;) {
        if (tty_file_is_dead(tf))
            return -EIO;
        if (write_chunk(tf->tty, bytes, n))
            return 0;
        if (nonblocking)
            return -EAGAIN;
        int err = wait_event_interruptible(&tf->tty->write_wait, write_may_go_on(tf));
        if (err != 0)
            return err;
    }
}

static s64 write_all(struct tty_file *tf, struct iobuf *buf, bool nonblocking)
{
    u8 chunk[CHUNK];
    s64 total = 0;
    int err = 0;

    while (buf->left > 0 && err == 0) {
        size_t n = iobuf_take(buf, chunk, min(buf->left, sizeof(chunk)));

        err = n > 0 ? write_chunk_waiting(tf, chunk, n, nonblocking) : -EFAULT;
        if (err == 0)
            total += (s64)n;
        if (err == 0 && total % INTERRUPT_EVERY == 0 && thread_is_interrupted())
            err = -EINTR;
        sched_point();
    }
    return total > 0 ? total : err;
}

static s64 tty_write(struct file *file, struct iobuf *buf, u64 *pos)
{
    struct tty_file *tf = file->priv;
    struct tty *tty = tf->tty;
    bool nonblocking = file->flags & O_NONBLOCK;
    int err = 0;

    if (tty_file_is_dead(tf))
        return -EIO;
    if (!tf->is_console && (tty->ldisc.termios.c_lflag & TOSTOP))
        err = tty_check_foreground(tty, SIGTTOU);
    if (err == 0)
        err = turn_take(&tty->write_turn, nonblocking);
    if (err != 0)
        return err;
    s64 n = write_all(tf, buf, nonblocking);
    turn_give(&tty->write_turn);
    return n;
}

/* ---- poll, open, close ----------------------------------------------------------- */

static u32 tty_poll(struct file *file, struct poll_table *table)
{
    struct tty_file *tf = file->priv;
    struct tty *tty = tf->tty;
    const cc_t *keys = tty->ldisc.termios.c_cc;
    u32 enough = keys[VTIME] == 0 && keys[VMIN] > 0 ? keys[VMIN] : 1;
    u32 events = 0;

    poll_wait(table, &tty->read_wait);
    poll_wait(table, &tty->write_wait);
    if (tty_file_is_dead(tf))
        return POLLIN | POLLOUT | POLLERR | POLLHUP | POLLRDNORM | POLLWRNORM;
    if (ldisc_is_readable(&tty->ldisc, enough))
        events |= POLLIN | POLLRDNORM;
    if (!tty->ldisc.stopped)
        events |= POLLOUT | POLLWRNORM;
    return events;
}

static int file_attach(struct file *file, struct tty *tty, bool is_console)
{
    struct tty_file *tf = mem_alloc(sizeof(*tf));

    if (!tf)
        return -ENOMEM;
    tf->tty = tty;
    tf->n_hangups = __atomic_load_n(&tty->n_hangups, __ATOMIC_RELAXED);
    tf->is_console = is_console;
    file->priv = tf;
    return 0;
}

static int serial_open(struct inode *inode, struct file *file)
{
    struct tty *tty = &console_tty;

    if (tty->is_exclusive && !cred_is_root(current->cred))
        return -EBUSY;
    int err = file_attach(file, tty, false);
    if (err == 0 && !(file->flags & O_NOCTTY) && (file->flags & O_ACCMODE) != O_WRONLY)
        tty_adopt(tty);
    return err;
}

static int console_open(struct inode *inode, struct file *file)
{
    return file_attach(file, &console_tty, true);
}

static int controlling_open(struct inode *inode, struct file *file)
{
    struct tty *tty = tty_of_session();

    return tty ? file_attach(file, tty, false) : -ENXIO;
}

static void tty_release(struct file *file)
{
    mem_free(file->priv);
}

#define TTY_OPS                                                                 \
    .read = tty_read, .write = tty_write, .poll = tty_poll, .ioctl = tty_ioctl, \
    .release = tty_release
static const struct file_ops serial_ops = {.open = serial_open, TTY_OPS};
static const struct file_ops console_ops = {.open = console_open, TTY_OPS};
static const struct file_ops controlling_ops = {.open = controlling_open, TTY_OPS};

/* ---- boot ------------------------------------------------------------------------ */

u32 tty_device(const struct tty *tty)
{
    return tty ? tty->major << 8 | tty->minor : 0;
}

static void tty_create(struct tty *tty, u32 major, u32 minor, const char *cmdline)
{
    tty->major = major;
    tty->minor = minor;
    mutex_init(&tty->lock, "tty");
    spin_init(&tty->typed_lock, "tty_typed");
    waitq_init(&tty->typed_wait);
    waitq_init(&tty->read_wait);
    waitq_init(&tty->write_wait);
    waitq_init(&tty->read_turn.wait);
    waitq_init(&tty->write_turn.wait);
    ldisc_init(&tty->ldisc, screen_put);
    tty->window.ws_row = (u16)cmdline_get_u64(cmdline, "LINES", 24);
    tty->window.ws_col = (u16)cmdline_get_u64(cmdline, "COLUMNS", 80);
}

static void devices_register(void)
{
    static const struct {
        const char *name;
        u32 major, minor, mode;
        const struct file_ops *ops;
    } table[] = {
        {"tty", TTYAUX_MAJOR, MINOR_TTY, 0666, &controlling_ops},
        {"console", TTYAUX_MAJOR, MINOR_CONSOLE, 0600, &console_ops},
        {"ttyS0", TTY_MAJOR, MINOR_TTYS0, 0660, &serial_ops},
    };

    for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
        if (chrdev_register(table[i].name, table[i].major, table[i].minor, table[i].mode,
                            table[i].ops, NULL) != 0)
            panic("tty: cannot register /dev/%s", table[i].name);
    }
}

void tty_init(const char *cmdline)
{
    struct thread *thread;

    tty_create(&console_tty, TTY_MAJOR, MINOR_TTYS0, cmdline);
    devices_register();
    if (thread_create(&thread, "tty", input_thread, &console_tty) != 0)
        panic("tty: no memory for the input thread");
    thread_set_nice(thread, INPUT_NICE);
    thread_start(thread);
    console_set_input(typed_add);
}
