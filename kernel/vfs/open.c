/* SPDX-License-Identifier: MIT */
/*
 * open(2): find or make the file, check the rights, make the open file.
 *
 * The order of checks is Linux's, since programs see which error comes first: the path; O_EXCL;
 * the kind of file against O_DIRECTORY, O_NOFOLLOW and the access mode; rights; a running
 * program (-ETXTBSY); the driver's own opinion; and only then truncation.
 */
#include <vfs/vfs.h>

#include <asm/mman.h>
#include <lib/string.h>
#include <linux/errno.h>
#include <linux/fcntl.h>
#include <linux/mman.h>
#include <linux/mount.h>
#include <vfs/attr.h>
#include <vfs/file.h>
#include <vfs/internal.h>

#define KEPT_FLAGS                                                                     \
    (O_ACCMODE | O_APPEND | O_NONBLOCK | O_DIRECT | O_LARGEFILE | O_NOATIME | O_SYNC | \
     O_DIRECTORY | O_NOFOLLOW | O_PATH | O_TMPFILE)

static bool wants_write(int flags)
{
    return (flags & O_ACCMODE) != O_RDONLY;
}

static int open_mask(int flags)
{
    int mask = 0;

    if ((flags & O_ACCMODE) != O_WRONLY)
        mask |= MAY_READ;
    if (wants_write(flags) || (flags & O_TRUNC))
        mask |= MAY_WRITE;
    return mask;
}

/* May this be opened so? `is_new`: the caller has just made it, and may in any case. */
static int may_open(const struct path *path, int flags, bool is_new)
{
    struct inode *inode = path->dentry->inode;
    u32 mode = inode->mode;

    if (S_ISLNK(mode))
        return -ELOOP;
    if (S_ISDIR(mode) && (wants_write(flags) || (flags & (O_TRUNC | O_CREAT))))
        return -EISDIR;
    if ((S_ISCHR(mode) || S_ISBLK(mode)) && (path->mount->flags & MS_NODEV))
        return -EACCES;
    if ((open_mask(flags) & MAY_WRITE) && (S_ISREG(mode) || S_ISDIR(mode)) && !is_new &&
        path_may_change(path))
        return -EROFS;
    if ((flags & O_NOATIME) && !caller_owns(inode))
        return -EPERM;
    return is_new ? 0 : inode_permission(inode, open_mask(flags));
}

/* Lets the driver or file system have its say. On failure the caller puts the file. */
static int file_open_inode(struct file *file)
{
    struct inode *inode = file->inode;

    if (S_ISREG(inode->mode) && wants_write((int)file->flags)) {
        int r = file_begin_write(file);

        if (r)
            return r;
    }
    return file->ops->open ? file->ops->open(inode, file) : 0;
}

static int open_found(const struct path *path, int flags, bool is_new, struct file **out)
{
    struct inode *inode = path->dentry->inode;
    struct file *file;
    int r;

    if ((flags & O_DIRECTORY) && !S_ISDIR(inode->mode))
        return -ENOTDIR;
    if (flags & O_PATH)
        return file_create(path, &no_file_ops, flags & (O_PATH | O_DIRECTORY | O_NOFOLLOW),
                           out);
    r = may_open(path, flags, is_new);
    if (r)
        return r;
    if (!inode->fops)
        return -ENXIO;
    r = file_create(path, inode->fops, flags & KEPT_FLAGS, &file);
    if (r)
        return r;
    r = file_open_inode(file);
    if (r) { /* it was never open: nothing to release */
        file->ops = &no_file_ops;
        file_put(file);
        return r;
    }
    if ((flags & O_TRUNC) && !is_new && S_ISREG(inode->mode))
        r = vfs_truncate(inode, 0);
    if (r) {
        file_put(file);
        return r;
    }
    *out = file;
    return 0;
}

/* The last component when it may have to be made. 0: w->at is the file; WALK_AGAIN. */
static int open_or_create(struct walk *w, int flags, u32 mode, bool *is_new)
{
    struct superblock *sb = w->at.dentry->inode->sb;
    struct dentry *found;
    int r;

    if (w->last_is_dir)
        return -EISDIR;
    if (w->last.len == 0 || name_is_dot(&w->last) || name_is_dotdot(&w->last))
        return walk_last(w, true);
    rw_write_lock(&sb->names);
    r = dentry_lookup_locked(w->at.dentry, &w->last, &found);
    if (r == -ENOENT) {
        r = name_create_locked(&w->at, &w->last, (mode & 07777) | S_IFREG, 0, NULL, &found);
        *is_new = r == 0;
    } else if (!r && (flags & O_EXCL)) {
        dentry_put(found);
        r = -EEXIST;
    }
    rw_write_unlock(&sb->names);
    if (r)
        return r;
    if (*is_new) {
        dentry_put(w->at.dentry);
        w->at.dentry = found;
        return 0;
    }
    dentry_put(found);
    return walk_last(w, !(flags & O_NOFOLLOW));
}

static int open_step(struct walk *w, int flags, u32 mode, bool *is_new)
{
    int r = walk_to_last(w);

    if (r)
        return r;
    if (flags & O_CREAT)
        return open_or_create(w, flags, mode, is_new);
    if (w->last.len == 0)
        return 0;
    return walk_last(w, !(flags & O_NOFOLLOW) || w->last_is_dir);
}

/* A file without a name in the directory where w stands. */
static int open_tmpfile(struct path *dir, int flags, u32 mode, struct file **out)
{
    struct name name = {"#tmpfile", 8};
    struct inode *parent = dir->dentry->inode, *inode;
    struct path path = {dir->mount, NULL};
    int r = S_ISDIR(parent->mode) ? may_create_in(dir) : -ENOTDIR;

    if (r)
        return r;
    if (!parent->ops->create)
        return -EOPNOTSUPP;
    mode = S_IFREG | (mode & 07777 & ~caller_umask());
    r = parent->ops->create(parent, mode, 0, NULL, &inode);
    if (r)
        return r;
    inode->nlink = 0;
    inode->is_linkable = !(flags & O_EXCL);
    r = dentry_create(dir->dentry, &name, inode, &path.dentry);
    if (r) {
        inode_put(inode);
        return r;
    }
    path.dentry->is_deleted = true;
    r = open_found(&path, flags & ~(O_DIRECTORY | O_EXCL | O_CREAT), true, out);
    dentry_put(path.dentry);
    return r;
}

#define IS_TMPFILE(flags) (((flags)&O_TMPFILE) == O_TMPFILE)

static int check_flags(int flags)
{
    if (IS_TMPFILE(flags))
        return wants_write(flags) && !(flags & O_CREAT) ? 0 : -EINVAL;
    if ((flags & (O_CREAT | O_DIRECTORY)) == (O_CREAT | O_DIRECTORY))
        return -EINVAL;
    return 0;
}

int vfs_open_at(int dirfd, const char *path, int flags, u32 mode, struct file **out)
{
    struct walk w;
    bool is_new = false;
    int r;

    if (flags & O_PATH)
        flags &= O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
    r = check_flags(flags);
    if (r)
        return r;
    if (!*path)
        return -ENOENT;
    if ((flags & O_CREAT) && (flags & O_EXCL))
        flags |= O_NOFOLLOW;
    r = walk_begin(&w, dirfd, path);
    if (r)
        return r;
    do
        r = open_step(&w, flags, mode, &is_new);
    while (r == WALK_AGAIN);
    if (!r && w.last_is_dir && !S_ISDIR(w.at.dentry->inode->mode))
        r = -ENOTDIR;
    if (!r)
        r = IS_TMPFILE(flags) ? open_tmpfile(&w.at, flags, mode, out)
                              : open_found(&w.at, flags, is_new, out);
    walk_end(&w);
    return r;
}

int vfs_open_kernel(const char *path, int flags, u32 mode, struct file **out)
{
    struct fs_context *fs = current->fs;
    struct cred *cred = current->cred;
    int r;

    current->fs = NULL;
    current->cred = NULL;
    r = vfs_open_at(AT_FDCWD, path, flags, mode, out);
    current->fs = fs;
    current->cred = cred;
    return r;
}

static int may_execute(const struct path *path)
{
    struct inode *inode = path->dentry->inode;

    if (S_ISLNK(inode->mode))
        return -ELOOP;
    if (!S_ISREG(inode->mode) || (path->mount->flags & MS_NOEXEC) || !inode->fops)
        return -EACCES;
    return inode_permission(inode, MAY_EXEC);
}

/* On failure the caller puts the file. */
static int program_open(struct file *file)
{
    int r = inode_deny_write(file->inode);

    if (r)
        return r;
    file->is_program = true;
    return file->ops->open ? file->ops->open(file->inode, file) : 0;
}

int vfs_open_exec(int dirfd, const char *path, int at_flags, struct file **out)
{
    unsigned walk = (at_flags & AT_SYMLINK_NOFOLLOW ? 0 : WALK_FOLLOW) |
                    (at_flags & AT_EMPTY_PATH ? WALK_EMPTY : 0);
    struct path found;
    struct file *file;
    int r = path_lookup_at(dirfd, path, walk, &found);

    if (r)
        return r;
    r = may_execute(&found);
    if (!r)
        r = file_create(&found, found.dentry->inode->fops, O_RDONLY, &file);
    path_put(&found);
    if (r)
        return r;
    r = program_open(file);
    if (r) { /* it was never open: nothing to release */
        file->ops = &no_file_ops;
        file_put(file);
        return r;
    }
    *out = file;
    return 0;
}

int vfs_mmap_request(struct file *file, struct vm_map_request *req)
{
    u32 mode = file->flags & O_ACCMODE;
    bool shared = (req->flags & MAP_TYPE) != MAP_PRIVATE;

    req->file = file;
    if (mode == O_WRONLY)
        return -EACCES;
    req->max_prot = PROT_READ | PROT_WRITE | PROT_EXEC;
    if (shared && mode != O_RDWR)
        req->max_prot &= ~(u32)PROT_WRITE;
    if (file->path.mount->flags & MS_NOEXEC)
        req->max_prot &= ~(u32)PROT_EXEC;
    if (req->prot & ~req->max_prot & PROT_EXEC)
        return -EPERM;
    if (req->prot & ~req->max_prot)
        return -EACCES;
    if (file->ops->mmap)
        return file->ops->mmap(file, req);
    if (!S_ISREG(file->inode->mode) || !file->inode->object)
        return -ENODEV;
    req->object = file->inode->object;
    file_accessed(file);
    return 0;
}
