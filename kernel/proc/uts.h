/* SPDX-License-Identifier: MIT */
/*
 * The names of the system, as uname(2) and /proc/sys/kernel tell them. Programs ask sysname and
 * release what they may expect: the interface is that of the Linux release named there.
 */
#pragma once

#include <lib/types.h>
#include <linux/utsname.h>

/* A consistent copy. */
void uts_read(struct new_utsname *out);
/* Names of at most __NEW_UTS_LEN bytes, not terminated. 0 or -EINVAL. */
int must_check uts_set_hostname(const char *name, size_t n);
int must_check uts_set_domainname(const char *name, size_t n);
