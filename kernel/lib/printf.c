/* SPDX-License-Identifier: MIT */
/*
 * Formatted text, made of pieces that go to a `put` function.
 *
 * Each conversion is read into a struct spec; a number becomes digits in a small buffer first,
 * so that sign, prefix, zeroes and padding can be worked out before anything is put.
 */
#include <lib/printf.h>
#include <lib/string.h>

struct sink {
    print_put_fn *put;
    void *arg;
    size_t n; /* bytes put so far */
};

struct spec {
    bool left, zero, plus, space, alternate;
    int width;
    int precision; /* -1: none given */
    int size;      /* bytes of the argument: 1, 2, 4, 8 */
};

static void put_text(struct sink *sink, const char *text, size_t n)
{
    if (n > 0)
        sink->put(sink->arg, text, n);
    sink->n += n;
}

static void put_fill(struct sink *sink, char c, int n)
{
    while (n-- > 0)
        put_text(sink, &c, 1);
}

static void put_padded(struct sink *sink, const struct spec *spec, const char *text, size_t n)
{
    int pad = spec->width - (int)n;
    if (!spec->left)
        put_fill(sink, ' ', pad);
    put_text(sink, text, n);
    if (spec->left)
        put_fill(sink, ' ', pad);
}

static void put_number(struct sink *sink, const struct spec *spec, u64 value, unsigned base,
                       bool upper, const char *prefix)
{
    const char *symbols = upper ? "0123456789ABCDEF" : "0123456789abcdef";
    char digits[24];
    int n = 0;
    for (u64 rest = value; rest; rest /= base)
        digits[sizeof(digits) - ++n] = symbols[rest % base];

    int zeroes = (spec->precision < 0 ? 1 : spec->precision) - n;
    int n_prefix = strlen(prefix);
    int pad = spec->width - n_prefix - n - max(zeroes, 0);
    if (spec->zero && !spec->left && spec->precision < 0) {
        zeroes = max(zeroes, 0) + max(pad, 0);
        pad = 0;
    }
    if (!spec->left)
        put_fill(sink, ' ', pad);
    put_text(sink, prefix, n_prefix);
    put_fill(sink, '0', zeroes);
    put_text(sink, digits + sizeof(digits) - n, n);
    if (spec->left)
        put_fill(sink, ' ', pad);
}

static void put_signed(struct sink *sink, const struct spec *spec, s64 value)
{
    const char *sign = value < 0 ? "-" : spec->plus ? "+" : spec->space ? " " : "";
    put_number(sink, spec, value < 0 ? -(u64)value : (u64)value, 10, false, sign);
}

static void put_string(struct sink *sink, const struct spec *spec, const char *s)
{
    if (!s)
        s = "(null)";
    size_t n = spec->precision < 0 ? strlen(s) : strnlen(s, spec->precision);
    put_padded(sink, spec, s, n);
}

static int parse_int(const char **fmt)
{
    int n = 0;
    for (; **fmt >= '0' && **fmt <= '9'; ++*fmt)
        n = n < 100000 ? n * 10 + (**fmt - '0') : n;
    return n;
}

static const char *parse_flags(const char *fmt, struct spec *spec)
{
    for (;; fmt++) {
        if (*fmt == '-')
            spec->left = true;
        else if (*fmt == '0')
            spec->zero = true;
        else if (*fmt == '+')
            spec->plus = true;
        else if (*fmt == ' ')
            spec->space = true;
        else if (*fmt == '#')
            spec->alternate = true;
        else
            return fmt;
    }
}

static const char *parse_size(const char *fmt, struct spec *spec)
{
    spec->size = sizeof(int);
    if (fmt[0] == 'h') {
        spec->size = fmt[1] == 'h' ? 1 : 2;
        return fmt + (fmt[1] == 'h' ? 2 : 1);
    }
    if (fmt[0] != 'l' && fmt[0] != 'z' && fmt[0] != 't' && fmt[0] != 'j')
        return fmt;
    spec->size = sizeof(long);
    return fmt + (fmt[0] == 'l' && fmt[1] == 'l' ? 2 : 1);
}

/* Everything between '%' and the conversion letter. */
static const char *parse_spec(const char *fmt, struct spec *spec, va_list *args)
{
    *spec = (struct spec){.precision = -1};
    fmt = parse_flags(fmt, spec);
    if (*fmt == '*') {
        int width = va_arg(*args, int);
        spec->left |= width < 0;
        spec->width = width < 0 ? -width : width;
        fmt++;
    } else {
        spec->width = parse_int(&fmt);
    }
    if (*fmt == '.') {
        fmt++;
        if (*fmt == '*') {
            spec->precision = max(va_arg(*args, int), -1);
            fmt++;
        } else {
            spec->precision = parse_int(&fmt);
        }
    }
    return parse_size(fmt, spec);
}

static s64 signed_arg(const struct spec *spec, va_list *args)
{
    s64 value = spec->size == 8 ? va_arg(*args, s64) : va_arg(*args, int);
    return spec->size == 1 ? (s8)value : spec->size == 2 ? (s16)value : value;
}

static u64 unsigned_arg(const struct spec *spec, va_list *args)
{
    u64 value = spec->size == 8 ? va_arg(*args, u64) : va_arg(*args, unsigned);
    return spec->size == 1 ? (u8)value : spec->size == 2 ? (u16)value : value;
}

/* Returns: false if there is no such conversion. */
static bool put_conversion(struct sink *sink, struct spec *spec, char letter, va_list *args)
{
    char c;
    u64 value;
    switch (letter) {
    case 'd':
    case 'i':
        put_signed(sink, spec, signed_arg(spec, args));
        return true;
    case 'u':
        put_number(sink, spec, unsigned_arg(spec, args), 10, false, "");
        return true;
    case 'x':
    case 'X':
        value = unsigned_arg(spec, args);
        put_number(sink, spec, value, 16, letter == 'X',
                   !spec->alternate || !value ? ""
                   : letter == 'X'            ? "0X"
                                              : "0x");
        return true;
    case 'o':
        put_number(sink, spec, unsigned_arg(spec, args), 8, false, spec->alternate ? "0" : "");
        return true;
    case 'p':
        put_number(sink, spec, (uintptr_t)va_arg(*args, void *), 16, false, "0x");
        return true;
    case 'c':
        c = va_arg(*args, int);
        put_padded(sink, spec, &c, 1);
        return true;
    case 's':
        put_string(sink, spec, va_arg(*args, const char *));
        return true;
    case '%':
        put_text(sink, "%", 1);
        return true;
    }
    return false;
}

int kvprintf_to(print_put_fn *put, void *arg, const char *fmt, va_list args_in)
{
    struct sink sink = {.put = put, .arg = arg};
    va_list args;
    va_copy(args, args_in);
    while (*fmt) {
        const char *text = fmt;
        while (*fmt && *fmt != '%')
            fmt++;
        put_text(&sink, text, fmt - text);
        if (!*fmt)
            break;
        struct spec spec;
        const char *end = parse_spec(fmt + 1, &spec, &args);
        if (!*end || !put_conversion(&sink, &spec, *end, &args)) {
            put_text(&sink, fmt, strlen(fmt));
            break;
        }
        fmt = end + 1;
    }
    va_end(args);
    return (int)sink.n;
}

struct text_buffer {
    char *at;
    size_t room; /* without the terminator */
};

static void buffer_put(void *arg, const char *text, size_t n)
{
    struct text_buffer *buffer = arg;
    size_t fits = min(n, buffer->room);
    memcpy(buffer->at, text, fits);
    buffer->at += fits;
    buffer->room -= fits;
}

int kvsnprintf(char *buf, size_t size, const char *fmt, va_list args)
{
    char none;
    struct text_buffer buffer = {.at = size ? buf : &none, .room = size ? size - 1 : 0};
    int n = kvprintf_to(buffer_put, &buffer, fmt, args);
    *buffer.at = '\0';
    return n;
}

int ksnprintf(char *buf, size_t size, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    int n = kvsnprintf(buf, size, fmt, args);
    va_end(args);
    return n;
}

int kscnprintf(char *buf, size_t size, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    int n = kvsnprintf(buf, size, fmt, args);
    va_end(args);
    return (size_t)n < size ? n : size ? (int)size - 1 : 0;
}
