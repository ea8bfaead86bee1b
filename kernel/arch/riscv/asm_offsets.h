/* SPDX-License-Identifier: MIT */
/* Offsets that assembly knows; checked by static_asserts in entry/trap.c. */
#pragma once

#define T_KERNEL_SP            0
#define T_SCRATCH              8
#define T_FLAGS                16
#define T_HART                 24
#define T_ENTERED              32
#define T_SYSTEM_TICKS         40
#define T_CONTEXT              48
#define T_KSTACK               160

#define HART_EMERGENCY_STACK   32

#define TF_EPC                 0
#define TF_RA                  8
#define TF_SP                  16
#define TF_GP                  24
#define TF_TP                  32
#define TF_A0                  80
#define TF_STATUS              256
#define TF_CAUSE               264
#define TF_TVAL                272
#define TF_ORIG_A0             280
#define TF_SIZE                288

#define START_SATP             0
#define START_IDLE             8
#define START_ENTRY            16
#define START_HARTID           24
#define START_SIZE             32

#define SYSCALL_TABLE_SIZE_ASM 512
