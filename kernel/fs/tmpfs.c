/* SPDX-License-Identifier: MIT */
/*
 * The file system in memory. Its directories are the hashed dentries themselves, its files'
 * bytes are the pages of a vm_object, and the target of a symbolic link hangs on the inode; so
 * this file has little to do.
 *
 * There is no limit but memory: a write that finds too little of it free gets -ENOSPC
 * (vfs/data.c).
 */
#include <fs/tmpfs.h>

#include <asm/statfs.h>
#include <lib/printf.h>
#include <lib/string.h>
#include <linux/errno.h>
#include <linux/fcntl.h>
#include <linux/magic.h>
#include <mem/cache.h>
#include <mem/page.h>
#include <vfs/chrdev.h>
#include <vfs/file.h>

#define EMPTY_DIR_SIZE 40 /* st_size, as on Linux */

static const struct inode_ops dir_ops, file_ops, link_ops, special_ops;

/* What an inode of this type can do, and what hangs on it. */
static int inode_outfit(struct inode *inode, const char *target)
{
    switch (inode->mode & S_IFMT) {
    case S_IFDIR:
        inode->ops = &dir_ops;
        inode->fops = &dir_file_ops;
        inode->other_size = EMPTY_DIR_SIZE;
        return 0;
    case S_IFREG:
        inode->ops = &file_ops;
        inode->fops = &data_file_ops;
        return object_create_anon(0, &inode->object);
    case S_IFLNK:
        inode->ops = &link_ops;
        inode->priv = mem_alloc(strlen(target) + 1);
        if (!inode->priv)
            return -ENOMEM;
        inode->other_size = strlen(target);
        memcpy(inode->priv, target, inode->other_size + 1);
        return 0;
    default:
        inode->ops = &special_ops;
        inode->fops = S_ISCHR(inode->mode) ? &chrdev_file_ops : vfs_special_ops(inode->mode);
        return 0;
    }
}

static int node_create(struct superblock *sb, const struct inode *dir, u32 mode, u64 rdev,
                       const char *target, struct inode **out)
{
    struct inode *inode;
    int r = inode_create(sb, mode, &inode);

    if (r)
        return r;
    inode->rdev = rdev;
    inode_set_owner(inode, dir);
    r = inode_outfit(inode, target);
    if (r) {
        inode_put(inode);
        return r == -ENOMEM ? -ENOSPC : r;
    }
    *out = inode;
    return 0;
}

static int tmpfs_node(struct inode *dir, u32 mode, u64 rdev, const char *target,
                      struct inode **out)
{
    return node_create(dir->sb, dir, mode, rdev, target, out);
}

static s64 tmpfs_readlink(struct inode *inode, char *buf, size_t size)
{
    size_t n = min((size_t)inode->other_size, size);

    memcpy(buf, inode->priv, n);
    return (s64)n;
}

static int tmpfs_truncate(struct inode *inode, u64 size)
{
    object_truncate(inode->object, size);
    return 0;
}

static const struct inode_ops dir_ops = {.create = tmpfs_node};
static const struct inode_ops file_ops = {.truncate = tmpfs_truncate};
static const struct inode_ops link_ops = {.readlink = tmpfs_readlink};
static const struct inode_ops special_ops;

static void tmpfs_inode_release(struct inode *inode)
{
    if (S_ISLNK(inode->mode))
        mem_free(inode->priv);
}

/* The next dentry of the tree in depth-first order; NULL after the last. Locks: sb->names. */
static struct dentry *tree_next(struct dentry *at, struct dentry *root)
{
    if (!list_is_empty(&at->children))
        return list_first(&at->children, struct dentry, sibling);
    while (at != root && at->sibling.next == &at->parent->children)
        at = at->parent;
    return at == root ? NULL : list_next(at, sibling);
}

/* Pages of all files that have a name. */
static u64 pages_used(struct superblock *sb)
{
    u64 n = 0;

    rw_read_lock(&sb->names);
    for (struct dentry *d = sb->root; d; d = tree_next(d, sb->root)) {
        if (d->inode->object)
            n +=
                __atomic_load_n(&d->inode->object->n_pages, __ATOMIC_RELAXED) / d->inode->nlink;
    }
    rw_read_unlock(&sb->names);
    return n;
}

/* A file system may fill half of the memory, as far as it is free: it is not enforced. */
static int tmpfs_statfs(struct superblock *sb, struct statfs64 *out)
{
    struct mem_stats stats;
    u64 used = pages_used(sb);

    mem_stats_read(&stats);
    out->f_blocks = max(stats.total_pages / 2, used);
    out->f_bfree = min(stats.free_pages, out->f_blocks - used);
    out->f_bavail = out->f_bfree;
    out->f_files = stats.total_pages / 2;
    out->f_ffree = out->f_files - min((u64)out->f_files, sb->next_ino);
    return 0;
}

static const struct superblock_ops tmpfs_sb_ops = {
    .inode_release = tmpfs_inode_release,
    .statfs = tmpfs_statfs,
};

int tmpfs_create(const char *type, u32 root_mode, struct superblock **out)
{
    struct superblock *sb;
    struct inode *root;
    int r = sb_create(type, TMPFS_MAGIC, &tmpfs_sb_ops, &sb);

    if (r)
        return r;
    sb->is_ram = true;
    r = node_create(sb, NULL, S_IFDIR | root_mode, 0, NULL, &root);
    if (r)
        goto free;
    root->nlink = 2;
    r = sb_set_root(sb, root);
    if (r) {
        inode_put(root);
        goto free;
    }
    *out = sb;
    return 0;
free:
    sb_destroy(sb);
    return r;
}

static struct superblock *memfd_sb; /* mounted nowhere */

int memfd_file_create(const char *name, struct file **out)
{
    char text[300];
    struct inode *inode;
    struct path path;
    int r = node_create(memfd_sb, NULL, S_IFREG | 0777, 0, NULL, &inode);

    if (r)
        return r;
    inode->nlink = 0;
    ksnprintf(text, sizeof(text), "/memfd:%s", name);
    r = anon_path_of(inode, text, &path);
    if (r) {
        inode_put(inode);
        return r;
    }
    path.dentry->is_deleted = true;
    r = file_create(&path, &data_file_ops, O_RDWR | O_LARGEFILE, out);
    if (!r)
        r = file_begin_write(*out);
    path_put(&path);
    return r;
}

/* The number behind "key=" among comma-separated options. */
static bool option_number(const char *options, const char *key, unsigned base, u64 *out)
{
    size_t n = strlen(key);

    for (const char *at = options; at; at = strchr(at, ',')) {
        if (*at == ',')
            at++;
        if (strncmp(at, key, n) == 0 && at[n] == '=') {
            at += n + 1;
            return str_to_u64(&at, base, out) == 0;
        }
    }
    return false;
}

static int tmpfs_get_sb(const char *source, const char *options, struct superblock **out)
{
    u64 mode = 01777, id;
    int r;

    option_number(options, "mode", 8, &mode);
    r = tmpfs_create("tmpfs", (u32)mode & 07777, out);
    if (r)
        return r;
    if (option_number(options, "uid", 10, &id))
        (*out)->root->inode->uid = (u32)id;
    if (option_number(options, "gid", 10, &id))
        (*out)->root->inode->gid = (u32)id;
    return 0;
}

int tmpfs_init(void)
{
    static struct fs_type tmpfs = {.name = "tmpfs", .get_sb = tmpfs_get_sb};
    static struct fs_type ramfs = {.name = "ramfs", .get_sb = tmpfs_get_sb};

    fs_register(&tmpfs);
    fs_register(&ramfs);
    return tmpfs_create("tmpfs", 0700, &memfd_sb);
}
