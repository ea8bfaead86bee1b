/* SPDX-License-Identifier: MIT */
/*
 * Names: the tree of dentries and the hash that finds a child by its name.
 *
 * For a tmpfs the hashed dentries *are* the directory. A pseudo file system makes a fresh,
 * unhashed dentry for each look-up. Either way a dentry knows its parent, and holds it, so that
 * `..` and getcwd() always work.
 *
 * Locks: tree_lock for hash, children and names. Whoever changes names holds sb->names for
 * writing as well, so a holder of sb->names may read them without the tree_lock.
 */
#include <vfs/inode.h>

#include <debug/assert.h>
#include <lib/string.h>
#include <linux/errno.h>
#include <linux/limits.h>
#include <mem/cache.h>
#include <vfs/internal.h>

struct spinlock tree_lock = SPINLOCK_INIT("tree");

static struct cache *dentry_cache;
static struct dentry **buckets;
static u32 bucket_mask;

#define N_BUCKETS 8192u
#define NAME_SIZE 20 /* what a name adds to st_size of its directory, as on Linux's tmpfs */

int dentry_cache_init(void)
{
    dentry_cache = cache_create("dentry", sizeof(struct dentry));
    buckets = mem_zalloc(N_BUCKETS * sizeof(*buckets));
    bucket_mask = N_BUCKETS - 1;
    return dentry_cache && buckets ? 0 : -ENOMEM;
}

/* FNV-1a */
u32 name_hash(const struct name *name)
{
    u32 h = 2166136261u;

    for (u32 i = 0; i < name->len; i++)
        h = (h ^ (u8)name->text[i]) * 16777619u;
    return h;
}

static struct dentry **bucket_of(const struct dentry *dir, u32 hash)
{
    u64 mix = (u64)dir / 64 * 0x9e3779b97f4a7c15u;

    return &buckets[(hash ^ (u32)(mix >> 32)) & bucket_mask];
}

int dentry_name_alloc(const struct name *name, char **out)
{
    *out = NULL;
    if (name->len < DENTRY_NAME_INLINE)
        return 0;
    *out = mem_alloc(name->len + 1);
    return *out ? 0 : -ENOMEM;
}

static void name_set(struct dentry *d, const struct name *name, char *spare)
{
    d->name = spare ? spare : d->name_inline;
    memcpy(d->name, name->text, name->len);
    d->name[name->len] = 0;
    d->name_len = name->len;
    d->name_hash = name_hash(name);
}

int dentry_create(struct dentry *parent, const struct name *name, struct inode *inode,
                  struct dentry **out)
{
    struct dentry *d = cache_alloc(dentry_cache);
    char *spare;

    if (!d)
        return -ENOMEM;
    if (dentry_name_alloc(name, &spare)) {
        cache_free(dentry_cache, d);
        return -ENOMEM;
    }
    d->count = 1;
    d->is_hashed = d->is_deleted = d->is_mountpoint = false;
    name_set(d, name, spare);
    d->parent = parent ? parent : d;
    if (parent)
        dentry_get(parent);
    d->inode = inode;
    d->hash_next = NULL;
    list_init(&d->children);
    list_init(&d->sibling);
    d->dir_pos = 0;
    d->next_dir_pos = 2; /* "." and ".." are 0 and 1 */
    *out = d;
    return 0;
}

void dentry_put(struct dentry *d)
{
    while (d && __atomic_fetch_sub(&d->count, 1, __ATOMIC_ACQ_REL) == 1) {
        struct dentry *parent = d->parent == d ? NULL : d->parent;

        assert_msg(!d->is_hashed, "%s", d->name);
        inode_put(d->inode);
        if (d->name != d->name_inline)
            mem_free(d->name);
        cache_free(dentry_cache, d);
        d = parent;
    }
}

static void hash_add_locked(struct dentry *d)
{
    struct dentry **bucket = bucket_of(d->parent, d->name_hash);

    assert(spin_is_held(&tree_lock));
    d->hash_next = *bucket;
    *bucket = d;
    d->is_hashed = true;
    d->dir_pos = d->parent->next_dir_pos++;
    list_add_tail(&d->sibling, &d->parent->children);
    d->parent->inode->other_size += NAME_SIZE;
}

static void hash_remove_locked(struct dentry *d)
{
    struct dentry **at = bucket_of(d->parent, d->name_hash);

    assert(spin_is_held(&tree_lock));
    while (*at != d)
        at = &(*at)->hash_next;
    *at = d->hash_next;
    d->hash_next = NULL;
    d->is_hashed = false;
    list_del(&d->sibling);
    d->parent->inode->other_size -= NAME_SIZE;
}

void dentry_hash(struct dentry *d)
{
    assert(!d->is_hashed);
    dentry_get(d);
    spin_lock(&tree_lock);
    hash_add_locked(d);
    spin_unlock(&tree_lock);
}

void dentry_delete(struct dentry *d)
{
    spin_lock(&tree_lock);
    hash_remove_locked(d);
    d->is_deleted = true;
    spin_unlock(&tree_lock);
    dentry_put(d);
}

struct dentry *dentry_find(struct dentry *dir, const struct name *name)
{
    u32 hash = name_hash(name);
    struct dentry *d;

    spin_lock(&tree_lock);
    for (d = *bucket_of(dir, hash); d; d = d->hash_next) {
        if (d->name_hash == hash && d->parent == dir && d->name_len == name->len &&
            memcmp(d->name, name->text, name->len) == 0) {
            dentry_get(d);
            break;
        }
    }
    spin_unlock(&tree_lock);
    return d;
}

int dentry_lookup_locked(struct dentry *dir, const struct name *name, struct dentry **out)
{
    *out = dentry_find(dir, name);
    if (*out)
        return 0;
    if (name->len > NAME_MAX)
        return -ENAMETOOLONG;
    if (!dir->inode->ops->lookup)
        return -ENOENT;
    return dir->inode->ops->lookup(dir, name, out);
}

int dentry_lookup(struct dentry *dir, const struct name *name, struct dentry **out)
{
    struct superblock *sb = dir->inode->sb;
    int r;

    *out = dentry_find(dir, name);
    if (*out)
        return 0;
    if (name->len > NAME_MAX)
        return -ENAMETOOLONG;
    if (!dir->inode->ops->lookup)
        return -ENOENT;
    rw_read_lock(&sb->names);
    r = dir->inode->ops->lookup(dir, name, out);
    rw_read_unlock(&sb->names);
    return r;
}

bool dentry_has_children(struct dentry *d)
{
    return !list_is_empty(&d->children);
}

bool dentry_is_above(struct dentry *a, struct dentry *d)
{
    while (d != a && d->parent != d)
        d = d->parent;
    return d == a;
}

void dentry_move(struct dentry *d, struct dentry *dir, const struct name *name, char *spare)
{
    struct dentry *old_dir = d->parent;
    char *old_name = d->name != d->name_inline ? d->name : NULL;

    dentry_get(dir);
    spin_lock(&tree_lock);
    hash_remove_locked(d);
    d->parent = dir;
    name_set(d, name, spare);
    hash_add_locked(d);
    spin_unlock(&tree_lock);
    mem_free(old_name);
    dentry_put(old_dir);
}

/* Exchanges the texts of two names; an inline one moves along. */
static void names_swap_locked(struct dentry *a, struct dentry *b)
{
    char inline_text[DENTRY_NAME_INLINE];
    char *a_text = a->name == a->name_inline ? NULL : a->name;
    char *b_text = b->name == b->name_inline ? NULL : b->name;
    u32 len = a->name_len, hash = a->name_hash;

    assert(spin_is_held(&tree_lock));
    memcpy(inline_text, a->name_inline, sizeof(inline_text));
    memcpy(a->name_inline, b->name_inline, sizeof(inline_text));
    memcpy(b->name_inline, inline_text, sizeof(inline_text));
    a->name = b_text ? b_text : a->name_inline;
    b->name = a_text ? a_text : b->name_inline;
    a->name_len = b->name_len;
    a->name_hash = b->name_hash;
    b->name_len = len;
    b->name_hash = hash;
}

void dentry_exchange(struct dentry *a, struct dentry *b)
{
    struct dentry *a_dir = a->parent;

    spin_lock(&tree_lock);
    hash_remove_locked(a);
    hash_remove_locked(b);
    names_swap_locked(a, b);
    a->parent = b->parent; /* each takes over the other's reference to its parent */
    b->parent = a_dir;
    hash_add_locked(a);
    hash_add_locked(b);
    spin_unlock(&tree_lock);
}

/* The first child at or after pos, with a reference. Locks: sb->names. */
static struct dentry *child_from(struct dentry *dir, u64 pos)
{
    struct dentry *d, *found = NULL;

    spin_lock(&tree_lock);
    list_for_each (d, &dir->children, sibling) {
        if (d->dir_pos >= pos) {
            found = d;
            dentry_get(d);
            break;
        }
    }
    spin_unlock(&tree_lock);
    return found;
}

static unsigned dirent_type(const struct inode *inode)
{
    return (inode->mode & S_IFMT) >> 12;
}

static bool emit_dots(struct dentry *dir, struct dir_context *ctx)
{
    if (ctx->pos == 0) {
        if (!ctx->emit(ctx, ".", 1, dir->inode->ino, 4, 1))
            return false;
        ctx->pos = 1;
    }
    if (ctx->pos == 1) {
        if (!ctx->emit(ctx, "..", 2, dir->parent->inode->ino, 4, 2))
            return false;
        ctx->pos = 2;
    }
    return true;
}

int dentry_readdir(struct file *file, struct dir_context *ctx)
{
    struct dentry *dir = file->path.dentry, *d, *next;
    struct superblock *sb = dir->inode->sb;

    rw_read_lock(&sb->names);
    if (dir->is_deleted || !emit_dots(dir, ctx)) {
        rw_read_unlock(&sb->names);
        return dir->is_deleted ? -ENOENT : 0;
    }
    d = child_from(dir, ctx->pos);
    if (d)
        dentry_put(d); /* the names stay as long as we hold sb->names */
    for (; d; d = next) {
        next = d->sibling.next == &dir->children ? NULL : list_next(d, sibling);
        if (!ctx->emit(ctx, d->name, d->name_len, d->inode->ino, dirent_type(d->inode),
                       d->dir_pos + 1))
            break;
        ctx->pos = d->dir_pos + 1;
    }
    rw_read_unlock(&sb->names);
    return 0;
}
