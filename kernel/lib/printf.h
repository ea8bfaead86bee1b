/* SPDX-License-Identifier: MIT */
/*
 * Formatted text: %d %i %u %x %X %o %c %s %p %%, with the flags '-', '0', '+', ' ', '#', a
 * width, a precision (both may be '*') and the sizes hh h l ll z t j. No floating point, no %n.
 *
 * %s prints (null) for NULL. %p prints 0x and the digits. A conversion that does not exist is
 * printed as it stands, and the ones behind it are too, for their arguments cannot be told
 * apart.
 */
#pragma once

#include <lib/types.h>

/* As snprintf: always terminates (if size > 0). Returns: the length of the whole text. */
int ksnprintf(char *buf, size_t size, const char *fmt, ...) printf_like(3, 4);
int kvsnprintf(char *buf, size_t size, const char *fmt, va_list args) printf_like(3, 0);
/* Returns: the length of what stands in buf, never more than size - 1 (0 if size is 0). */
int kscnprintf(char *buf, size_t size, const char *fmt, ...) printf_like(3, 4);

/* Hands the text to put(arg, part, length) piece by piece. Returns: the length of the whole
 * text. */
typedef void print_put_fn(void *arg, const char *text, size_t n);
int kvprintf_to(print_put_fn *put, void *arg, const char *fmt, va_list args) printf_like(3, 0);
