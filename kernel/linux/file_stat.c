/* SPDX-License-Identifier: MIT */
/*
 * System calls that tell about files: the stat family, statfs, readlink, getdents.
 */
#include <linux/syscall.h>

#include <arch/riscv/page.h>
#include <asm/stat.h>
#include <asm/statfs.h>
#include <lib/string.h>
#include <linux/errno.h>
#include <linux/fcntl.h>
#include <linux/file.h>
#include <linux/limits.h>
#include <linux/mount.h>
#include <linux/stat.h>
#include <mem/cache.h>
#include <sched/thread.h>
#include <vfs/attr.h>
#include <vfs/fdtable.h>
#include <vm/uaccess.h>

#define ST_VALID    0x20 /* in statfs.f_flags: they mean something */
#define ST_RELATIME 0x1000

/* Linux's struct stat of riscv64 from a statx. */
static int stat_copyout(u64 address, const struct statx *x)
{
    struct stat st;

    memset(&st, 0, sizeof(st));
    st.st_dev = dev_make(x->stx_dev_major, x->stx_dev_minor);
    st.st_ino = x->stx_ino;
    st.st_mode = x->stx_mode;
    st.st_nlink = x->stx_nlink;
    st.st_uid = x->stx_uid;
    st.st_gid = x->stx_gid;
    st.st_rdev = dev_make(x->stx_rdev_major, x->stx_rdev_minor);
    st.st_size = (long)x->stx_size;
    st.st_blksize = (int)x->stx_blksize;
    st.st_blocks = (long)x->stx_blocks;
    st.st_atime = x->stx_atime.tv_sec;
    st.st_atime_nsec = x->stx_atime.tv_nsec;
    st.st_mtime = x->stx_mtime.tv_sec;
    st.st_mtime_nsec = x->stx_mtime.tv_nsec;
    st.st_ctime = x->stx_ctime.tv_sec;
    st.st_ctime_nsec = x->stx_ctime.tv_nsec;
    return copyout(address, &st, sizeof(st));
}

long sys_fstat(u64 fd, u64 address)
{
    struct file *file = fd_get_any((int)fd);
    struct statx x;
    int r;

    if (!file)
        return -EBADF;
    r = vfs_stat(file->inode, &x);
    file_put(file);
    return r ? r : stat_copyout(address, &x);
}

/* The statx of what a path, or with AT_EMPTY_PATH and "" a descriptor, leads to. */
static int stat_path(u64 dirfd, u64 address, u64 flags, struct statx *out)
{
    struct path path;
    int r = user_lookup((int)dirfd, address, walk_flags(flags), &path);

    if (r)
        return r;
    r = vfs_stat(path.dentry->inode, out);
    if (path.dentry == path.mount->root)
        out->stx_attributes |= STATX_ATTR_MOUNT_ROOT;
    out->stx_attributes_mask |= STATX_ATTR_MOUNT_ROOT;
    out->stx_mnt_id = path.mount->id;
    path_put(&path);
    return r;
}

/* Is the string at this address empty? Then no walk is needed for a descriptor. */
static bool is_empty_string(u64 address)
{
    char first = 1;

    return copyin(&first, address, 1) == 0 && first == 0;
}

long sys_newfstatat(u64 dirfd, u64 path, u64 address, u64 flags)
{
    struct statx x;
    int r;

    if ((u32)flags & ~(u32)(AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT | AT_EMPTY_PATH))
        return -EINVAL;
    if ((flags & AT_EMPTY_PATH) && (s32)dirfd >= 0 && (!path || is_empty_string(path)))
        return sys_fstat(dirfd, address);
    r = stat_path(dirfd, path, flags, &x);
    return r ? r : stat_copyout(address, &x);
}

long sys_statx(u64 dirfd, u64 path, u64 flags, u64 mask, u64 address)
{
    struct statx x;
    int r;

    if ((u32)flags &
        ~(u32)(AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT | AT_EMPTY_PATH | AT_STATX_SYNC_TYPE))
        return -EINVAL;
    if ((mask & STATX__RESERVED) || (flags & AT_STATX_SYNC_TYPE) == AT_STATX_SYNC_TYPE)
        return -EINVAL;
    r = stat_path(dirfd, path, flags, &x);
    if (r)
        return r;
    x.stx_mask |= (u32)mask & STATX_MNT_ID;
    return copyout(address, &x, sizeof(x));
}

/* --- file systems --- */

static int statfs_copyout(const struct path *path, u64 address)
{
    struct superblock *sb = path->dentry->inode->sb;
    u32 flags = path->mount->flags;
    struct statfs64 st;
    int r = 0;

    memset(&st, 0, sizeof(st));
    st.f_type = sb->magic;
    st.f_bsize = st.f_frsize = 4096;
    st.f_namelen = NAME_MAX;
    st.f_fsid.val[0] = (int)sb->dev;
    /* the low bits of mount(2) and of f_flags agree */
    st.f_flags =
        (flags & (MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC | MS_SYNCHRONOUS | MS_NOATIME)) |
        ST_VALID | (flags & MS_NOATIME ? 0 : ST_RELATIME);
    if (sb->ops && sb->ops->statfs)
        r = sb->ops->statfs(sb, &st);
    return r ? r : copyout(address, &st, sizeof(st));
}

long sys_statfs(u64 address, u64 out)
{
    struct path path;
    int r = user_lookup(AT_FDCWD, address, WALK_FOLLOW, &path);

    if (r)
        return r;
    r = statfs_copyout(&path, out);
    path_put(&path);
    return r;
}

long sys_fstatfs(u64 fd, u64 out)
{
    struct file *file = fd_get_any((int)fd);
    int r;

    if (!file)
        return -EBADF;
    r = statfs_copyout(&file->path, out);
    file_put(file);
    return r;
}

/* --- links and directories --- */

static s64 link_text(struct inode *inode, u64 out, u64 size)
{
    char *text;
    s64 n;

    if (!S_ISLNK(inode->mode))
        return -EINVAL;
    text = mem_alloc(PATH_MAX);
    if (!text)
        return -ENOMEM;
    n = inode->ops->readlink(inode, text, PATH_MAX);
    n = min(n, (s64)size);
    if (n > 0 && copyout(out, text, (size_t)n))
        n = -EFAULT;
    mem_free(text);
    return n;
}

long sys_readlinkat(u64 dirfd, u64 address, u64 out, u64 size)
{
    struct path path;
    struct user_path name;
    s64 r;

    if ((s32)size <= 0)
        return -EINVAL;
    r = user_path_get(&name, address);
    if (r)
        return r;
    /* "" is the link that an O_PATH descriptor stands for; -ENOENT when it stands for something
     * else */
    r = path_lookup_at((int)dirfd, name.text, (s32)dirfd >= 0 ? WALK_EMPTY : 0, &path);
    if (!r) {
        r = link_text(path.dentry->inode, out, (u32)size);
        if (r == -EINVAL && !*name.text)
            r = -ENOENT;
        path_put(&path);
    }
    user_path_put(&name);
    return r;
}

/* Entries are made in a kernel buffer: names are locked meanwhile, so no user fault may happen.
 */
#define DIRENTS_MAX (4 * PAGE_SIZE)

struct dirent_writer {
    struct dir_context ctx;
    char *buf;
    size_t size, used;
    bool is_full; /* an entry did not fit */
};

/* struct linux_dirent64 up to the name, whose place is byte 19 and not a multiple of 8. */
struct dirent_head {
    u64 ino;
    s64 next;
    u16 size;
    u8 type;
} __attribute__((packed));

static bool dirent_emit(struct dir_context *ctx, const char *name, size_t len, u64 ino,
                        unsigned type, u64 next_pos)
{
    struct dirent_writer *w = container_of(ctx, struct dirent_writer, ctx);
    size_t size = align_up(sizeof(struct dirent_head) + len + 1, 8);
    struct dirent_head head = {ino, (s64)next_pos, (u16)size, (u8)type};
    char *entry = w->buf + w->used;

    if (size > w->size - w->used) {
        w->is_full = true;
        return false;
    }
    memset(entry + size - 8, 0, 8); /* the padding */
    memcpy(entry, &head, sizeof(head));
    memcpy(entry + sizeof(head), name, len);
    entry[sizeof(head) + len] = 0;
    w->used += size;
    return true;
}

/* One buffer full. The position moves on only when the user has the entries. */
static long entries_read(struct file *file, struct dirent_writer *w, u64 out)
{
    int r;

    w->ctx.pos = file->pos;
    r = file->ops->readdir(file, &w->ctx);
    if (r)
        return r;
    if (w->used == 0)
        return w->is_full ? -EINVAL : 0;
    if (copyout(out, w->buf, w->used))
        return -EFAULT;
    file->pos = w->ctx.pos;
    return (long)w->used;
}

static long directory_read(struct file *file, u64 out, size_t size)
{
    struct dirent_writer w = {.ctx.emit = dirent_emit, .size = min(size, DIRENTS_MAX)};
    long r;

    w.buf = mem_alloc(max(w.size, 1ul));
    if (!w.buf) {
        w.size = min(w.size, PAGE_SIZE);
        w.buf = mem_alloc(max(w.size, 1ul));
    }
    if (!w.buf)
        return -ENOMEM;
    mutex_lock(&file->pos_lock);
    r = entries_read(file, &w, out);
    mutex_unlock(&file->pos_lock);
    mem_free(w.buf);
    if (r >= 0)
        file_accessed(file);
    return r;
}

long sys_getdents64(u64 fd, u64 out, u64 size)
{
    struct file *file = fd_get((int)fd);
    long r;

    if (!file)
        return -EBADF;
    r = file->ops->readdir ? directory_read(file, out, (u32)size) : -ENOTDIR;
    file_put(file);
    return r;
}
