/* SPDX-License-Identifier: MIT */
/*
 * Inodes and superblocks: making them, counting them, letting them go.
 */
#include <vfs/inode.h>

#include <arch/riscv/current.h>
#include <debug/assert.h>
#include <linux/errno.h>
#include <linux/fcntl.h>
#include <mem/cache.h>
#include <sched/thread.h>
#include <sched/timer.h>
#include <vfs/attr.h>
#include <vfs/internal.h>

static struct cache *inode_cache;
static u32 next_dev = 1; /* atomic: minors of file systems without a device */

int inode_cache_init(void)
{
    inode_cache = cache_create("inode", sizeof(struct inode));
    return inode_cache ? 0 : -ENOMEM;
}

int inode_create(struct superblock *sb, u32 mode, struct inode **out)
{
    struct inode *inode = cache_zalloc(inode_cache);
    const struct cred *cred = caller_cred();

    if (!inode)
        return -ENOMEM;
    inode->count = 1;
    inode->nlink = 1;
    inode->ino = __atomic_add_fetch(&sb->next_ino, 1, __ATOMIC_RELAXED);
    inode->sb = sb;
    inode->mode = mode;
    inode->uid = cred->fsuid;
    inode->gid = cred->fsgid;
    mutex_init(&inode->lock, "inode");
    inode->btime = clock_realtime();
    inode->atime = inode->mtime = inode->ctime = inode->btime;
    *out = inode;
    return 0;
}

void inode_set_owner(struct inode *inode, const struct inode *dir)
{
    if (!dir || !(dir->mode & S_ISGID))
        return;
    inode->gid = dir->gid;
    if (S_ISDIR(inode->mode))
        inode->mode |= S_ISGID;
}

void inode_get(struct inode *inode)
{
    __atomic_fetch_add(&inode->count, 1, __ATOMIC_RELAXED);
}

void inode_put(struct inode *inode)
{
    if (__atomic_fetch_sub(&inode->count, 1, __ATOMIC_ACQ_REL) != 1)
        return;
    assert_msg(!inode->locks, "ino %lu", inode->ino);
    if (inode->sb->ops && inode->sb->ops->inode_release)
        inode->sb->ops->inode_release(inode);
    if (inode->object)
        object_put(inode->object);
    cache_free(inode_cache, inode);
}

void inode_touch(struct inode *inode)
{
    inode->mtime = inode->ctime = clock_realtime();
}

int inode_deny_write(struct inode *inode)
{
    s32 writers = __atomic_load_n(&inode->writers, __ATOMIC_RELAXED);

    do {
        if (writers > 0)
            return -ETXTBSY;
    } while (!__atomic_compare_exchange_n(&inode->writers, &writers, writers - 1, false,
                                          __ATOMIC_ACQ_REL, __ATOMIC_RELAXED));
    return 0;
}

void inode_allow_write(struct inode *inode)
{
    __atomic_fetch_add(&inode->writers, 1, __ATOMIC_RELEASE);
}

int inode_begin_write(struct inode *inode)
{
    s32 writers = __atomic_load_n(&inode->writers, __ATOMIC_RELAXED);

    do {
        if (writers < 0)
            return -ETXTBSY;
    } while (!__atomic_compare_exchange_n(&inode->writers, &writers, writers + 1, false,
                                          __ATOMIC_ACQ_REL, __ATOMIC_RELAXED));
    return 0;
}

void inode_end_write(struct inode *inode)
{
    __atomic_fetch_sub(&inode->writers, 1, __ATOMIC_RELEASE);
}

int sb_create(const char *type, u64 magic, const struct superblock_ops *ops,
              struct superblock **out)
{
    struct superblock *sb = mem_zalloc(sizeof(*sb));

    if (!sb)
        return -ENOMEM;
    sb->type = type;
    sb->magic = magic;
    sb->ops = ops;
    sb->dev = dev_make(0, __atomic_fetch_add(&next_dev, 1, __ATOMIC_RELAXED));
    rw_init(&sb->names, "names");
    *out = sb;
    return 0;
}

int sb_set_root(struct superblock *sb, struct inode *root)
{
    struct name name = {"/", 1};

    return dentry_create(NULL, &name, root, &sb->root);
}

/* Deletes every name below the root, deepest first. */
static void names_drop_all(struct superblock *sb)
{
    struct dentry *at = sb->root;

    rw_write_lock(&sb->names);
    for (;;) {
        struct dentry *parent;

        while (!list_is_empty(&at->children))
            at = list_first(&at->children, struct dentry, sibling);
        if (at == sb->root)
            break;
        parent = at->parent;
        dentry_delete(at);
        at = parent;
    }
    rw_write_unlock(&sb->names);
}

void sb_destroy(struct superblock *sb)
{
    if (sb->root) {
        names_drop_all(sb);
        dentry_put(sb->root);
    }
    if (sb->ops && sb->ops->release)
        sb->ops->release(sb);
    mem_free(sb);
}

u64 vfs_no_limit(unsigned resource)
{
    return UINT64_MAX;
}

u64 (*vfs_rlimit)(unsigned resource) = vfs_no_limit;
