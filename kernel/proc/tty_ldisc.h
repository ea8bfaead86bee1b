/* SPDX-License-Identifier: MIT */
/*
 * The line discipline: what happens between the keys of a terminal and read(2), and between
 * write(2) and its screen. Behaviour is that of termios(3) as Linux's N_TTY has it.
 *
 * Input waits in one ring. Three free-running positions cut it:
 *
 *      tail            line             head
 *       |  may be read  |  being edited  |
 *
 * In canonical mode `line` is where the line that is being typed begins; erase keys never go
 * behind it. In raw mode nothing is edited and `line` follows `head`. The last byte of a
 * complete line is marked in `ends`; an end-of-file key leaves a marked NUL, which ends a read
 * but is not part of it.
 *
 * Everything here is pure: no sleeping, no locks (the terminal's guards it), no signals sent.
 * Bytes for the screen go through `put`; what a key asks for beyond that is returned.
 */
#pragma once

#include <asm/termbits.h>
#include <lib/types.h>

#define LDISC_SIZE 4096u /* a power of two */

enum ldisc_event {
    LDISC_NONE,
    LDISC_INTR, /* ^C, ^\ and ^Z, for the foreground process group */
    LDISC_QUIT,
    LDISC_SUSP,
};

struct ldisc {
    struct ktermios termios;
    void (*put)(struct ldisc *d, const u8 *bytes, size_t n); /* set at creation */

    u32 tail, line, head;
    u8 data[LDISC_SIZE];
    u64 ends[LDISC_SIZE / 64];

    u32 column;      /* of the cursor */
    u32 line_column; /* of the cursor when the line began */
    bool literal;    /* the next byte is data, whatever it is (^V) */
    bool stopped;    /* output is (^S) */
    bool erasing;    /* inside the \.../ of ECHOPRT */
};

void ldisc_init(struct ldisc *d, void (*put)(struct ldisc *, const u8 *, size_t));
/* As a terminal has them at boot. */
void ldisc_default_termios(struct ktermios *termios);
/* Takes over new settings; input that is there already stays readable. */
void ldisc_set_termios(struct ldisc *d, const struct ktermios *termios);

/* One byte came from the keyboard. */
enum ldisc_event ldisc_input(struct ldisc *d, u8 byte);
/* False when the next byte should wait until somebody has read. */
bool ldisc_has_room(const struct ldisc *d);
/* Is there anything for a reader (in raw mode: at least `n` bytes)? Needs no lock. */
bool ldisc_is_readable(const struct ldisc *d, u32 n);
/* As FIONREAD: bytes that can be read now. */
u32 ldisc_n_readable(const struct ldisc *d);
/* Moves up to n bytes to `buf`; in canonical mode one line at most. `*done` tells that the read
 * ends here although `buf` is not full: a line or an end of file. Returns: bytes moved. */
size_t ldisc_read(struct ldisc *d, u8 *buf, size_t n, bool *done);
void ldisc_flush_input(struct ldisc *d);

/* Sends what a program wrote to the screen, processed as c_oflag says. */
void ldisc_output(struct ldisc *d, const u8 *bytes, size_t n);

/* --- for both halves: tty_ldisc.c and tty_output.c --- */
#define LDISC_TAB_WIDTH 8u

static inline bool ldisc_has_i(const struct ldisc *d, tcflag_t flag)
{
    return d->termios.c_iflag & flag;
}
static inline bool ldisc_is_control(u8 byte)
{
    return byte < 0x20 || byte == 0x7f;
}
static inline bool ldisc_is_continuation(const struct ldisc *d, u8 byte)
{
    return ldisc_has_i(d, IUTF8) && (byte & 0xc0) == 0x80;
}
