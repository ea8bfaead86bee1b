/* SPDX-License-Identifier: MIT */
/*
 * Reads a cpio archive in the "newc" format out of memory (the format of an initrd).
 *
 * Several archives may follow each other, with zeroes between them. Nothing in the archive is
 * trusted: whatever lies outside of it is an error. Names and data point into the archive.
 * Source: cpio(5), "New ASCII Format"; magic 070701 and 070702 (checksums are not checked).
 */
#pragma once

#include <lib/types.h>

struct cpio_entry {
    const char
        *name; /* terminated; as it stands in the archive, perhaps with "./" or "/" first */
    const void *data; /* file content, or the target of a symbolic link (not terminated) */
    u32 size;         /* bytes of data */
    u32 ino; /* same ino and dev with nlink > 1: hard links; often only the last has data */
    u32 mode, uid, gid, nlink, mtime;
    u32 dev_major, dev_minor;   /* of the file system it was taken from */
    u32 rdev_major, rdev_minor; /* of a device node */
};

/* A result other than 0 stops the reading and is what cpio_read() returns. */
typedef int cpio_fn(void *arg, const struct cpio_entry *entry);

/* Calls fn for each entry in order. Returns: 0, -EINVAL for a broken archive, or what fn gave.
 */
int must_check cpio_read(const void *archive, size_t size, cpio_fn *fn, void *arg);
