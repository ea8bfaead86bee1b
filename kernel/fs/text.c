/* SPDX-License-Identifier: MIT */
/* Texts that grow (see pseudo.h). */
#include <fs/pseudo.h>

#include <lib/string.h>
#include <linux/errno.h>
#include <linux/limits.h>
#include <mem/cache.h>

#define FIRST_SIZE 4096u

void text_init(struct text *t)
{
    *t = (struct text){0};
}

void text_free(struct text *t)
{
    mem_free(t->buf);
    text_init(t);
}

/* Room for n more bytes. */
static bool text_grow(struct text *t, size_t n)
{
    size_t size = t->size ? t->size : FIRST_SIZE;
    char *buf;

    if (t->error)
        return false;
    if (t->size - t->len >= n)
        return true;
    while (size - t->len < n)
        size *= 2;
    buf = mem_alloc(size);
    if (!buf) {
        t->error = -ENOMEM;
        return false;
    }
    if (t->len)
        memcpy(buf, t->buf, t->len);
    mem_free(t->buf);
    t->buf = buf;
    t->size = size;
    return true;
}

void text_write(struct text *t, const void *data, size_t n)
{
    if (!text_grow(t, n))
        return;
    memcpy(t->buf + t->len, data, n);
    t->len += n;
}

void text_puts(struct text *t, const char *s)
{
    text_write(t, s, strlen(s));
}

void text_putc(struct text *t, char c)
{
    text_write(t, &c, 1);
}

static void put_part(void *arg, const char *part, size_t n)
{
    text_write(arg, part, n);
}

void text_printf(struct text *t, const char *fmt, ...)
{
    va_list args;

    va_start(args, fmt);
    kvprintf_to(put_part, t, fmt, args);
    va_end(args);
}

void text_path(struct text *t, const struct path *path)
{
    char *name = mem_alloc(PATH_MAX);
    s64 n;

    if (!name) {
        t->error = -ENOMEM;
        return;
    }
    n = path_name(path, name, PATH_MAX);
    for (s64 i = 0; i < n; i++) {
        if (strchr(" \t\n\\", name[i]))
            text_printf(t, "\\%03o", name[i]);
        else
            text_putc(t, name[i]);
    }
    mem_free(name);
}
