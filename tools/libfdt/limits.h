/* SPDX-License-Identifier: MIT */
/* The compiler's <limits.h> asks for the C library's; this one has nothing to add. */
