/* SPDX-License-Identifier: MIT */
/*
 * Open files: their life, and the calls that every read and write goes through.
 *
 * A file's own position is only used, and only locked, when the file is seekable.
 */
#include <vfs/file.h>

#include <debug/assert.h>
#include <lib/printf.h>
#include <lib/string.h>
#include <linux/errno.h>
#include <linux/fcntl.h>
#include <mem/cache.h>
#include <vfs/internal.h>
#include <vfs/lock.h>
#include <vm/mmap.h>

static struct cache *file_cache;
static struct superblock *anon_sb;
static struct mount *anon_mount; /* never in the tree: the place of files without a name */
static const struct inode_ops no_ops;
const struct file_ops no_file_ops;

static int file_cache_init(void)
{
    struct inode *root;
    int r;

    file_cache = cache_create("file", sizeof(struct file));
    if (!file_cache)
        return -ENOMEM;
    vm_file_ops = (struct vm_file_ops){.get = file_get, .put = file_put};
    r = sb_create("anon", 0x09041934 /* ANON_INODE_FS_MAGIC */, NULL, &anon_sb);
    if (r)
        return r;
    anon_sb->is_permanent = true;
    r = inode_create(anon_sb, S_IFDIR | 0700, &root);
    if (r)
        return r;
    root->ops = &no_ops;
    r = sb_set_root(anon_sb, root);
    return r ? r : mount_create(anon_sb, "anon", 0, &anon_mount);
}

int vfs_base_init(void)
{
    int r = inode_cache_init();

    mount_init();
    fdtable_init();
    fs_context_init();
    if (!r)
        r = dentry_cache_init();
    return r ? r : file_cache_init();
}

const struct file_ops *vfs_fifo_ops;
void (*file_on_watched_release)(struct file *file);

const struct file_ops *vfs_special_ops(u32 mode)
{
    return S_ISFIFO(mode) ? vfs_fifo_ops : NULL;
}

int file_create(const struct path *path, const struct file_ops *ops, int flags,
                struct file **out)
{
    struct file *file = cache_alloc(file_cache);

    if (!file)
        return -ENOMEM;
    file->count = 1;
    file->flags = (u32)flags;
    file->ops = ops;
    file->inode = path->dentry->inode;
    inode_get(file->inode);
    file->path = *path;
    path_get(path);
    file->priv = NULL;
    mutex_init(&file->pos_lock, "file pos");
    file->pos = 0;
    file->owner_pid = 0;
    file->is_writer = false;
    file->is_program = false;
    file->has_lock = false;
    file->watches = NULL;
    *out = file;
    return 0;
}

int anon_path_of(struct inode *inode, const char *name, struct path *out)
{
    struct name n = {name, (u32)strlen(name)};
    int r = dentry_create(NULL, &n, inode, &out->dentry);

    if (r)
        return r;
    out->mount = anon_mount;
    mount_get(anon_mount);
    return 0;
}

int anon_path_create(u32 mode, const char *name, struct path *out)
{
    char text[DENTRY_NAME_INLINE];
    struct inode *inode;
    int r = inode_create(anon_sb, mode, &inode);

    if (r)
        return r;
    inode->ops = &no_ops;
    if (!strchr(name, '[')) {
        ksnprintf(text, sizeof(text), "%s:[%lu]", name, inode->ino);
        name = text;
    }
    r = anon_path_of(inode, name, out);
    if (r)
        inode_put(inode);
    return r;
}

int file_create_anon(const struct file_ops *ops, void *priv, int flags, u32 mode,
                     const char *name, struct file **out)
{
    struct path path;
    int r = anon_path_create(mode, name, &path);

    if (r)
        return r;
    r = file_create(&path, ops, flags, out);
    path_put(&path);
    if (!r)
        (*out)->priv = priv;
    return r;
}

int file_begin_write(struct file *file)
{
    int r = inode_begin_write(file->inode);

    file->is_writer = r == 0;
    return r;
}

void file_get(struct file *file)
{
    __atomic_fetch_add(&file->count, 1, __ATOMIC_RELAXED);
}

void file_put(struct file *file)
{
    if (__atomic_fetch_sub(&file->count, 1, __ATOMIC_ACQ_REL) != 1)
        return;
    if (file->watches)
        file_on_watched_release(file);
    if (file->has_lock)
        locks_drop_owner(file->inode, file);
    if (file->ops->release)
        file->ops->release(file);
    if (file->is_writer)
        inode_end_write(file->inode);
    if (file->is_program)
        inode_allow_write(file->inode);
    inode_put(file->inode);
    path_put(&file->path);
    cache_free(file_cache, file);
}

static s64 read_at_own_pos(struct file *file, struct iobuf *buf)
{
    s64 r;

    mutex_lock(&file->pos_lock);
    r = file->ops->read(file, buf, &file->pos);
    mutex_unlock(&file->pos_lock);
    return r;
}

static s64 write_at_own_pos(struct file *file, struct iobuf *buf)
{
    s64 r;

    mutex_lock(&file->pos_lock);
    r = file->ops->write(file, buf, &file->pos);
    mutex_unlock(&file->pos_lock);
    return r;
}

s64 vfs_read(struct file *file, struct iobuf *buf, u64 *pos)
{
    if ((file->flags & O_ACCMODE) == O_WRONLY)
        return -EBADF;
    if (!file->ops->read)
        return -EINVAL;
    if (!pos && file->ops->lseek)
        return read_at_own_pos(file, buf);
    return file->ops->read(file, buf, pos ? pos : &file->pos);
}

s64 vfs_write(struct file *file, struct iobuf *buf, u64 *pos)
{
    if ((file->flags & O_ACCMODE) == O_RDONLY)
        return -EBADF;
    if (!file->ops->write)
        return -EINVAL;
    if (!pos && file->ops->lseek)
        return write_at_own_pos(file, buf);
    return file->ops->write(file, buf, pos ? pos : &file->pos);
}

s64 vfs_read_kernel(struct file *file, void *buf, size_t n, u64 pos)
{
    struct iobuf b;
    s64 r;

    if (!file->ops->read)
        return -EINVAL;
    iobuf_init_kernel(&b, buf, n);
    while (b.left) {
        r = file->ops->read(file, &b, &pos);
        if (r < 0)
            return r;
        if (r == 0)
            break;
    }
    return (s64)(n - b.left);
}

s64 file_lseek(struct file *file, s64 offset, int whence)
{
    return file->ops->lseek ? file->ops->lseek(file, offset, whence) : -ESPIPE;
}

s64 lseek_to(struct file *file, u64 base, s64 offset, u64 limit)
{
    s64 pos;

    if (__builtin_add_overflow((s64)base, offset, &pos))
        return -EOVERFLOW;
    if (pos < 0 || (u64)pos > limit)
        return -EINVAL;
    file->pos = (u64)pos;
    return pos;
}

int file_set_status_flags(struct file *file, u32 flags)
{
    const u32 settable = O_APPEND | O_NONBLOCK | O_NOATIME | O_DIRECT | FASYNC;
    u32 old = __atomic_load_n(&file->flags, __ATOMIC_RELAXED), fresh;

    do
        fresh = (old & ~settable) | (flags & settable);
    while (!__atomic_compare_exchange_n(&file->flags, &old, fresh, false, __ATOMIC_RELAXED,
                                        __ATOMIC_RELAXED));
    return 0;
}
