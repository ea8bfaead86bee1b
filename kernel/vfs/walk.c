/* SPDX-License-Identifier: MIT */
/*
 * From a path to the place it names.
 *
 * A walk stands at a place and has text left. walk_to_last() takes all components but the last
 * and leaves that one to the caller, who may want to follow it, to make it or to delete it. A
 * symbolic link replaces the component by its target in the text that is left, and the walk
 * goes on; after 40 of them it is a loop.
 *
 * Each directory that is passed must be searchable by the caller. `..` stops at the caller's
 * root and leaves a mount through the place where it is mounted.
 */
#include <vfs/inode.h>

#include <debug/assert.h>
#include <lib/string.h>
#include <linux/errno.h>
#include <linux/fcntl.h>
#include <linux/limits.h>
#include <mem/cache.h>
#include <vfs/fdtable.h>
#include <vfs/internal.h>

#define MAX_LINKS 40

void caller_root(struct path *out)
{
    struct fs_context *fs = current->fs;

    if (!fs) {
        *out = root_path;
        path_get(out);
        return;
    }
    spin_lock(&fs->lock);
    *out = fs->root;
    path_get(out);
    spin_unlock(&fs->lock);
}

static void caller_cwd(struct path *out)
{
    struct fs_context *fs = current->fs;

    if (!fs) {
        caller_root(out);
        return;
    }
    spin_lock(&fs->lock);
    *out = fs->cwd;
    path_get(out);
    spin_unlock(&fs->lock);
}

static int dirfd_path(int dirfd, struct path *out)
{
    struct file *file;

    if (dirfd == AT_FDCWD) {
        caller_cwd(out);
        return 0;
    }
    file = fd_get_any(dirfd);
    if (!file)
        return -EBADF;
    *out = file->path;
    path_get(out);
    file_put(file);
    return 0;
}

int walk_begin(struct walk *w, int dirfd, const char *path)
{
    int r = 0;

    *w = (struct walk){.rest = path};
    caller_root(&w->root);
    if (*path == '/') {
        w->at = w->root;
        path_get(&w->at);
    } else {
        r = dirfd_path(dirfd, &w->at);
    }
    if (r)
        path_put(&w->root);
    return r;
}

void walk_end(struct walk *w)
{
    path_put(&w->at);
    path_put(&w->root);
    mem_free(w->text);
}

static bool path_equal(const struct path *a, const struct path *b)
{
    return a->dentry == b->dentry && a->mount == b->mount;
}

static void walk_up(struct walk *w)
{
    struct dentry *parent;

    while (!path_equal(&w->at, &w->root) && w->at.dentry == w->at.mount->root) {
        if (!path_leave_mount(&w->at))
            return;
    }
    if (path_equal(&w->at, &w->root))
        return;
    spin_lock(&tree_lock);
    parent = w->at.dentry->parent;
    dentry_get(parent);
    spin_unlock(&tree_lock);
    dentry_put(w->at.dentry);
    w->at.dentry = parent;
    path_cross_mounts(&w->at);
}

/* Joins the target of length n in `text` with what is left. */
static int link_join(struct walk *w, char *text, s64 n)
{
    size_t rest = strlen(w->rest);
    char *joined = mem_alloc((size_t)n + rest + 1);

    if (!joined)
        return -ENOMEM;
    memcpy(joined, text, (size_t)n);
    memcpy(joined + n, w->rest, rest + 1);
    mem_free(w->text);
    w->text = joined;
    w->rest = joined;
    return 0;
}

int walk_into_link(struct walk *w, struct path *link)
{
    struct inode *inode = link->dentry->inode;
    char *text;
    s64 n;
    int r;

    if (++w->n_links > MAX_LINKS)
        return -ELOOP;
    if (inode->ops->follow) {
        struct path target;

        r = inode->ops->follow(inode, &target);
        if (r)
            return r;
        path_put(&w->at);
        w->at = target;
        return 0;
    }
    text = mem_alloc(PATH_MAX);
    if (!text)
        return -ENOMEM;
    n = inode->ops->readlink(inode, text, PATH_MAX);
    r = n < 0 ? (int)n : n == 0 ? -ENOENT : link_join(w, text, n);
    mem_free(text);
    if (r)
        return r;
    if (w->rest[0] == '/') {
        path_put(&w->at);
        w->at = w->root;
        path_get(&w->at);
    }
    return WALK_AGAIN;
}

int walk_last(struct walk *w, bool follow)
{
    struct path next;
    int r;

    if (name_is_dot(&w->last))
        return 0;
    if (name_is_dotdot(&w->last)) {
        walk_up(w);
        return 0;
    }
    r = dentry_lookup(w->at.dentry, &w->last, &next.dentry);
    if (r)
        return r;
    next.mount = w->at.mount;
    mount_get(next.mount);
    path_cross_mounts(&next);
    if (follow && S_ISLNK(next.dentry->inode->mode)) {
        r = walk_into_link(w, &next);
        path_put(&next);
        return r;
    }
    path_put(&w->at);
    w->at = next;
    return 0;
}

/* Cuts the next component off the text. */
static void walk_cut(struct walk *w)
{
    const char *end;

    while (*w->rest == '/')
        w->rest++;
    for (end = w->rest; *end && *end != '/';)
        end++;
    w->last = (struct name){w->rest, (u32)(end - w->rest)};
    w->rest = end;
}

static int may_search(struct inode *dir)
{
    return S_ISDIR(dir->mode) ? inode_permission(dir, MAY_EXEC) : -ENOTDIR;
}

int walk_to_last(struct walk *w)
{
    for (;;) {
        const char *after;
        int r;

        walk_cut(w);
        r = w->last.len ? may_search(w->at.dentry->inode) : 0;
        if (r)
            return r;
        for (after = w->rest; *after == '/';)
            after++;
        if (!*after) {
            w->last_is_dir = *w->rest == '/';
            return 0;
        }
        r = walk_last(w, true);
        if (r < 0)
            return r;
    }
}

int path_lookup_at(int dirfd, const char *name, unsigned flags, struct path *out)
{
    struct walk w;
    int r;

    if (!*name && !(flags & WALK_EMPTY))
        return -ENOENT;
    r = walk_begin(&w, dirfd, name);
    if (r)
        return r;
    do {
        r = walk_to_last(&w);
        if (!r && w.last.len)
            r = walk_last(&w, (flags & WALK_FOLLOW) || w.last_is_dir);
    } while (r == WALK_AGAIN);
    if (!r && (w.last_is_dir || (flags & WALK_DIRECTORY)) && !S_ISDIR(w.at.dentry->inode->mode))
        r = -ENOTDIR;
    if (!r) {
        *out = w.at;
        path_get(out);
    }
    walk_end(&w);
    return r;
}
