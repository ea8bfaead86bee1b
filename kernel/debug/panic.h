/* SPDX-License-Identifier: MIT */
/* Panic out of a trap: reports the registers of the frame and the callers from there on. */
#pragma once

#include <arch/riscv/trapframe.h>
#include <debug/assert.h>

void noreturn_fn panic_trap(const struct trapframe *tf, const char *fmt, ...) printf_like(2, 3);
