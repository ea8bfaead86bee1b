/* SPDX-License-Identifier: MIT */
/*
 * The line discipline's output half (tty_ldisc.h tells the idea): what c_oflag does to a byte
 * on its way to the screen, and in which column that leaves the cursor. Echo goes this way too.
 */
#include <proc/tty_ldisc.h>

/* Gathers bytes so that the device sees few large writes. */
struct batch {
    struct ldisc *d;
    u8 bytes[128];
    size_t n;
};

static void batch_send(struct batch *b)
{
    if (b->n > 0)
        b->d->put(b->d, b->bytes, b->n);
    b->n = 0;
}

static void batch_add(struct batch *b, u8 byte)
{
    if (b->n == sizeof(b->bytes))
        batch_send(b);
    b->bytes[b->n++] = byte;
}

static void process_newline(struct ldisc *d, struct batch *b)
{
    if (d->termios.c_oflag & ONLRET)
        d->column = 0;
    if (d->termios.c_oflag & ONLCR) {
        d->column = 0;
        batch_add(b, '\r');
    }
    d->line_column = d->column;
    batch_add(b, '\n');
}

static void process_return(struct ldisc *d, struct batch *b)
{
    tcflag_t flags = d->termios.c_oflag;

    if ((flags & ONOCR) && d->column == 0)
        return;
    if (flags & OCRNL) {
        if (flags & ONLRET)
            d->column = d->line_column = 0;
        batch_add(b, '\n');
        return;
    }
    d->column = d->line_column = 0;
    batch_add(b, '\r');
}

static void process_tab(struct ldisc *d, struct batch *b)
{
    u32 n = LDISC_TAB_WIDTH - d->column % LDISC_TAB_WIDTH;

    d->column += n;
    if ((d->termios.c_oflag & TABDLY) != XTABS)
        batch_add(b, '\t');
    else
        while (n-- > 0)
            batch_add(b, ' ');
}

static void process_plain(struct ldisc *d, struct batch *b, u8 byte)
{
    if (byte == '\b' && d->column > 0)
        d->column--;
    if (!ldisc_is_control(byte) && !ldisc_is_continuation(d, byte))
        d->column++;
    if ((d->termios.c_oflag & OLCUC) && byte >= 'a' && byte <= 'z')
        byte = (u8)(byte - 'a' + 'A');
    batch_add(b, byte);
}

static void process(struct ldisc *d, struct batch *b, u8 byte)
{
    if (!(d->termios.c_oflag & OPOST))
        batch_add(b, byte);
    else if (byte == '\n')
        process_newline(d, b);
    else if (byte == '\r')
        process_return(d, b);
    else if (byte == '\t')
        process_tab(d, b);
    else
        process_plain(d, b, byte);
}

void ldisc_output(struct ldisc *d, const u8 *bytes, size_t n)
{
    struct batch b = {.d = d};

    for (size_t i = 0; i < n; i++)
        process(d, &b, bytes[i]);
    batch_send(&b);
}
