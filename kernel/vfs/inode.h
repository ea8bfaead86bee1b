/* SPDX-License-Identifier: MIT */
/*
 * The objects behind names: inodes, dentries, superblocks, mounts; for file systems and for
 * the vfs itself. Users of files need only vfs.h.
 *
 * Lives:
 *   inode       counted: each dentry and each open file of it holds one. At zero its file
 *               system frees what is left of it. `nlink` says how many names it has, nothing
 *               more.
 *   dentry      counted: its children, open files, working directories and mounts hold one
 *               each. A *hashed* dentry (one that a look-up can find) holds a further reference
 *               to itself, so a count of zero is never seen in the hash. A deleted dentry lives
 *               on until its users are gone.
 *   superblock  one file system; lives as long as a mount of it, or for ever (devfs, procfs).
 *   mount       a superblock attached at a place; in the tree it is counted once.
 *
 * Locks, in this order:
 *   mount_lock  (mutex)   mount and umount, one at a time
 *   sb->names   (rwmutex) the names of one file system: written by create, link, unlink,
 *                         rename; read by readdir and by look-ups that ask the file system
 *   inode->lock (mutex)   data writes, truncation, attributes of one inode. User memory is
 *                         copied under it, so it comes before every lock of vm.
 *   tree_lock   (spin)    hash, parents, names, children, and the mount tree, for look-ups and
 *                         for names
 */
#pragma once

#include <lib/list.h>
#include <lib/types.h>
#include <sched/mutex.h>
#include <sync/spinlock.h>
#include <vfs/vfs.h>

struct statfs64;
struct superblock;
struct file_locks;
struct pipe;

/* A component of a path: not terminated. */
struct name {
    const char *text;
    u32 len;
};

struct inode_ops {
    /* Directories. All but lookup and readlink run under sb->names for writing. */

    /* NULL: the hashed dentries are all there is (tmpfs). Otherwise called on a miss, under
     * sb->names for reading: gives a dentry with a reference (dentry_create), hashed or not as
     * the file system likes. 0, -ENOENT. */
    int (*lookup)(struct dentry *dir, const struct name *name, struct dentry **out);
    /* Makes an inode of any type with the wanted mode (type included; owner and mode are final)
     * and one name to come. `target` for symbolic links. Gives a reference. NULL: -EPERM. */
    int (*create)(struct inode *dir, u32 mode, u64 rdev, const char *target,
                  struct inode **out);
    /* Veto or record a change of names that the vfs is about to make; NULL: fine. */
    int (*link)(struct inode *dir, const struct name *name, struct inode *inode);
    int (*unlink)(struct inode *dir, struct dentry *victim);
    int (*rename)(struct dentry *from, struct dentry *to_dir, const struct name *to_name);

    /* Symbolic links: the target, not terminated, at most `size` bytes. Returns its length. */
    s64 (*readlink)(struct inode *inode, char *buf, size_t size);
    /* A link that leads to an object and not to a name (/proc/PID/fd/N). Gives references. */
    int (*follow)(struct inode *inode, struct path *out);

    /* Regular files: the new size is set (under inode->lock). NULL: -EINVAL. */
    int (*truncate)(struct inode *inode, u64 size);
    /* Refreshes uid, gid, mode, times from what the inode stands for; NULL: they are up to
     * date. */
    int (*refresh)(struct inode *inode);
};

struct inode {
    u32 count; /* atomic */
    u32 nlink; /* sb->names */
    u64 ino;   /* set at creation */
    u64 rdev;  /* set at creation: device number, as st_rdev */
    struct superblock *sb;
    const struct inode_ops *ops;
    const struct file_ops *fops; /* for open files */
    struct vm_object *object; /* regular files: pages and size; holds a reference; else NULL */
    u64 other_size; /* st_size without an object: of a link, set at creation; of a directory,
                       tree_lock */
    void *priv;     /* the file system's */

    struct mutex lock;
    u32 mode, uid, gid;                /* lock */
    nsec_t atime, mtime, ctime, btime; /* lock; since 1970. Read without it */

    bool is_linkable;         /* set at creation: O_TMPFILE: may get a first name later */
    s32 writers;              /* atomic: > 0 opened for writing, < 0 running as a program */
    struct pipe *fifo;        /* fifo_lock in ipc/pipe.c: while opened */
    struct file_locks *locks; /* locks_lock in vfs/lock.c */
};

#define DENTRY_NAME_INLINE 40
struct dentry {
    u32 count; /* atomic */
    /* tree_lock for writing; parent and inode never change while the caller holds sb->names */
    bool is_hashed, is_deleted, is_mountpoint;
    u32 name_len, name_hash;
    char *name; /* terminated; name_inline or allocated */
    char name_inline[DENTRY_NAME_INLINE];
    struct dentry *parent; /* holds a reference; itself for a root */
    struct inode *inode;   /* set at creation; holds a reference */
    struct dentry *hash_next;
    struct list_head children, sibling; /* of hashed dentries; in order of dir_pos */
    u64 dir_pos;                        /* place in the parent for readdir; ascending */
    u64 next_dir_pos;                   /* for the next child */
};

struct superblock {
    const char *type; /* "tmpfs", ... */
    u64 dev;          /* as st_dev */
    u64 magic;        /* for statfs */
    u32 n_mounts;     /* atomic */
    bool is_ram; /* the pages in the object are all there is: what is not resident is zeroes */
    bool is_permanent; /* the file system keeps it when the last mount goes */
    struct dentry *root;
    struct rwmutex names;
    u64 next_ino; /* atomic */
    const struct superblock_ops *ops;
    void *priv;
};

struct superblock_ops {
    /* An inode's count fell to zero. Frees what the file system hangs on it, not the inode. May
     * be NULL. */
    void (*inode_release)(struct inode *inode);
    /* NULL: zeroes but for type and name length. */
    int (*statfs)(struct superblock *sb, struct statfs64 *out);
    /* MS_REMOUNT with other options. Returns 0, -EINVAL. May be NULL. */
    int (*remount)(struct superblock *sb, const char *options);
    /* Appends ",option" for /proc/mounts. May be NULL. */
    void (*show_options)(struct superblock *sb, char *buf, size_t size);
    /* Nobody refers to it any more: frees sb->priv. May be NULL. */
    void (*release)(struct superblock *sb);
};

struct mount {
    u32 count; /* atomic: users; one for being in the tree */
    struct superblock *sb;
    struct dentry *root; /* holds a reference */
    struct path
        at; /* tree_lock: where; holds references; {NULL, NULL} for the root and detached */
    struct list_head link; /* tree_lock: all mounts in order of mounting */
    u32 flags; /* MS_RDONLY, MS_NOSUID, MS_NODEV, MS_NOEXEC, MS_NOATIME, ... of <linux/mount.h>
                */
    u32 n_children; /* tree_lock: mounts on this one */
    u32 id;
    char *source; /* as given, for /proc/mounts */
};

/* --- file systems --- */
struct fs_type {
    const char *name;
    struct superblock *sb; /* the one and only, or NULL: get_sb makes them */
    int (*get_sb)(const char *source, const char *options, struct superblock **out);
    bool needs_device; /* not "nodev" in /proc/filesystems */
    struct fs_type *next;
};
void fs_register(struct fs_type *type);
struct fs_type *fs_find(const char *name);
struct fs_type *fs_first(void);
/* The superblock to mount; options may be "". */
int must_check fs_get_sb(struct fs_type *type, const char *source, const char *options,
                         struct superblock **out);

/* --- superblocks and inodes --- */
/* A superblock without a root yet. */
int must_check sb_create(const char *type, u64 magic, const struct superblock_ops *ops,
                         struct superblock **out);
/* Gives it its root directory; takes over the reference on success. */
int must_check sb_set_root(struct superblock *sb, struct inode *root);
/* Drops all names and the superblock. */
void sb_destroy(struct superblock *sb);

/* A fresh inode: count 1, nlink 1, times now, the next inode number. */
int must_check inode_create(struct superblock *sb, u32 mode, struct inode **out);
void inode_get(struct inode *inode);
void inode_put(struct inode *inode); /* sleeps */
static inline u64 inode_size(const struct inode *inode)
{
    return inode->object ? __atomic_load_n(&inode->object->size, __ATOMIC_RELAXED) : 0;
}
void inode_touch(struct inode *inode); /* mtime and ctime: now */
/* For create: owner and set-group-id bit as the caller and the directory (may be NULL) have it.
 */
void inode_set_owner(struct inode *inode, const struct inode *dir);

/* --- dentries --- */
/* A dentry under parent (NULL: a root or nameless), not hashed. Takes over the reference to
 * inode on success. */
int must_check dentry_create(struct dentry *parent, const struct name *name,
                             struct inode *inode, struct dentry **out);
static inline void dentry_get(struct dentry *d)
{
    __atomic_fetch_add(&d->count, 1, __ATOMIC_RELAXED);
}
void dentry_put(struct dentry *d); /* sleeps */
/* Into the hash and the parent's children; takes a reference for that. Locks: sb->names for
 * writing. */
void dentry_hash(struct dentry *d);
/* Out of it and deleted; drops that reference. */
void dentry_delete(struct dentry *d);
/* The hashed child with a reference, or NULL. */
struct dentry *dentry_find(struct dentry *dir, const struct name *name);
u32 name_hash(const struct name *name);
/* Looks up one name in a directory, asking the file system. 0, -ENOENT... */
int must_check dentry_lookup(struct dentry *dir, const struct name *name, struct dentry **out);
int must_check dentry_lookup_locked(struct dentry *dir, const struct name *name,
                                    struct dentry **out);
/* readdir for directories whose hashed dentries are all there is. */
int dentry_readdir(struct file *file, struct dir_context *ctx);
bool dentry_has_children(struct dentry *d);
/* Is a the same as, or above, d? Locks: sb->names. */
bool dentry_is_above(struct dentry *a, struct dentry *d);
/* To another place and name. `spare`: memory for a name that is not inline (dentry_name_alloc),
 * taken over. Locks: sb->names for writing. */
void dentry_move(struct dentry *d, struct dentry *dir, const struct name *name, char *spare);
/* Two names change places. Locks: sb->names for writing. */
void dentry_exchange(struct dentry *a, struct dentry *b);
/* Memory for a long name; *out is NULL for a short one. */
int must_check dentry_name_alloc(const struct name *name, char **out);

extern struct spinlock tree_lock;

/* --- mounts --- */
void mount_get(struct mount *m);
void mount_put(struct mount *m);
int must_check mount_at(struct superblock *sb, const char *source, u32 flags,
                        const struct path *at);
/* At boot: the root of everything. */
int must_check mount_root(struct superblock *sb);
int must_check mount_remove(struct mount *m, bool detach);
/* If something is mounted at *path, goes there (topmost). Consumes and gives references. */
void path_cross_mounts(struct path *path);
/* From the root of a mount to the place below it. False at the root of the tree. */
bool path_leave_mount(struct path *path);
/* For /proc/mounts: calls fn for each, in order, with a reference held. */
void mount_for_each(bool (*fn)(void *arg, struct mount *m), void *arg);
/* Options as /proc/mounts shows them: "rw,nosuid,..." */
void mount_options(const struct mount *m, char *buf, size_t size);

/* --- paths --- */
static inline void path_get(const struct path *p)
{
    mount_get(p->mount);
    dentry_get(p->dentry);
}
void path_put(const struct path *p);
/* As path_name() (vfs.h), with "(unreachable)" in front of what is not below the caller's root.
 */
s64 path_name_marked(const struct path *path, char *buf, size_t size);
extern struct path root_path; /* the root of the tree, set at boot */

#define WALK_FOLLOW    1 /* a symbolic link at the end is followed */
#define WALK_DIRECTORY 2 /* the end must be a directory */
#define WALK_EMPTY     4 /* "" means dirfd itself (AT_EMPTY_PATH) */
/* Finds what `name` leads to. Gives references. */
int must_check path_lookup_at(int dirfd, const char *name, unsigned flags, struct path *out);

/* At boot, before all other calls: caches and tables. */
int must_check vfs_base_init(void);
/* Operations of fifos and sockets in a tree; NULL for what cannot be opened. ipc/ sets those of
 * fifos. */
const struct file_ops *vfs_special_ops(u32 mode);
extern const struct file_ops *vfs_fifo_ops;
/* Called before a file with file->watches is released; set by ipc/epoll.c. */
extern void (*file_on_watched_release)(struct file *file);

/* --- what the layers above supply --- */
/* The caller's limit (RLIMIT_*), RLIM64_INFINITY by default; set by proc at boot. */
extern u64 (*vfs_rlimit)(unsigned resource);
