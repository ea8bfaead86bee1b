/* SPDX-License-Identifier: MIT */
/* 16550-compatible serial port: console output, and input by interrupt. */
#pragma once

#include <lib/types.h>

/* Takes the port that the device tree's stdout-path names, or the first one. Without one the
 * firmware's console stays, and there is no input. */
void uart_init(const void *dtb);
/* Who gets the input: one call per received byte, in interrupt context. Bytes that came before
 * wait in the port. */
void console_set_input(void (*input)(u8 byte));
/* No input is taken from the port while it is held. The caller serialises the calls; input()
 * may call it too. */
void console_hold_input(bool hold);
