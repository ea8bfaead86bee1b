/* SPDX-License-Identifier: MIT */
/* Calls to the firmware (RISC-V SBI specification 1.0/2.0; chapters in sbi.c). */
#pragma once

#include <lib/types.h>

struct sbi_result {
    long error; /* 0, or a negative SBI_ERR_* */
    long value;
};

struct sbi_result sbi_call(u64 extension, u64 function, u64 a0, u64 a1, u64 a2, u64 a3, u64 a4);

/* Finds out which extensions there are. */
void sbi_init(void);
bool sbi_has_extension(u64 extension);

void sbi_console_write(const char *text, size_t n);
void sbi_set_timer(u64 deadline); /* ticks */
/* Masks of firmware hart ids, relative to hartid_base. */
void sbi_send_ipi(u64 mask, u64 hartid_base);
void sbi_remote_fence_i(u64 mask, u64 hartid_base);
void sbi_remote_sfence(u64 mask, u64 hartid_base, u64 start, u64 size);
void sbi_remote_sfence_asid(u64 mask, u64 hartid_base, u64 start, u64 size, u64 asid);
/* Starts a stopped hart at a physical address with a1 = arg. 0 or -EIO. */
int must_check sbi_hart_start(u64 hartid, u64 start_pa, u64 arg);
/* Both return only if the firmware cannot. */
void sbi_shutdown(bool failure);
void sbi_reboot(void);
