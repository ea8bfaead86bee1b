/* SPDX-License-Identifier: MIT */
/*
 * The kernel log: a ring of lines, each with time and level, echoed to the console up to
 * `loglevel=`. Any context, any lock held. Levels are Linux's (3 error, 4 warning, 6 info, 7
 * debug).
 */
#pragma once

#include <lib/types.h>

void log_print(int level, const char *fmt, ...) printf_like(2, 3);
#define log_err(...)  log_print(3, __VA_ARGS__)
#define log_warn(...) log_print(4, __VA_ARGS__)
#define log_info(...) log_print(6, __VA_ARGS__)

/* Copies log text, oldest first, from position *pos on; returns bytes copied and advances *pos.
 */
size_t log_read(u64 *pos, char *buf, size_t size);
/* Messages of lower levels appear on the console (`loglevel=`, as Linux: 7 shows all but debug;
 * `quiet`: 4). */
void log_set_console_level(int level);
/* Writes the last lines to the console, for a panic. */
void log_show_tail(unsigned lines);
