/* SPDX-License-Identifier: MIT */
/* The vDSO, for those who change what it reads. */
#pragma once

/* After the real-time clock was set. */
void vdso_update_clock(void);
