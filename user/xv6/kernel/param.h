/* SPDX-License-Identifier: MIT */
/*
 * The limits that tests written for xv6 run into on purpose. This system has none of these
 * tables; the library enforces the ones a program can notice (marked with *).
 */
#ifndef XV6_PARAM_H
#define XV6_PARAM_H

#define NPROC       64                /* * processes */
#define NCPU        8                 /* harts */
#define NOFILE      16                /* * open files of one process */
#define NFILE       100               /* open files */
#define NINODE      50                /* inodes in use */
#define NDEV        10                /* major device numbers */
#define ROOTDEV     1                 /* device of the root file system */
#define MAXARG      32                /* * arguments of exec */
#define MAXOPBLOCKS 10                /* blocks that one call may write */
#define LOGBLOCKS   (MAXOPBLOCKS * 3) /* data blocks in the log */
#define NBUF        (MAXOPBLOCKS * 3) /* blocks in the cache */
#define FSSIZE      2000              /* blocks of the file system */
#define MAXPATH     128               /* * bytes of a path, with its end */
#define USERSTACK   1                 /* * pages of the user stack */

#endif
