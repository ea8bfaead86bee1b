/* SPDX-License-Identifier: MIT */
/* /proc: processes and the machine as text, in Linux's formats. */
#pragma once

/* Makes mount(2) know the type "proc". `cmdline` (kept, not copied) is the kernel's. */
void procfs_init(const char *cmdline);
