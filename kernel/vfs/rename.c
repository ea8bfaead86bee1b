/* SPDX-License-Identifier: MIT */
/*
 * renameat2(2): a name moves, replaces another, or changes places with it, in one step that
 * nobody sees half done.
 *
 * Both directories are in one file system, whose names are held for writing, so nothing moves
 * meanwhile and "is this directory above that one" has a stable answer.
 */
#include <vfs/names.h>

#include <debug/assert.h>
#include <lib/string.h>
#include <linux/errno.h>
#include <linux/fs.h>
#include <mem/cache.h>
#include <sched/timer.h>
#include <vfs/attr.h>
#include <vfs/internal.h>

struct rename {
    struct walk from, to;
    struct dentry *old, *target; /* hold references; target may be NULL */
    unsigned flags;
};

static bool is_special(const struct name *n)
{
    return n->len == 0 || name_is_dot(n) || name_is_dotdot(n);
}

static bool is_dir(const struct dentry *d)
{
    return S_ISDIR(d->inode->mode);
}

/* Finds both ends. Locks: names. */
static int rename_lookup(struct rename *rn)
{
    int r = dentry_lookup_locked(rn->from.at.dentry, &rn->from.last, &rn->old);

    if (r)
        return r;
    r = dentry_lookup_locked(rn->to.at.dentry, &rn->to.last, &rn->target);
    if (r == -ENOENT)
        r = rn->flags & RENAME_EXCHANGE ? -ENOENT : 0;
    else if (!r && (rn->flags & RENAME_NOREPLACE))
        r = -EEXIST;
    return r;
}

/* Trailing slashes ask for directories; a directory does not move below itself. */
static int rename_check_shape(struct rename *rn)
{
    struct dentry *old = rn->old, *target = rn->target;

    if (rn->flags & RENAME_EXCHANGE) {
        if (rn->to.last_is_dir && !is_dir(target))
            return -ENOTDIR;
    }
    if (!is_dir(old)) {
        if (rn->from.last_is_dir)
            return -ENOTDIR;
        if (!(rn->flags & RENAME_EXCHANGE) && rn->to.last_is_dir)
            return -ENOTDIR;
    }
    if (dentry_is_above(old, rn->to.at.dentry))
        return -EINVAL;
    if (target && dentry_is_above(target, rn->from.at.dentry))
        return rn->flags & RENAME_EXCHANGE ? -EINVAL : -ENOTEMPTY;
    return 0;
}

/* A directory that gets another parent has its `..` written. */
static int may_move(struct dentry *d, const struct path *from, const struct path *to)
{
    if (!is_dir(d) || from->dentry == to->dentry)
        return 0;
    return inode_permission(d->inode, MAY_WRITE);
}

static int rename_check_rights(struct rename *rn)
{
    struct dentry *old = rn->old, *target = rn->target;
    int r = may_delete(&rn->from.at, old, is_dir(old));

    if (r)
        return r;
    if (!target)
        r = may_create_in(&rn->to.at);
    else
        r = may_delete(&rn->to.at, target,
                       rn->flags & RENAME_EXCHANGE ? is_dir(target) : is_dir(old));
    if (!r)
        r = may_move(old, &rn->from.at, &rn->to.at);
    if (!r && target && (rn->flags & RENAME_EXCHANGE))
        r = may_move(target, &rn->to.at, &rn->from.at);
    return r;
}

static void adjust_links(struct inode *from, struct inode *to, bool moves_dir)
{
    if (moves_dir && from != to) {
        from->nlink--;
        to->nlink++;
    }
}

static void exchange_commit(struct rename *rn)
{
    struct inode *from = rn->from.at.dentry->inode, *to = rn->to.at.dentry->inode;

    adjust_links(from, to, is_dir(rn->old));
    adjust_links(to, from, is_dir(rn->target));
    rn->target->inode->ctime = clock_realtime();
    dentry_exchange(rn->old, rn->target);
}

static void move_commit(struct rename *rn, char *spare)
{
    struct inode *from = rn->from.at.dentry->inode, *to = rn->to.at.dentry->inode;

    if (rn->target) {
        struct inode *gone = rn->target->inode;

        if (is_dir(rn->target)) {
            gone->nlink = 0;
            to->nlink--;
        } else {
            gone->nlink--;
        }
        gone->ctime = clock_realtime();
        dentry_delete(rn->target);
    }
    adjust_links(from, to, is_dir(rn->old));
    dentry_move(rn->old, rn->to.at.dentry, &rn->to.last, spare);
}

static int rename_do(struct rename *rn)
{
    struct inode *from = rn->from.at.dentry->inode;
    char *spare = NULL;
    int r = 0;

    if (rn->target && is_dir(rn->target) && !(rn->flags & RENAME_EXCHANGE) &&
        dentry_has_children(rn->target))
        return -ENOTEMPTY;
    if (rn->to.last.len > NAME_MAX)
        return -ENAMETOOLONG;
    if (!from->ops->create)
        return -EPERM;
    if (from->ops->rename)
        r = from->ops->rename(rn->old, rn->to.at.dentry, &rn->to.last);
    if (!r && !(rn->flags & RENAME_EXCHANGE))
        r = dentry_name_alloc(&rn->to.last, &spare);
    if (r)
        return r;
    /* commit */
    rn->old->inode->ctime = clock_realtime();
    if (rn->flags & RENAME_EXCHANGE)
        exchange_commit(rn);
    else
        move_commit(rn, spare);
    inode_touch(from);
    inode_touch(rn->to.at.dentry->inode);
    return 0;
}

static int rename_locked(struct rename *rn)
{
    int r = rename_lookup(rn);

    if (!r)
        r = rename_check_shape(rn);
    if (r)
        return r;
    if (rn->target && rn->target->inode == rn->old->inode)
        return 0; /* two names of one file: POSIX wants nothing done */
    r = rename_check_rights(rn);
    return r ? r : rename_do(rn);
}

static int rename_walked(struct rename *rn)
{
    struct superblock *sb = rn->from.at.mount->sb;
    int r;

    if (rn->from.at.mount != rn->to.at.mount)
        return -EXDEV;
    if (is_special(&rn->from.last))
        return -EBUSY;
    if (is_special(&rn->to.last))
        return rn->flags & RENAME_NOREPLACE ? -EEXIST : -EBUSY;
    rw_write_lock(&sb->names);
    r = rename_locked(rn);
    rw_write_unlock(&sb->names);
    if (rn->old)
        dentry_put(rn->old);
    if (rn->target)
        dentry_put(rn->target);
    return r;
}

int vfs_rename_at(const struct rename_end *from, const struct rename_end *to, unsigned flags)
{
    struct rename rn = {.flags = flags};
    int r;

    if ((flags & ~(RENAME_NOREPLACE | RENAME_EXCHANGE)) ||
        flags == (RENAME_NOREPLACE | RENAME_EXCHANGE))
        return -EINVAL;
    if (!*from->path || !*to->path)
        return -ENOENT;
    r = walk_begin(&rn.from, from->dirfd, from->path);
    if (r)
        return r;
    r = walk_to_last(&rn.from);
    if (r)
        goto end_from;
    r = walk_begin(&rn.to, to->dirfd, to->path);
    if (r)
        goto end_from;
    r = walk_to_last(&rn.to);
    if (!r)
        r = rename_walked(&rn);
    walk_end(&rn.to);
end_from:
    walk_end(&rn.from);
    return r;
}
