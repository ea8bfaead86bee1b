/* SPDX-License-Identifier: MIT */
/* mounts, mountinfo and filesystems: what is attached where, as the reader's root sees it. */
#include <linux/errno.h>
#include <proc/procfs_internal.h>
#include <vfs/attr.h>
#include <vfs/inode.h>

enum { OPTIONS_SIZE = 128 };

static void text_mount_point(struct text *out, struct mount *m)
{
    struct path at = {.mount = m, .dentry = m->root};

    text_path(out, &at);
}

static bool mounts_line(void *arg, struct mount *m)
{
    struct text *out = arg;
    char options[OPTIONS_SIZE];

    mount_options(m, options, sizeof(options));
    text_printf(out, "%s ", m->source[0] ? m->source : "none");
    text_mount_point(out, m);
    text_printf(out, " %s %s 0 0\n", m->sb->type, options);
    return true;
}

int procfs_mounts_show(struct text *out, const struct pseudo_id *id)
{
    mount_for_each(mounts_line, out);
    return 0;
}

/* The mount that it is attached to; the root is its own. */
static u32 parent_of(struct mount *m)
{
    spin_lock(&tree_lock);
    u32 id = m->at.mount ? m->at.mount->id : m->id;
    spin_unlock(&tree_lock);
    return id;
}

static bool mountinfo_line(void *arg, struct mount *m)
{
    struct text *out = arg;
    char options[OPTIONS_SIZE];

    mount_options(m, options, sizeof(options));
    text_printf(out, "%u %u %u:%u / ", m->id, parent_of(m), dev_major(m->sb->dev),
                dev_minor(m->sb->dev));
    text_mount_point(out, m);
    text_printf(out, " %s - %s %s %.2s\n", options, m->sb->type,
                m->source[0] ? m->source : "none", options);
    return true;
}

int procfs_mountinfo_show(struct text *out, const struct pseudo_id *id)
{
    mount_for_each(mountinfo_line, out);
    return 0;
}

int procfs_filesystems_show(struct text *out, const struct pseudo_id *id)
{
    for (struct fs_type *type = fs_first(); type; type = type->next)
        text_printf(out, "%s\t%s\n", type->needs_device ? "" : "nodev", type->name);
    return 0;
}
