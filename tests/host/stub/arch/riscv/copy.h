/* SPDX-License-Identifier: MIT */
/* Whole frames; the native ones are in stub/arena.c. */
#pragma once

void clear_page(void *page);
void copy_page(void *dst, const void *src);
