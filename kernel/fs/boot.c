/* SPDX-License-Identifier: MIT */
/*
 * Files at boot: the root in memory, its content from the initial archive, and /dev.
 *
 * Archives come from many hands: parents may be missing or come later, names may begin with "/"
 * or "./", and of several names for one file often only the last carries the bytes.
 */
#include <vfs/vfs.h>

#include <debug/assert.h>
#include <debug/log.h>
#include <fs/devfs.h>
#include <fs/sysfs.h>
#include <fs/tmpfs.h>
#include <lib/cpio.h>
#include <lib/string.h>
#include <linux/errno.h>
#include <linux/fcntl.h>
#include <linux/limits.h>
#include <mem/cache.h>
#include <sched/thread.h>
#include <vfs/attr.h>
#include <vfs/inode.h>
#include <vfs/names.h>

/* The first name of a file with several; or a directory, whose time is set at the end, when
 * nothing is put into it any more. */
struct seen {
    struct seen *next;
    u32 ino, dev_major, dev_minor;
    u32 mtime;
    bool is_dir;
    char name[];
};

struct unpack {
    struct seen *seen;
    char path[PATH_MAX];
};

/* /dev, whatever the archive holds: what it says of devices goes there as well. */
static int dev_mount(void)
{
    struct path at;
    struct superblock *devfs;
    int r = vfs_mkdir_at(AT_FDCWD, "/dev", 0755);

    if (r && r != -EEXIST)
        return r;
    r = path_lookup_at(AT_FDCWD, "/dev", WALK_FOLLOW | WALK_DIRECTORY, &at);
    if (r)
        return r;
    r = fs_get_sb(fs_find("devtmpfs"), "", "", &devfs);
    if (!r)
        r = mount_at(devfs, "devtmpfs", 0, &at);
    path_put(&at);
    return r;
}

void vfs_init(void)
{
    struct superblock *root;
    int r = vfs_base_init();

    if (!r)
        r = tmpfs_create("rootfs", 0755, &root);
    if (!r)
        r = mount_root(root);
    if (!r)
        r = tmpfs_init();
    if (!r)
        r = memdev_init();
    if (!r)
        r = devfs_init();
    if (!r)
        r = sysfs_init();
    if (!r)
        r = dev_mount();
    if (r)
        panic("files: no memory for the root: error %d", -r);
}

/* Makes the directories above `path` that are missing. */
static int parents_make(char *path)
{
    for (char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
        int r;

        *slash = 0;
        r = vfs_mkdir_at(AT_FDCWD, path, 0755);
        *slash = '/';
        if (r && r != -EEXIST)
            return r;
    }
    return 0;
}

static int data_unpack(const char *path, const struct cpio_entry *e)
{
    struct file *file;
    struct iobuf b;
    s64 n;
    int r = vfs_open_at(AT_FDCWD, path, O_WRONLY | O_CREAT | O_TRUNC, e->mode & 07777, &file);

    if (r)
        return r;
    iobuf_init_kernel(&b, (void *)e->data, e->size);
    n = e->size ? vfs_write(file, &b, NULL) : 0;
    file_put(file);
    return n < 0 ? (int)n : n < (s64)e->size ? -ENOSPC : 0;
}

static int link_unpack(const char *path, const struct cpio_entry *e)
{
    char *target = mem_alloc((size_t)e->size + 1);
    int r;

    if (!target)
        return -ENOMEM;
    memcpy(target, e->data, e->size);
    target[e->size] = 0;
    r = vfs_remove_at(AT_FDCWD, path, false); /* a later archive wins */
    if (!r || r == -ENOENT)
        r = vfs_symlink_at(target, AT_FDCWD, path);
    mem_free(target);
    return r;
}

static int special_unpack(const char *path, const struct cpio_entry *e)
{
    int r = vfs_mknod_at(AT_FDCWD, path, e->mode, dev_make(e->rdev_major, e->rdev_minor));

    return r == -EEXIST ? 0 : r;
}

/* Owner, mode and time as the archive has them. */
static int attributes_set(const char *path, const struct cpio_entry *e)
{
    nsec_t time = (nsec_t)e->mtime * NSEC_PER_SEC;
    struct path at;
    int r = path_lookup_at(AT_FDCWD, path, 0, &at);

    if (r)
        return r;
    r = vfs_chown(&at, e->uid, e->gid);
    if (!r && !S_ISLNK(e->mode))
        r = vfs_chmod(&at, e->mode & 07777);
    if (!r)
        r = vfs_set_times(&at, &time, &time, false);
    path_put(&at);
    return r;
}

static struct seen *seen_find(struct unpack *u, const struct cpio_entry *e)
{
    struct seen *s = u->seen;

    while (s &&
           (s->ino != e->ino || s->dev_major != e->dev_major || s->dev_minor != e->dev_minor))
        s = s->next;
    return s;
}

static int seen_add(struct unpack *u, const struct cpio_entry *e)
{
    size_t n = strlen(u->path) + 1;
    struct seen *s = mem_alloc(sizeof(*s) + n);

    if (!s)
        return -ENOMEM;
    s->next = u->seen;
    s->ino = e->ino;
    s->dev_major = e->dev_major;
    s->dev_minor = e->dev_minor;
    s->mtime = e->mtime;
    s->is_dir = S_ISDIR(e->mode);
    memcpy(s->name, u->path, n);
    u->seen = s;
    return 0;
}

/* A further name of a file that is there already. */
static int hard_link(struct unpack *u, const struct cpio_entry *e, const struct seen *s)
{
    struct path old;
    int r;

    if (str_equal(s->name, u->path))
        return 0;
    r = path_lookup_at(AT_FDCWD, s->name, 0, &old);
    if (r)
        return r;
    r = vfs_link_at(&old, AT_FDCWD, u->path);
    path_put(&old);
    return r == -EEXIST ? 0 : r;
}

static int file_unpack(struct unpack *u, const struct cpio_entry *e)
{
    struct seen *s = e->nlink > 1 ? seen_find(u, e) : NULL;
    int r = 0;

    if (s)
        r = hard_link(u, e, s);
    else if (e->nlink > 1)
        r = seen_add(u, e);
    if (r || (s && e->size == 0))
        return r;
    return data_unpack(u->path, e);
}

/* The name as an absolute path without "." components at its head; empty: the root itself. */
static int path_clean(struct unpack *u, const char *name)
{
    while (*name == '/' || (name[0] == '.' && (name[1] == '/' || !name[1])))
        name++;
    u->path[0] = '/';
    return strlcpy(u->path + 1, name, sizeof(u->path) - 1) < sizeof(u->path) - 1
               ? 0
               : -ENAMETOOLONG;
}

static int entry_unpack(void *arg, const struct cpio_entry *e)
{
    struct unpack *u = arg;
    int r = path_clean(u, e->name);

    if (!r)
        r = parents_make(u->path);
    if (r)
        return r;
    switch (e->mode & S_IFMT) {
    case S_IFDIR:
        r = u->path[1] ? vfs_mkdir_at(AT_FDCWD, u->path, e->mode & 07777) : 0;
        if (!r || r == -EEXIST)
            r = seen_add(u, e);
        break;
    case S_IFREG:
        r = file_unpack(u, e);
        break;
    case S_IFLNK:
        r = link_unpack(u->path, e);
        break;
    default:
        r = special_unpack(u->path, e);
    }
    return r ? r : attributes_set(u->path, e);
}

static void time_set(const char *path, nsec_t time)
{
    struct path at;

    if (path_lookup_at(AT_FDCWD, path, 0, &at))
        return;
    if (vfs_set_times(&at, &time, &time, false))
        log_warn("initrd: cannot set the time of %s\n", path);
    path_put(&at);
}

static void unpack_end(struct unpack *u)
{
    while (u->seen) {
        struct seen *s = u->seen;

        u->seen = s->next;
        if (s->is_dir)
            time_set(s->name, (nsec_t)s->mtime * NSEC_PER_SEC);
        mem_free(s);
    }
    mem_free(u);
}

int vfs_unpack_initrd(const void *data, size_t size)
{
    struct unpack *u = mem_alloc(sizeof(*u));
    int r = 0;

    if (!u)
        return -ENOMEM;
    u->seen = NULL;
    if (size)
        r = cpio_read(data, size, entry_unpack, u);
    if (r)
        log_err("initrd: cannot unpack %s: error %d\n", u->path, -r);
    unpack_end(u);
    return r;
}
