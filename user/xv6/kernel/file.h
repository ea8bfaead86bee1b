/* SPDX-License-Identifier: MIT */
/* Device numbers for mknod(). */
#ifndef XV6_FILE_H
#define XV6_FILE_H

#define CONSOLE 1

#endif
