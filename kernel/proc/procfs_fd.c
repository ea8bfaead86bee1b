/* SPDX-License-Identifier: MIT */
/*
 * The files of a process: fd/N and fdinfo/N, and the links exe, cwd and root.
 *
 * A link here leads to the object itself, whatever its name has become; reading the link tells
 * the name as the reader's root sees it.
 */
#include <lib/string.h>
#include <linux/errno.h>
#include <linux/fcntl.h>
#include <linux/stat.h>
#include <proc/procfs_internal.h>
#include <vfs/fdtable.h>
#include <vfs/vfs.h>
#include <vm/aspace.h>

/* The process if the reader may look into it. Returns: 0, -ENOENT, -EACCES. */
static int proc_open(const struct pseudo_id *id, struct proc **out)
{
    struct proc *proc = procfs_proc_get(id);

    if (!proc)
        return -ENOENT;
    if (!procfs_may_look_into(proc)) {
        proc_put(proc);
        return -EACCES;
    }
    *out = proc;
    return 0;
}

static s64 path_read(struct path *path, char *buf, size_t size)
{
    s64 n = path_name(path, buf, size);

    path_put(path);
    return n;
}

/* ---- descriptors ----------------------------------------------------------------- */

/* The file behind id.b with a reference. Returns: 0, -ENOENT, -EACCES. */
static int fd_file_get(const struct pseudo_id *id, struct file **out)
{
    struct proc *proc;
    int err = proc_open(id, &proc);

    if (err != 0)
        return err;
    struct fdtable *files = proc_files_get(proc);
    *out = files ? fdtable_get_file(files, (int)id->b) : NULL;
    if (files)
        fdtable_put(files);
    proc_put(proc);
    return *out ? 0 : -ENOENT;
}

static s64 fd_readlink(const struct pseudo_id *id, char *buf, size_t size)
{
    struct file *file;
    s64 n = fd_file_get(id, &file);

    if (n != 0)
        return n;
    n = path_name(&file->path, buf, size);
    file_put(file);
    return n;
}

static int fd_follow(const struct pseudo_id *id, struct path *out)
{
    struct file *file;
    int err = fd_file_get(id, &file);

    if (err != 0)
        return err;
    *out = file->path;
    path_get(out);
    file_put(file);
    return 0;
}

static int fdinfo_show(struct text *out, const struct pseudo_id *id)
{
    struct file *file;
    int err = fd_file_get(id, &file);

    if (err != 0)
        return err;
    text_printf(out, "pos:\t%lu\nflags:\t0%o\nmnt_id:\t%u\nino:\t%lu\n",
                __atomic_load_n(&file->pos, __ATOMIC_RELAXED), file->flags,
                file->path.mount ? file->path.mount->id : 0, file->inode->ino);
    file_put(file);
    return 0;
}

/* The permissions of a descriptor's link say how it was opened. */
static const struct pseudo_entry fd_links[] = {
    [O_RDONLY] = {.mode = S_IFLNK | 0500,
                  .readlink = fd_readlink,
                  .follow = fd_follow,
                  .owner = procfs_owner},
    [O_WRONLY] = {.mode = S_IFLNK | 0300,
                  .readlink = fd_readlink,
                  .follow = fd_follow,
                  .owner = procfs_owner},
    [O_RDWR] = {.mode = S_IFLNK | 0700,
                .readlink = fd_readlink,
                .follow = fd_follow,
                .owner = procfs_owner},
    [O_ACCMODE] = {.mode = S_IFLNK,
                   .readlink = fd_readlink,
                   .follow = fd_follow,
                   .owner = procfs_owner},
};
static const struct pseudo_entry fdinfo_file = {
    .mode = S_IFREG | 0444, .show = fdinfo_show, .owner = procfs_owner};

/* The smallest descriptor not below `from`. */
struct fd_search {
    u64 from;
    int found;
    u32 flags;
};

static bool fd_search_step(void *arg, int fd, struct file *file, bool cloexec)
{
    struct fd_search *s = arg;

    if ((u64)fd < s->from)
        return true;
    s->found = fd;
    s->flags = file->flags;
    return false;
}

static int fd_find(const struct pseudo_id *dir, struct fd_search *search)
{
    struct proc *proc;
    int err = proc_open(dir, &proc);

    if (err != 0)
        return err;
    struct fdtable *files = proc_files_get(proc);
    search->found = -1;
    if (files) {
        fdtable_for_each(files, fd_search_step, search);
        fdtable_put(files);
    }
    proc_put(proc);
    return search->found >= 0 ? 0 : -ENOENT;
}

static void fd_child(struct pseudo_child *out, const struct pseudo_entry *entry,
                     const struct pseudo_id *dir, int fd)
{
    *out = (struct pseudo_child){
        .entry = entry, .id = {.a = dir->a, .b = (u64)fd}, .cursor = (u64)fd + 1};
    kscnprintf(out->name, sizeof(out->name), "%d", fd);
}

static int fd_at_least(const struct pseudo_id *dir, u64 from, struct pseudo_child *out,
                       bool is_info)
{
    struct fd_search search = {.from = from};
    int err = fd_find(dir, &search);

    if (err == 0)
        fd_child(out, is_info ? &fdinfo_file : &fd_links[search.flags & O_ACCMODE], dir,
                 search.found);
    return err;
}

static int fd_named(const struct pseudo_id *dir, const char *name, struct pseudo_child *out,
                    bool is_info)
{
    u32 fd;

    if (!procfs_number(name, &fd))
        return -ENOENT;
    int err = fd_at_least(dir, fd, out, is_info);
    return err == 0 && out->id.b != fd ? -ENOENT : err;
}

int procfs_fd_lookup(const struct pseudo_id *dir, const char *name, struct pseudo_child *out)
{
    return fd_named(dir, name, out, false);
}

int procfs_fd_next(const struct pseudo_id *dir, u64 cursor, struct pseudo_child *out)
{
    return fd_at_least(dir, cursor, out, false);
}

int procfs_fdinfo_lookup(const struct pseudo_id *dir, const char *name,
                         struct pseudo_child *out)
{
    return fd_named(dir, name, out, true);
}

int procfs_fdinfo_next(const struct pseudo_id *dir, u64 cursor, struct pseudo_child *out)
{
    return fd_at_least(dir, cursor, out, true);
}

/* ---- exe, cwd, root -------------------------------------------------------------- */

int procfs_exe_follow(const struct pseudo_id *id, struct path *out)
{
    struct proc *proc;
    int err = proc_open(id, &proc);

    if (err != 0)
        return err;
    struct aspace *as = proc_aspace_get(proc);
    err = as && as->exe ? 0 : -ENOENT;
    if (err == 0) {
        *out = as->exe->path;
        path_get(out);
    }
    if (as)
        aspace_put(as);
    proc_put(proc);
    return err;
}

static int context_path(const struct pseudo_id *id, struct path *out, bool want_root)
{
    struct proc *proc;
    int err = proc_open(id, &proc);

    if (err != 0)
        return err;
    struct fs_context *fs = proc_fs_get(proc);
    proc_put(proc);
    if (!fs)
        return -ENOENT;
    spin_lock(&fs->lock);
    *out = want_root ? fs->root : fs->cwd;
    path_get(out);
    spin_unlock(&fs->lock);
    fs_context_put(fs);
    return 0;
}

int procfs_cwd_follow(const struct pseudo_id *id, struct path *out)
{
    return context_path(id, out, false);
}

int procfs_root_follow(const struct pseudo_id *id, struct path *out)
{
    return context_path(id, out, true);
}

s64 procfs_exe_readlink(const struct pseudo_id *id, char *buf, size_t size)
{
    struct path path;
    int err = procfs_exe_follow(id, &path);

    return err ? err : path_read(&path, buf, size);
}

s64 procfs_cwd_readlink(const struct pseudo_id *id, char *buf, size_t size)
{
    struct path path;
    int err = procfs_cwd_follow(id, &path);

    return err ? err : path_read(&path, buf, size);
}

s64 procfs_root_readlink(const struct pseudo_id *id, char *buf, size_t size)
{
    struct path path;
    int err = procfs_root_follow(id, &path);

    return err ? err : path_read(&path, buf, size);
}
