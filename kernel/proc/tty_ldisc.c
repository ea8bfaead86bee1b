/* SPDX-License-Identifier: MIT */
/*
 * The line discipline's input half (tty_ldisc.h tells the idea): echo, editing, keys, reading.
 *
 * A control character is echoed as ^X (two columns) when ECHOCTL is set. With IUTF8 the second
 * and later bytes of a character take no column and are erased together with the first.
 */
#include <lib/string.h>
#include <proc/tty_ldisc.h>

#define MASK (LDISC_SIZE - 1)

static bool has_l(const struct ldisc *d, tcflag_t flag)
{
    return d->termios.c_lflag & flag;
}

/* Is this byte the special character `index`? NUL means that there is none. */
static bool is_key(const struct ldisc *d, u8 byte, unsigned index)
{
    return byte != 0 && byte == d->termios.c_cc[index];
}

static bool is_word(u8 byte)
{
    u8 lower = byte | 0x20;

    return (lower >= 'a' && lower <= 'z') || (byte >= '0' && byte <= '9') || byte == '_' ||
           byte >= 0x80;
}

/* ---- echo ------------------------------------------------------------------------ */

static void echo_as_is(struct ldisc *d, u8 byte)
{
    ldisc_output(d, &byte, 1);
}

static bool is_echoed_with_caret(const struct ldisc *d, u8 byte)
{
    return has_l(d, ECHOCTL) && ldisc_is_control(byte) && byte != '\t';
}

static void echo(struct ldisc *d, u8 byte)
{
    if (is_echoed_with_caret(d, byte)) {
        u8 caret[2] = {'^', byte ^ 0x40};

        d->column += 2;
        d->put(d, caret, 2);
    } else {
        echo_as_is(d, byte);
    }
}

static void echo_end_erasing(struct ldisc *d)
{
    if (!d->erasing)
        return;
    d->erasing = false;
    echo_as_is(d, '/');
}

/* ---- the ring -------------------------------------------------------------------- */

static u8 ring_at(const struct ldisc *d, u32 position)
{
    return d->data[position & MASK];
}

static bool ring_is_end(const struct ldisc *d, u32 position)
{
    position &= MASK;
    return d->ends[position / 64] >> position % 64 & 1;
}

static void ring_set_end(struct ldisc *d, u32 position, bool end)
{
    u64 bit = 1UL << position % 64;
    u64 *word = &d->ends[(position & MASK) / 64];

    *word = end ? *word | bit : *word & ~bit;
}

static bool ring_is_eof(const struct ldisc *d, u32 position)
{
    return ring_is_end(d, position) && ring_at(d, position) == 0;
}

/* Readers look at `line` without the lock: the bytes must be there before it moves. */
static void ring_commit(struct ldisc *d)
{
    __atomic_store_n(&d->line, d->head, __ATOMIC_RELEASE);
}

static void ring_add(struct ldisc *d, u8 byte, bool end)
{
    d->data[d->head & MASK] = byte;
    ring_set_end(d, d->head, end);
    d->head++;
    if (end || !has_l(d, ICANON))
        ring_commit(d);
}

/* The last place is kept for the end of a line, or a line too long could never be ended. */
static bool ring_is_full(const struct ldisc *d, bool end)
{
    return d->head - d->tail >= (end ? LDISC_SIZE : LDISC_SIZE - 1);
}

bool ldisc_has_room(const struct ldisc *d)
{
    /* A line too long to fit is cut, not held back: nobody could read it to make room. */
    if (has_l(d, ICANON) && d->line == d->tail)
        return true;
    return !ring_is_full(d, false);
}

static void refuse(struct ldisc *d)
{
    if (ldisc_has_i(d, IMAXBEL))
        echo_as_is(d, '\a');
}

/* ---- editing --------------------------------------------------------------------- */

/* Takes the last character off the line; `*first` is its first byte. Returns: false when there
 * is none, or only the tail of one. */
static bool line_take_last(struct ldisc *d, u8 *first)
{
    u32 at = d->head;

    while (at != d->line) {
        *first = ring_at(d, --at);
        if (!ldisc_is_continuation(d, *first)) {
            d->head = at;
            return true;
        }
    }
    return false;
}

/* Columns between the last tab of the line, or its beginning, and its end. */
static u32 line_columns_behind_tab(const struct ldisc *d)
{
    u32 n = 0;

    for (u32 at = d->head; at != d->line; at--) {
        u8 byte = ring_at(d, at - 1);

        if (byte == '\t')
            return n;
        if (is_echoed_with_caret(d, byte))
            n += 2;
        else if (!ldisc_is_control(byte) && !ldisc_is_continuation(d, byte))
            n++;
    }
    return n + d->line_column;
}

static void erase_columns(struct ldisc *d, u32 n)
{
    while (n-- > 0) {
        d->put(d, (const u8 *)"\b \b", 3);
        if (d->column > 0)
            d->column--;
    }
}

static void erase_tab(struct ldisc *d)
{
    u32 n = LDISC_TAB_WIDTH - line_columns_behind_tab(d) % LDISC_TAB_WIDTH;

    while (n-- > 0) {
        d->put(d, (const u8 *)"\b", 1);
        if (d->column > 0)
            d->column--;
    }
}

static void erase_printing(struct ldisc *d, u8 byte)
{
    if (!d->erasing) {
        d->erasing = true;
        echo_as_is(d, '\\');
    }
    echo(d, byte);
}

/* Makes the screen forget `byte`, which has just left the line. */
static void erase_echo(struct ldisc *d, u8 byte, bool whole_line_or_word)
{
    if (!has_l(d, ECHO))
        return;
    if (has_l(d, ECHOPRT))
        erase_printing(d, byte);
    else if (!whole_line_or_word && !has_l(d, ECHOE))
        echo(d, d->termios.c_cc[VERASE]);
    else if (byte == '\t')
        erase_tab(d);
    else if (!ldisc_is_control(byte))
        erase_columns(d, 1);
    else if (has_l(d, ECHOCTL))
        erase_columns(d, 2);
}

static void line_erase_char(struct ldisc *d)
{
    u8 byte;

    if (line_take_last(d, &byte))
        erase_echo(d, byte, false);
}

static void line_erase_word(struct ldisc *d)
{
    bool in_word = false;
    u32 before = d->head;
    u8 byte;

    while (line_take_last(d, &byte)) {
        if (in_word && !is_word(byte)) {
            d->head = before;
            return;
        }
        in_word = in_word || is_word(byte);
        before = d->head;
        erase_echo(d, byte, true);
    }
}

static void line_kill(struct ldisc *d)
{
    u8 byte;

    if (d->head == d->line)
        return;
    if (has_l(d, ECHO) && has_l(d, ECHOK) && has_l(d, ECHOKE) && has_l(d, ECHOE)) {
        while (line_take_last(d, &byte))
            erase_echo(d, byte, true);
        return;
    }
    d->head = d->line;
    if (!has_l(d, ECHO))
        return;
    echo_end_erasing(d);
    echo(d, d->termios.c_cc[VKILL]);
    if (has_l(d, ECHOK))
        echo_as_is(d, '\n');
}

static void line_reprint(struct ldisc *d)
{
    echo_end_erasing(d);
    echo(d, d->termios.c_cc[VREPRINT]);
    echo_as_is(d, '\n');
    for (u32 at = d->line; at != d->head; at++)
        echo(d, ring_at(d, at));
}

static void line_end(struct ldisc *d, u8 byte)
{
    if (ring_is_full(d, true))
        refuse(d);
    else
        ring_add(d, byte, true);
}

/* ---- input ----------------------------------------------------------------------- */

static void input_plain(struct ldisc *d, u8 byte)
{
    if (ring_is_full(d, false)) {
        refuse(d);
        return;
    }
    if (has_l(d, ECHO)) {
        echo_end_erasing(d);
        if (d->head == d->line)
            d->line_column = d->column;
        if (byte == '\n')
            echo_as_is(d, byte);
        else
            echo(d, byte);
    }
    ring_add(d, byte, false);
}

/* Keys that edit. Returns: false if `byte` is none. */
static bool input_edits(struct ldisc *d, u8 byte)
{
    bool extended = has_l(d, IEXTEN);

    if (is_key(d, byte, VERASE))
        line_erase_char(d);
    else if (extended && is_key(d, byte, VWERASE))
        line_erase_word(d);
    else if (is_key(d, byte, VKILL))
        line_kill(d);
    else if (extended && is_key(d, byte, VREPRINT) && has_l(d, ECHO))
        line_reprint(d);
    else
        return false;
    return true;
}

/* Keys that end a line. Returns: false if `byte` is none. */
static bool input_ends_line(struct ldisc *d, u8 byte)
{
    if (byte == '\n') {
        if (has_l(d, ECHO | ECHONL))
            echo_as_is(d, '\n');
        line_end(d, byte);
        return true;
    }
    if (is_key(d, byte, VEOF)) {
        line_end(d, 0);
        return true;
    }
    if (is_key(d, byte, VEOL) || (has_l(d, IEXTEN) && is_key(d, byte, VEOL2))) {
        if (has_l(d, ECHO))
            echo(d, byte);
        line_end(d, byte);
        return true;
    }
    return false;
}

static void input_canonical(struct ldisc *d, u8 byte)
{
    if (input_edits(d, byte))
        return;
    if (has_l(d, IEXTEN) && is_key(d, byte, VLNEXT)) {
        d->literal = true;
        if (has_l(d, ECHO) && has_l(d, ECHOCTL))
            d->put(d, (const u8 *)"^\b", 2);
        return;
    }
    if (!input_ends_line(d, byte))
        input_plain(d, byte);
}

/* Start and stop of output. Returns: true if the byte meant only that. */
static bool input_flow(struct ldisc *d, u8 byte)
{
    if (!ldisc_has_i(d, IXON))
        return false;
    if (is_key(d, byte, VSTART)) {
        d->stopped = false;
        return true;
    }
    if (is_key(d, byte, VSTOP)) {
        d->stopped = true;
        return true;
    }
    if (ldisc_has_i(d, IXANY))
        d->stopped = false;
    return false;
}

static enum ldisc_event input_signal(struct ldisc *d, u8 byte)
{
    enum ldisc_event event = LDISC_NONE;

    if (!has_l(d, ISIG))
        return LDISC_NONE;
    if (is_key(d, byte, VINTR))
        event = LDISC_INTR;
    else if (is_key(d, byte, VQUIT))
        event = LDISC_QUIT;
    else if (is_key(d, byte, VSUSP))
        event = LDISC_SUSP;
    if (event == LDISC_NONE)
        return LDISC_NONE;
    if (!has_l(d, NOFLSH))
        ldisc_flush_input(d);
    if (ldisc_has_i(d, IXON))
        d->stopped = false;
    if (has_l(d, ECHO))
        echo(d, byte);
    return event;
}

enum ldisc_event ldisc_input(struct ldisc *d, u8 byte)
{
    if (ldisc_has_i(d, ISTRIP))
        byte &= 0x7f;
    if (d->literal) {
        d->literal = false;
        input_plain(d, byte);
        return LDISC_NONE;
    }
    if (input_flow(d, byte))
        return LDISC_NONE;
    enum ldisc_event event = input_signal(d, byte);
    if (event != LDISC_NONE)
        return event;
    if (byte == '\r') {
        if (ldisc_has_i(d, IGNCR))
            return LDISC_NONE;
        if (ldisc_has_i(d, ICRNL))
            byte = '\n';
    } else if (byte == '\n' && ldisc_has_i(d, INLCR)) {
        byte = '\r';
    }
    if (has_l(d, ICANON))
        input_canonical(d, byte);
    else
        input_plain(d, byte);
    return LDISC_NONE;
}

/* ---- reading --------------------------------------------------------------------- */

bool ldisc_is_readable(const struct ldisc *d, u32 n)
{
    u32 available = __atomic_load_n(&d->line, __ATOMIC_ACQUIRE) -
                    __atomic_load_n(&d->tail, __ATOMIC_RELAXED);

    return has_l(d, ICANON) ? available > 0 : available >= n;
}

u32 ldisc_n_readable(const struct ldisc *d)
{
    u32 n = d->line - d->tail;

    for (u32 at = d->tail; has_l(d, ICANON) && at != d->line; at++)
        n -= ring_is_eof(d, at);
    return n;
}

static size_t read_line(struct ldisc *d, u8 *buf, size_t n, bool *done)
{
    size_t moved = 0;

    while (moved < n && d->tail != d->line) {
        bool end = ring_is_end(d, d->tail);
        u8 byte = ring_at(d, d->tail);

        d->tail++;
        if (!end || byte != 0)
            buf[moved++] = byte;
        if (end) {
            *done = true;
            return moved;
        }
    }
    /* An end of file right behind a full buffer belongs to this read, not to the next. */
    if (moved == n && d->tail != d->line && ring_is_eof(d, d->tail)) {
        d->tail++;
        *done = true;
    }
    return moved;
}

size_t ldisc_read(struct ldisc *d, u8 *buf, size_t n, bool *done)
{
    size_t moved = 0;

    *done = false;
    if (has_l(d, ICANON))
        return read_line(d, buf, n, done);
    while (moved < n && d->tail != d->line)
        buf[moved++] = ring_at(d, d->tail++);
    return moved;
}

void ldisc_flush_input(struct ldisc *d)
{
    d->head = d->line = d->tail;
    d->literal = d->erasing = false;
}

/* ---- settings -------------------------------------------------------------------- */

void ldisc_set_termios(struct ldisc *d, const struct ktermios *termios)
{
    bool was_canonical = has_l(d, ICANON);

    d->termios = *termios;
    if (!ldisc_has_i(d, IXON))
        d->stopped = false;
    if (was_canonical == has_l(d, ICANON))
        return;
    /* Whatever has been typed so far can be read: as bytes, or as one line. */
    memset(d->ends, 0, sizeof(d->ends));
    if (!was_canonical && d->head != d->tail)
        ring_set_end(d, d->head - 1, true);
    d->literal = d->erasing = false;
    ring_commit(d);
}

void ldisc_default_termios(struct ktermios *termios)
{
    static const cc_t keys[NCCS] = {
        [VINTR] = 0x03,    [VQUIT] = 0x1c,   [VERASE] = 0x7f, [VKILL] = 0x15, [VEOF] = 0x04,
        [VMIN] = 1,        [VSTART] = 0x11,  [VSTOP] = 0x13,  [VSUSP] = 0x1a, [VREPRINT] = 0x12,
        [VDISCARD] = 0x0f, [VWERASE] = 0x17, [VLNEXT] = 0x16,
    };

    *termios = (struct ktermios){
        .c_iflag = ICRNL | IXON,
        .c_oflag = OPOST | ONLCR,
        .c_cflag = B115200 | CS8 | CREAD | HUPCL | CLOCAL,
        .c_lflag = ISIG | ICANON | ECHO | ECHOE | ECHOK | ECHOCTL | ECHOKE | IEXTEN,
        .c_ispeed = 115200,
        .c_ospeed = 115200,
    };
    memcpy(termios->c_cc, keys, sizeof(keys));
}

void ldisc_init(struct ldisc *d, void (*put)(struct ldisc *, const u8 *, size_t))
{
    memset(d, 0, sizeof(*d));
    d->put = put;
    ldisc_default_termios(&d->termios);
}
