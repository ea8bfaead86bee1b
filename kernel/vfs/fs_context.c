/* SPDX-License-Identifier: MIT */
/*
 * Where a process stands: root, working directory, umask; and the names of places as it sees
 * them.
 */
#include <vfs/inode.h>

#include <lib/string.h>
#include <linux/errno.h>
#include <mem/cache.h>
#include <vfs/internal.h>

static struct cache *context_cache;

void fs_context_init(void)
{
    context_cache = cache_create("fs context", sizeof(struct fs_context));
}

static struct fs_context *context_alloc(void)
{
    struct fs_context *fs = cache_alloc(context_cache);

    if (fs) {
        fs->count = 1;
        spin_init(&fs->lock, "fs_context");
    }
    return fs;
}

int fs_context_create(struct fs_context **out)
{
    struct fs_context *fs = context_alloc();

    if (!fs)
        return -ENOMEM;
    fs->root = fs->cwd = root_path;
    path_cross_mounts(&fs->root);
    path_get(&fs->root);
    path_get(&fs->cwd);
    fs->umask = 022;
    *out = fs;
    return 0;
}

int fs_context_copy(struct fs_context *from, struct fs_context **out)
{
    struct fs_context *fs = context_alloc();

    if (!fs)
        return -ENOMEM;
    spin_lock(&from->lock);
    fs->root = from->root;
    fs->cwd = from->cwd;
    fs->umask = from->umask;
    path_get(&fs->root);
    path_get(&fs->cwd);
    spin_unlock(&from->lock);
    *out = fs;
    return 0;
}

void fs_context_get(struct fs_context *fs)
{
    __atomic_fetch_add(&fs->count, 1, __ATOMIC_RELAXED);
}

void fs_context_put(struct fs_context *fs)
{
    if (__atomic_fetch_sub(&fs->count, 1, __ATOMIC_ACQ_REL) != 1)
        return;
    path_put(&fs->root);
    path_put(&fs->cwd);
    cache_free(context_cache, fs);
}

void fs_context_set(struct fs_context *fs, struct path *which, const struct path *to)
{
    struct path old;

    path_get(to);
    spin_lock(&fs->lock);
    old = *which;
    *which = *to;
    spin_unlock(&fs->lock);
    path_put(&old);
}

/* Puts `n` bytes in front of *at; false when they do not fit above buf. */
static bool prepend(char *buf, char **at, const char *text, size_t n)
{
    if ((size_t)(*at - buf) < n)
        return false;
    *at -= n;
    memcpy(*at, text, n);
    return true;
}

#define UNREACHABLE \
    1 /* the place is not below the root: the name begins at the root of its tree */

/* The name of a place below `root`, written from the end of the buffer backwards. */
static int name_build_locked(struct path p, const struct path *root, char *buf, char **at)
{
    while (p.dentry != root->dentry || p.mount != root->mount) {
        if (p.dentry == p.mount->root || p.dentry->parent == p.dentry) {
            if (!p.mount->at.mount)
                return UNREACHABLE;
            p = p.mount->at;
            continue;
        }
        if (!prepend(buf, at, p.dentry->name, p.dentry->name_len) || !prepend(buf, at, "/", 1))
            return -ENAMETOOLONG;
        p.dentry = p.dentry->parent;
    }
    return 0;
}

/* `prefix` comes in front of a name that does not begin at `root`. */
static s64 name_from(const struct path *path, const struct path *root, const char *prefix,
                     char *buf, size_t size)
{
    static const char deleted[] = " (deleted)";
    char *end = buf + size, *at = end;
    int r = 0;

    if (size == 0)
        return -ENAMETOOLONG;
    *--at = 0;
    spin_lock(&tree_lock);
    if (path->dentry->is_deleted && !prepend(buf, &at, deleted, sizeof(deleted) - 1))
        r = -ENAMETOOLONG;
    else if (path->dentry->parent == path->dentry && path->dentry != path->mount->root)
        r = prepend(buf, &at, path->dentry->name, path->dentry->name_len) ? 0 : -ENAMETOOLONG;
    else
        r = name_build_locked(*path, root, buf, &at);
    spin_unlock(&tree_lock);
    if (r < 0)
        return r;
    if (!*at && !prepend(buf, &at, "/", 1))
        return -ENAMETOOLONG;
    if (r == UNREACHABLE && !prepend(buf, &at, prefix, strlen(prefix)))
        return -ENAMETOOLONG;
    memmove(buf, at, (size_t)(end - at));
    return end - at - 1;
}

/* The name as the caller's root sees it. */
static s64 name_for_caller(const struct path *path, const char *prefix, char *buf, size_t size)
{
    struct path root;
    s64 n;

    caller_root(&root);
    n = name_from(path, &root, prefix, buf, size);
    path_put(&root);
    return n;
}

s64 path_name(const struct path *path, char *buf, size_t size)
{
    return name_for_caller(path, "", buf, size);
}

s64 path_name_marked(const struct path *path, char *buf, size_t size)
{
    return name_for_caller(path, "(unreachable)", buf, size);
}
