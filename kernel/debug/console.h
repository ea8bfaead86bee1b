/* SPDX-License-Identifier: MIT */
/*
 * The console as a sink of bytes. Each call's text comes out in one piece, whichever hart it is
 * from; any context. Until a driver registers, text goes through the firmware.
 */
#pragma once

#include <lib/types.h>

void console_write(const char *text, size_t n);
/* A driver's polled output; called under the console's lock with interrupts off. */
void console_set_output(void (*write)(const char *text, size_t n));
/* Takes the console over from whoever held it, for a panic. */
void console_break_lock(void);
