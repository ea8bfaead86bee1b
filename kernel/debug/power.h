/* SPDX-License-Identifier: MIT */
/* Turning the machine off and on again. */
#pragma once

#include <lib/types.h>

/* Finds the test device, if there is one. */
void power_init(const void *dtb);
/* `status` becomes the emulator's exit status where the device tree names a test device. */
void noreturn_fn machine_power_off(int status);
void noreturn_fn machine_reboot(void);
/* Stops this hart for good. */
void noreturn_fn machine_halt(void);
/* Makes all other harts stop; waits for them a moment. */
void machine_stop_others(void);
/* What a loop that waits for another hart calls: stops for good if a panic is going on. */
void machine_pause_in_spin(void);

/* panic= of the command line. Without it a panic powers off with status 1; 0: waits for a
 * debugger; N: reboots after N seconds (at once if negative). */
void panic_set_timeout(int seconds);
/* The hart that panics, + 1; 0: none. Atomic. */
extern u32 panic_hart;
