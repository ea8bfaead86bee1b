/* SPDX-License-Identifier: MIT */
/* What libfdt means by <string.h> inside the kernel. */
#include <lib/string.h>
