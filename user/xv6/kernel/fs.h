/* SPDX-License-Identifier: MIT */
/* Directory records as read() of a directory gives them (lib/dir.c makes them), and the sizes
 * of xv6's disk format that tests count with. */
#ifndef XV6_FS_H
#define XV6_FS_H

#define ROOTINO   1
#define BSIZE     1024
#define FSMAGIC   0x10203040

#define NDIRECT   12
#define NINDIRECT (BSIZE / sizeof(uint))
#define MAXFILE   (NDIRECT + NINDIRECT)

#define DIRSIZ    14

struct dirent {
    ushort inum;                                  /* 0: no entry */
    char name[DIRSIZ] __attribute__((nonstring)); /* ends with a zero only when shorter */
};

#endif
