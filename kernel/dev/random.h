/* SPDX-License-Identifier: MIT */
/* Random bytes for everybody: getrandom(2), /dev/urandom, AT_RANDOM. Any context, never blocks.
 */
#pragma once

#include <lib/types.h>

void random_bytes(void *buf, size_t n);
/* Stirs something unpredictable in: a seed from the device tree, times of events. */
void random_add(const void *data, size_t n);
