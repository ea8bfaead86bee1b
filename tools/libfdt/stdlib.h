/* SPDX-License-Identifier: MIT */
/* libfdt includes <stdlib.h>, but the parts that the kernel links use nothing of it. */
