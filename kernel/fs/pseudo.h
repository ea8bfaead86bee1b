/* SPDX-License-Identifier: MIT */
/*
 * Pseudo file systems: trees whose content is computed when somebody reads it.
 *
 * A tree is described by tables of struct pseudo_entry. An entry says how one kind of file,
 * link or directory behaves; what a particular file is *about* is its struct pseudo_id, two
 * numbers that the entry's functions get (for /proc/PID/fd/N: the pid and N; for static files:
 * zeroes, inherited from the directory). Nothing is pinned: functions look their object up by
 * its id each time and return -ESRCH or -ENOENT when it is gone. Names are not cached; inode
 * numbers are a hash of entry and id.
 *
 *     static int uptime_show(struct text *out, const struct pseudo_id *id)
 *     {
 *         text_printf(out, "%lu.00 0.00\n", seconds);
 *         return 0;
 *     }
 *     static const struct pseudo_entry pid_files[] = {
 *         {.name = "status", .mode = S_IFREG | 0444, .show = status_show},
 *         {.name = "exe", .mode = S_IFLNK | 0777, .readlink = exe_readlink,
 *          .follow = exe_follow},
 *         {.name = "fd", .mode = S_IFDIR | 0500, .lookup = fd_lookup, .next = fd_next},
 *         {0},
 *     };
 *     static const struct pseudo_entry pid_dir = {
 *         .mode = S_IFDIR | 0555, .children = pid_files, .owner = pid_owner};
 *     static const struct pseudo_entry root_files[] = {
 *         {.name = "uptime", .mode = S_IFREG | 0444, .show = uptime_show},
 *         {0},
 *     };
 *     static const struct pseudo_entry root = {
 *         .mode = S_IFDIR | 0555, .children = root_files, .lookup = pid_lookup,
 *         .next = pid_next};
 *     static struct pseudo_fs procfs = {
 *         .name = "proc", .magic = PROC_SUPER_MAGIC, .root = &root};
 *     ... pseudo_register(&procfs);      mount(2) of type "proc" works from then on
 *
 * A file's text is made at the first read of an open file, and again by a read at offset 0, so
 * that `lseek(fd, 0)` and read see fresh values while a file read in pieces stays consistent.
 */
#pragma once

#include <lib/printf.h>
#include <lib/types.h>
#include <vfs/inode.h>

/* A text that grows as it is written; running out of memory is remembered and reported at the
 * end. */
struct text {
    char *buf;
    size_t len, size;
    int error; /* 0 or -ENOMEM */
};
void text_init(struct text *t);
void text_free(struct text *t);
void text_printf(struct text *t, const char *fmt, ...) printf_like(2, 3);
void text_puts(struct text *t, const char *s);
void text_putc(struct text *t, char c);
void text_write(struct text *t, const void *data, size_t n);
/* As path_name() would, with blanks, tabs, newlines and backslashes as \ooo (for maps, mounts).
 */
void text_path(struct text *t, const struct path *path);

struct pseudo_id {
    u64 a, b;
};

/* A child of a directory that is not in its table. */
struct pseudo_child {
    const struct pseudo_entry *entry;
    struct pseudo_id id;
    char name[32]; /* for readdir */
    u64 cursor;    /* readdir: where the following child is looked for */
};

struct pseudo_entry {
    const char *name; /* in a table */
    u32 mode;         /* type and permissions */

    /* regular files */
    int (*may_open)(const struct pseudo_id *id); /* beyond the mode; NULL: yes. 0 or -Exxx */
    int (*show)(struct text *out, const struct pseudo_id *id);
    /* `text` is terminated and at most 64 KiB; returns 0 or -Exxx. */
    int (*write)(const struct pseudo_id *id, const char *text, size_t n);
    const struct file_ops *fops; /* instead of both; pseudo_id_of(file->inode) tells the id */

    /* links */
    s64 (*readlink)(const struct pseudo_id *id, char *buf, size_t size);
    int (*follow)(const struct pseudo_id *id,
                  struct path *out); /* jumps to an object; optional */

    /* directories; the table first, then the functions */
    const struct pseudo_entry *children;
    int (*lookup)(const struct pseudo_id *dir, const char *name,
                  struct pseudo_child *out); /* 0, -ENOENT */
    /* The first child at or after `cursor` (0 at the start): fills all of *out. -ENOENT: no
     * more. */
    int (*next)(const struct pseudo_id *dir, u64 cursor, struct pseudo_child *out);

    /* Who owns it; NULL: root. For a directory with a table also what its static children use.
     * 0 or -ENOENT: gone. */
    int (*owner)(const struct pseudo_id *id, u32 *uid, u32 *gid);
};

struct pseudo_fs {
    const char *name;
    u64 magic;
    const struct pseudo_entry *root;
    /* filled by pseudo_register */
    struct superblock *sb;
    struct fs_type type;
};
int must_check pseudo_register(struct pseudo_fs *fs);

const struct pseudo_id *pseudo_id_of(const struct inode *inode);
