/* SPDX-License-Identifier: MIT */
/*
 * printf: %d %i %u %x %p %c %s and %%, with l and ll; no widths, as on xv6. An unknown
 * conversion is printed as it stands, so that the mistake is seen.
 *
 * Output is collected and written in pieces of CHUNK bytes, so a line of one process is not
 * cut up by another one's.
 */
#include "sys.h"
#include "user/user.h"

enum { CHUNK = 128, DIGITS_MAX = 24 };

struct out {
    int fd, used;
    char text[CHUNK];
};

static void out_flush(struct out *o)
{
    if (o->used)
        write(o->fd, o->text, o->used);
    o->used = 0;
}

static void out_char(struct out *o, char c)
{
    if (o->used == CHUNK)
        out_flush(o);
    o->text[o->used++] = c;
}

static void out_string(struct out *o, const char *s)
{
    for (s = s ? s : "(null)"; *s; s++)
        out_char(o, *s);
}

static void out_number(struct out *o, uint64 n, uint base)
{
    char digits[DIGITS_MAX];
    int used = 0;

    do
        digits[used++] = "0123456789abcdef"[n % base];
    while ((n /= base));
    while (used)
        out_char(o, digits[--used]);
}

static void out_signed(struct out *o, long n)
{
    if (n < 0)
        out_char(o, '-');
    out_number(o, n < 0 ? -(uint64)n : (uint64)n, 10);
}

/* Pointers have all their digits on xv6. */
static void out_pointer(struct out *o, uint64 n)
{
    out_string(o, "0x");
    for (int shift = 60; shift >= 0; shift -= 4)
        out_char(o, "0123456789abcdef"[(n >> shift) & 0xf]);
}

/* One conversion; `is_long` tells the width of its number. */
static void out_converted(struct out *o, char kind, bool is_long, va_list *ap)
{
    switch (kind) {
    case 'd':
    case 'i':
        out_signed(o, is_long ? va_arg(*ap, long) : va_arg(*ap, int));
        return;
    case 'u':
        out_number(o, is_long ? va_arg(*ap, uint64) : va_arg(*ap, uint), 10);
        return;
    case 'x':
        out_number(o, is_long ? va_arg(*ap, uint64) : va_arg(*ap, uint), 16);
        return;
    case 'p':
        out_pointer(o, va_arg(*ap, uint64));
        return;
    case 'c':
        out_char(o, (char)va_arg(*ap, int));
        return;
    case 's':
        out_string(o, va_arg(*ap, const char *));
        return;
    case '%':
        out_char(o, '%');
        return;
    default:
        out_char(o, '%');
        out_char(o, kind);
    }
}

static void out_format(int fd, const char *format, va_list *ap)
{
    struct out o = {.fd = fd};

    for (; *format; format++) {
        bool is_long = 0;

        if (*format != '%') {
            out_char(&o, *format);
            continue;
        }
        for (format++; *format == 'l'; format++)
            is_long = 1;
        if (!*format)
            break;
        out_converted(&o, *format, is_long, ap);
    }
    out_flush(&o);
}

void vprintf(int fd, const char *format, va_list ap)
{
    va_list own;

    va_copy(own, ap);
    out_format(fd, format, &own);
    va_end(own);
}

void fprintf(int fd, const char *format, ...)
{
    va_list ap;

    va_start(ap, format);
    out_format(fd, format, &ap);
    va_end(ap);
}

void printf(const char *format, ...)
{
    va_list ap;

    va_start(ap, format);
    out_format(1, format, &ap);
    va_end(ap);
}
