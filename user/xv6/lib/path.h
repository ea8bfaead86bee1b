/* SPDX-License-Identifier: MIT */
/* Names of files; see path.c. */
#ifndef XV6_LIB_PATH_H
#define XV6_LIB_PATH_H

#include "sys.h"

/* Set once this program has opened a file with O_TRUNC. */
extern bool path_truncates;

/* Fills Linux's struct stat of a name, links followed. Returns 0 or a negative number. */
long path_stat(const char *path, void *linux_stat);

#endif
