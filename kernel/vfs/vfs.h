/* SPDX-License-Identifier: MIT */
/*
 * Files: inodes, names, mounts, open files. Errors are -Exxx as Linux gives them.
 *
 * Objects and lives:
 *   inode    a file itself; counted; freed at the last reference when its link count is zero
 *            (or by its file system)
 *   dentry   a name in a directory, cached; counted; a tmpfs keeps its dentries while the names
 *            exist
 *   mount    a file system attached at a dentry
 *   path     a mount and a dentry: a place in the tree; holds a reference to both
 *   file     an open file description; counted; shared by dup and fork
 */
#pragma once

#include <lib/list.h>
#include <lib/types.h>
#include <linux/stat.h>
#include <sched/mutex.h>
#include <sched/wait.h>
#include <vfs/cred.h>
#include <vfs/iobuf.h>
#include <vm/mmap.h>
#include <vm/object.h>

struct dentry;
struct file;
struct inode;
struct mount;
struct poll_table;

struct path {
    struct mount *mount;
    struct dentry *dentry;
};

/* Root, working directory and umask of a process; shared with CLONE_FS. */
struct fs_context {
    u32 count; /* atomic */
    struct spinlock lock;
    struct path root, cwd;
    u32 umask;
};
int must_check fs_context_create(struct fs_context **out); /* at the root of the root mount */
int must_check fs_context_copy(struct fs_context *from, struct fs_context **out);
void fs_context_get(struct fs_context *fs);
void fs_context_put(struct fs_context *fs);
/* `which` is &fs->root or &fs->cwd. Takes its own references. */
void fs_context_set(struct fs_context *fs, struct path *which, const struct path *to);

struct dir_context {
    /* Gives one entry to the reader; returns false when it does not fit (stop). */
    bool (*emit)(struct dir_context *ctx, const char *name, size_t len, u64 ino,
                 unsigned type /* DT_* */, u64 next_pos);
    u64 pos; /* where to continue; opaque to the reader */
};

struct file_ops {
    /* Both advance *pos by the bytes moved. Return bytes or -Exxx. */
    s64 (*read)(struct file *file, struct iobuf *buf, u64 *pos);
    s64 (*write)(struct file *file, struct iobuf *buf, u64 *pos);
    s64 (*lseek)(struct file *file, s64 offset, int whence); /* NULL: not seekable, -ESPIPE */
    int (*readdir)(struct file *file, struct dir_context *ctx);
    /* Events that hold now (POLL*); registers on wait queues through the table when it is not
     * NULL. NULL: always ready. */
    u32 (*poll)(struct file *file, struct poll_table *table);
    s64 (*ioctl)(struct file *file, u32 cmd, u64 arg); /* NULL: -ENOTTY */
    /* Fills req->object and max_prot. NULL: the inode's pages if a regular file, else -ENODEV.
     */
    int (*mmap)(struct file *file, struct vm_map_request *req);
    int (*open)(struct inode *inode,
                struct file *file); /* after the generic part; may replace file->ops and priv */
    void (*release)(struct file *file); /* last reference */
    int (*fsync)(struct file *file);
};

struct file {
    u32 count;                  /* atomic */
    u32 flags;                  /* O_* (access mode and status); atomic */
    const struct file_ops *ops; /* set at open */
    struct inode *inode;        /* set at open; reference */
    struct path path;           /* set at open; references */
    void *priv;                 /* the driver's */
    struct mutex pos_lock;
    u64 pos;         /* pos_lock */
    u32 owner_pid;   /* F_SETOWN */
    bool is_writer;  /* set at open: counted in inode->writers */
    bool is_program; /* set at open for exec: nobody may write to the inode */
    bool has_lock;   /* flock was called on it */
    void *watches;   /* ipc/epoll.c: the sets that watch it */
};

void file_get(struct file *file);
/* The last put releases it. Sleeps. */
void file_put(struct file *file);

/* dirfd: AT_FDCWD or a descriptor; path: kernel string. Open for the calling thread. Gives a
 * reference. */
int must_check vfs_open_at(int dirfd, const char *path, int flags, u32 mode, struct file **out);
/* The same as the kernel (root's eyes, from the root directory). */
int must_check vfs_open_kernel(const char *path, int flags, u32 mode, struct file **out);
/* For exec: a regular file that the caller may execute (no read permission needed), on a mount
 * without MS_NOEXEC. at_flags: AT_EMPTY_PATH, AT_SYMLINK_NOFOLLOW. -EACCES for anything else.
 * -ETXTBSY if it is open for writing; as long as the file that this gives lives, nobody can
 * open it so. Gives a reference. */
int must_check vfs_open_exec(int dirfd, const char *path, int at_flags, struct file **out);
/* For mmap and exec: fills req->object, file and max_prot by the file's type and access mode;
 * takes no references. -EACCES, -ENODEV. */
int must_check vfs_mmap_request(struct file *file, struct vm_map_request *req);
/* An open file without a name in the tree (pipe, eventfd, ...): name for /proc/PID/fd such as
 * "pipe:[12]". */
int must_check file_create_anon(const struct file_ops *ops, void *priv, int flags, u32 mode,
                                const char *name, struct file **out);
/* Bytes or -Exxx. pos NULL: use and advance the file's own. */
s64 vfs_read(struct file *file, struct iobuf *buf, u64 *pos);
s64 vfs_write(struct file *file, struct iobuf *buf, u64 *pos);
/* For exec and boot: reads exactly into kernel memory; short only at end of file. */
s64 vfs_read_kernel(struct file *file, void *buf, size_t n, u64 pos);
int vfs_stat(struct inode *inode, struct statx *out);
/* The absolute name as the caller's root sees it; returns its length, or -ENAMETOOLONG; "
 * (deleted)" is appended as in Linux. */
s64 path_name(const struct path *path, char *buf, size_t size);
/* May the caller access it so? mask: MAY_READ 4, MAY_WRITE 2, MAY_EXEC 1. 0, -EACCES, -EROFS.
 */
int inode_permission(struct inode *inode, int mask);
#define MAY_EXEC  1
#define MAY_WRITE 2
#define MAY_READ  4

/* --- poll --- */
/* Puts the caller on q, if table is not NULL. */
void poll_wait(struct poll_table *table, struct waitq *q);

/* --- drivers and file systems register here --- */
/* A character device by number; its node appears in devfs under `name` with `mode`. */
int must_check chrdev_register(const char *name, u32 major, u32 minor, u32 mode,
                               const struct file_ops *ops, void *priv);
void vfs_init(void);                                  /* caches, root tmpfs, devfs */
int vfs_unpack_initrd(const void *data, size_t size); /* newc cpio into the root. 0 or -Exxx */
