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
/* panic= of the command line, as Linux: 0 wait for ever (here: power off with status 1), N > 0
 * reboot after N seconds, N < 0 at once. */
void panic_set_timeout(int seconds);
extern bool panic_in_progress;
