/* SPDX-License-Identifier: MIT */
/*
 * What calf adds to the ABI of Linux; programs include it as <linux/calf.h> with -Ikernel.
 *
 * prctl(PR_CALF_SET_FORK_ENGINE, CALF_FORK_...): how fork treats the memory of the calling
 * process from now on. Its children inherit that, and it stays over execve. Threads, and a
 * vfork child until its execve, have the process's memory, and so its engine. Returns 0, or -1
 * with EINVAL for another value.
 *
 * prctl(PR_CALF_GET_FORK_ENGINE) returns the value.
 *
 * Both numbers are far outside of those that Linux gives out; there prctl() says EINVAL.
 */
#pragma once

#define PR_CALF_SET_FORK_ENGINE 0x63616c66 /* "calf" */
#define PR_CALF_GET_FORK_ENGINE 0x63616c67

#define CALF_FORK_EAGER         1 /* every page is copied at fork */
#define CALF_FORK_COW           2 /* pages are shared until somebody writes */
#define CALF_FORK_SHARE         3 /* page tables are shared, too, until somebody goes there */
