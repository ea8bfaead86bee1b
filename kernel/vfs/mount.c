/* SPDX-License-Identifier: MIT */
/*
 * The tree of mounts: which file system sits where.
 *
 * A dentry that something is mounted on is marked; only then is the list of mounts searched.
 * Several mounts may stand on one place: the last one is seen.
 *
 * Locks: mount_lock serialises changes; tree_lock guards the list and the places.
 */
#include <vfs/inode.h>

#include <debug/assert.h>
#include <lib/printf.h>
#include <lib/string.h>
#include <linux/errno.h>
#include <linux/mount.h>
#include <mem/cache.h>
#include <vfs/internal.h>

struct path root_path;

static struct mutex mount_lock;
static struct list_head mounts = LIST_INIT(mounts);
static u32 next_id = 20;
static struct fs_type *types;

void mount_init(void)
{
    mutex_init(&mount_lock, "mount");
}

void fs_register(struct fs_type *type)
{
    struct fs_type **at = &types;

    while (*at)
        at = &(*at)->next;
    type->next = NULL;
    *at = type;
}

struct fs_type *fs_find(const char *name)
{
    struct fs_type *type = types;

    while (type && !str_equal(type->name, name))
        type = type->next;
    return type;
}

struct fs_type *fs_first(void)
{
    return types;
}

int fs_get_sb(struct fs_type *type, const char *source, const char *options,
              struct superblock **out)
{
    if (!type->sb)
        return type->get_sb(source, options, out);
    *out = type->sb;
    return 0;
}

void mount_get(struct mount *m)
{
    __atomic_fetch_add(&m->count, 1, __ATOMIC_RELAXED);
}

/* The last user of a mount that has left the tree. */
static void mount_free(struct mount *m)
{
    struct superblock *sb = m->sb;

    dentry_put(m->root);
    if (__atomic_fetch_sub(&sb->n_mounts, 1, __ATOMIC_ACQ_REL) == 1 && !sb->is_permanent)
        sb_destroy(sb);
    mem_free(m->source);
    mem_free(m);
}

void mount_put(struct mount *m)
{
    if (__atomic_fetch_sub(&m->count, 1, __ATOMIC_ACQ_REL) == 1)
        mount_free(m);
}

void path_put(const struct path *p)
{
    dentry_put(p->dentry);
    mount_put(p->mount);
}

int mount_create(struct superblock *sb, const char *source, u32 flags, struct mount **out)
{
    struct mount *m = mem_zalloc(sizeof(*m));
    size_t n = strlen(source) + 1;

    if (!m)
        return -ENOMEM;
    m->source = mem_alloc(n);
    if (!m->source) {
        mem_free(m);
        return -ENOMEM;
    }
    memcpy(m->source, source, n);
    m->count = 1;
    m->sb = sb;
    m->root = sb->root;
    dentry_get(m->root);
    m->flags = flags;
    list_init(&m->link);
    __atomic_fetch_add(&sb->n_mounts, 1, __ATOMIC_RELAXED);
    *out = m;
    return 0;
}

/* The newest mount that stands on this place. */
static struct mount *mounted_on_locked(const struct path *place)
{
    struct mount *m;

    assert(spin_is_held(&tree_lock));
    for (struct list_head *at = mounts.prev; at != &mounts; at = at->prev) {
        m = list_entry(at, struct mount, link);
        if (m->at.dentry == place->dentry && m->at.mount == place->mount)
            return m;
    }
    return NULL;
}

void path_cross_mounts(struct path *path)
{
    while (unlikely(path->dentry->is_mountpoint)) {
        struct path old = *path;
        struct mount *m;

        spin_lock(&tree_lock);
        m = mounted_on_locked(path);
        if (m) {
            *path = (struct path){m, m->root};
            path_get(path);
        }
        spin_unlock(&tree_lock);
        if (!m)
            return;
        path_put(&old);
    }
}

bool path_leave_mount(struct path *path)
{
    struct path old = *path;
    bool left;

    spin_lock(&tree_lock);
    left = path->mount->at.mount != NULL;
    if (left) {
        *path = path->mount->at;
        path_get(path);
    }
    spin_unlock(&tree_lock);
    if (left)
        path_put(&old);
    return left;
}

/* The same file system as on top of this place already? */
static bool is_same_again(const struct superblock *sb, const struct path *at)
{
    return at->dentry == sb->root && at->mount->sb == sb;
}

static void mount_attach(struct mount *m, const struct path *at)
{
    path_get(at);
    spin_lock(&tree_lock);
    m->id = next_id++;
    m->at = *at;
    at->dentry->is_mountpoint = true;
    at->mount->n_children++;
    list_add_tail(&m->link, &mounts);
    spin_unlock(&tree_lock);
}

int mount_at(struct superblock *sb, const char *source, u32 flags, const struct path *at)
{
    struct mount *m;
    int r = 0;

    if (S_ISDIR(at->dentry->inode->mode) != S_ISDIR(sb->root->inode->mode))
        return -ENOTDIR;
    mutex_lock(&mount_lock);
    if (is_same_again(sb, at))
        r = -EBUSY;
    else if (at->dentry->is_deleted)
        r = -ENOENT;
    else
        r = mount_create(sb, source, flags, &m);
    if (!r)
        mount_attach(m, at);
    mutex_unlock(&mount_lock);
    return r;
}

int mount_root(struct superblock *sb)
{
    struct mount *m;
    int r = mount_create(sb, "rootfs", 0, &m);

    if (r)
        return r;
    spin_lock(&tree_lock);
    m->id = next_id++;
    list_add_tail(&m->link, &mounts);
    spin_unlock(&tree_lock);
    root_path = (struct path){m, m->root};
    path_get(&root_path);
    return 0;
}

/* Takes m out of the tree; gives the place that it held. */
static void mount_detach_locked(struct mount *m, struct path *at)
{
    assert(spin_is_held(&tree_lock));
    *at = m->at;
    m->at = (struct path){NULL, NULL};
    list_del(&m->link);
    at->mount->n_children--;
    at->dentry->is_mountpoint = false;
    for (struct list_head *l = mounts.next; l != &mounts; l = l->next) {
        if (list_entry(l, struct mount, link)->at.dentry == at->dentry)
            at->dentry->is_mountpoint = true;
    }
}

/* With detach: first everything that is mounted on it. Locks: mount_lock. */
static void detach_children(struct mount *m)
{
    struct mount *child;

    for (;;) {
        struct path at;

        spin_lock(&tree_lock);
        child = NULL;
        for (struct list_head *l = mounts.prev; l != &mounts && !child; l = l->prev) {
            struct mount *top = list_entry(l, struct mount, link);

            for (struct mount *up = top->at.mount; up && !child; up = up->at.mount)
                child = up == m ? top : NULL;
        }
        if (child)
            mount_detach_locked(child, &at);
        spin_unlock(&tree_lock);
        if (!child)
            return;
        path_put(&at);
        mount_put(child);
    }
}

int mount_remove(struct mount *m, bool detach)
{
    struct path at;
    int r = 0;

    mutex_lock(&mount_lock);
    if (detach)
        detach_children(m);
    spin_lock(&tree_lock);
    if (!m->at.mount)
        r = -EINVAL;
    else if (!detach && (m->n_children || __atomic_load_n(&m->count, __ATOMIC_ACQUIRE) > 2))
        r = -EBUSY; /* two: the tree's reference and the caller's */
    else
        mount_detach_locked(m, &at);
    spin_unlock(&tree_lock);
    mutex_unlock(&mount_lock);
    if (r)
        return r;
    path_put(&at);
    mount_put(m);
    return 0;
}

void mount_for_each(bool (*fn)(void *arg, struct mount *m), void *arg)
{
    u32 from = 0;

    for (bool more = true; more;) {
        struct mount *m = NULL;

        spin_lock(&tree_lock);
        for (struct list_head *l = mounts.next; l != &mounts; l = l->next) {
            m = list_entry(l, struct mount, link);
            if (m->id >= from)
                break;
            m = NULL;
        }
        if (m)
            mount_get(m);
        spin_unlock(&tree_lock);
        if (!m)
            return;
        from = m->id + 1;
        more = fn(arg, m);
        mount_put(m);
    }
}

void mount_options(const struct mount *m, char *buf, size_t size)
{
    static const struct {
        u32 flag;
        const char *text;
    } options[] = {{MS_NOSUID, ",nosuid"},    {MS_NODEV, ",nodev"},
                   {MS_NOEXEC, ",noexec"},    {MS_NOATIME, ",noatime"},
                   {MS_SYNCHRONOUS, ",sync"}, {MS_RELATIME, ",relatime"}};

    strlcpy(buf, m->flags & MS_RDONLY ? "ro" : "rw", size);
    for (size_t i = 0; i < ARRAY_SIZE(options); i++) {
        if (m->flags & options[i].flag)
            strlcat(buf, options[i].text, size);
    }
    if (m->sb->ops && m->sb->ops->show_options)
        m->sb->ops->show_options(m->sb, buf, size);
}
