/* SPDX-License-Identifier: MIT */
/*
 * The file system in memory. Its directories are the hashed dentries themselves, its files'
 * bytes are the pages of a vm_object, and the target of a symbolic link hangs on the inode; so
 * this file has little to do.
 *
 * A write that finds too little memory free gets -ENOSPC (vfs/data.c), and so does one that
 * finds the pages used up that the mount option size= allows all files together.
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

static int content_create(struct inode *inode)
{
    int r = object_create_anon(0, &inode->object);

    if (!r)
        inode->object->quota = inode->sb->priv;
    return r;
}

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
        return content_create(inode);
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

/* --- how much may be in it --- */

/* Unless a mount option says so, a file system may fill the memory; statfs shows half of it. */
static int tmpfs_statfs(struct superblock *sb, struct statfs64 *out)
{
    const struct page_quota *quota = sb->priv;
    u64 limit = __atomic_load_n(&quota->limit, __ATOMIC_RELAXED);
    u64 used = __atomic_load_n(&quota->used, __ATOMIC_RELAXED);
    struct mem_stats stats;

    mem_stats_read(&stats);
    if (limit == UINT64_MAX) {
        out->f_blocks = max(stats.total_pages / 2, used);
        out->f_bfree = min(stats.free_pages, out->f_blocks - used);
    } else {
        out->f_blocks = limit;
        out->f_bfree = limit - min(limit, used);
    }
    out->f_bavail = out->f_bfree;
    out->f_files = stats.total_pages / 2;
    out->f_ffree = out->f_files - min((u64)out->f_files, sb->next_ino);
    return 0;
}

/* What stands behind "key=" among comma-separated options, or NULL. */
static const char *option_find(const char *options, const char *key)
{
    size_t n = strlen(key);

    for (const char *at = options; at; at = strchr(at, ',')) {
        if (*at == ',')
            at++;
        if (strncmp(at, key, n) == 0 && at[n] == '=')
            return at + n + 1;
    }
    return NULL;
}

static bool option_number(const char *options, const char *key, unsigned base, u64 *out)
{
    const char *value = option_find(options, key);

    return value && str_to_u64(&value, base, out) == 0;
}

/* A number with k, m, g or t behind it, or a percentage of the memory (in bytes). */
static int amount_parse(const char *at, u64 *out)
{
    static const char units[] = "kmgt";
    const char *unit;
    struct mem_stats stats;

    if (str_to_u64(&at, 10, out) != 0)
        return -EINVAL;
    if (*at == '%') {
        mem_stats_read(&stats);
        *out = (stats.total_pages * min(*out, 1000UL) / 100) * PAGE_SIZE;
        at++;
    } else if (*at && (unit = strchr(units, *at | 0x20))) {
        unsigned shift = 10 * (unsigned)(unit - units + 1);
        *out = *out >> (64 - shift) ? UINT64_MAX : *out << shift;
        at++;
    }
    return *at == 0 || *at == ',' ? 0 : -EINVAL;
}

/* size= and nr_blocks=, of which 0 means no limit; see tmpfs(5). Leaves *pages if neither is
 * there. */
static int limit_parse(const char *options, u64 *pages)
{
    const char *size = option_find(options, "size"),
               *blocks = option_find(options, "nr_blocks");
    u64 n;

    if (!size && !blocks)
        return 0;
    int err = amount_parse(size ? size : blocks, &n);
    if (err)
        return err;
    if (size)
        n = n / PAGE_SIZE + (n % PAGE_SIZE != 0);
    *pages = n ? n : UINT64_MAX;
    return 0;
}

static int tmpfs_remount(struct superblock *sb, const char *options)
{
    struct page_quota *quota = sb->priv;
    u64 limit = quota->limit;
    int err = limit_parse(options, &limit);

    if (!err && limit < __atomic_load_n(&quota->used, __ATOMIC_RELAXED))
        err = -EINVAL;
    if (!err)
        __atomic_store_n(&quota->limit, limit, __ATOMIC_RELAXED);
    return err;
}

static void tmpfs_show_options(struct superblock *sb, char *buf, size_t size)
{
    const struct page_quota *quota = sb->priv;
    u64 limit = __atomic_load_n(&quota->limit, __ATOMIC_RELAXED);
    char text[40];

    if (limit == UINT64_MAX)
        return;
    ksnprintf(text, sizeof(text), ",size=%luk", limit * (PAGE_SIZE / KiB));
    strlcat(buf, text, size);
}

static void tmpfs_release(struct superblock *sb)
{
    mem_free(sb->priv);
}

static const struct superblock_ops tmpfs_sb_ops = {
    .inode_release = tmpfs_inode_release,
    .statfs = tmpfs_statfs,
    .remount = tmpfs_remount,
    .show_options = tmpfs_show_options,
    .release = tmpfs_release,
};

static int quota_create(struct superblock *sb)
{
    struct page_quota *quota = mem_zalloc(sizeof(*quota));

    if (!quota)
        return -ENOMEM;
    quota->limit = UINT64_MAX;
    sb->priv = quota;
    return 0;
}

int tmpfs_create(const char *type, u32 root_mode, struct superblock **out)
{
    struct superblock *sb;
    struct inode *root;
    int r = sb_create(type, TMPFS_MAGIC, &tmpfs_sb_ops, &sb);

    if (r)
        return r;
    sb->is_ram = true;
    r = quota_create(sb);
    if (r)
        goto free;
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

static int tmpfs_get_sb(const char *source, const char *options, struct superblock **out)
{
    u64 mode = 01777, id, limit = UINT64_MAX;
    int r = limit_parse(options, &limit);

    if (r)
        return r;
    option_number(options, "mode", 8, &mode);
    r = tmpfs_create("tmpfs", (u32)mode & 07777, out);
    if (r)
        return r;
    ((struct page_quota *)(*out)->priv)->limit = limit;
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
