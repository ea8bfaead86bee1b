/* SPDX-License-Identifier: MIT */
/*
 * Pseudo file systems over tables of entries (see pseudo.h).
 *
 * Each look-up makes a fresh inode and a dentry that is not hashed: what is found is never
 * stale, and nothing has to be told when a process ends. An inode carries its entry, its id,
 * and the function that says who owns it.
 */
#include <fs/pseudo.h>

#include <debug/assert.h>
#include <lib/string.h>
#include <linux/errno.h>
#include <linux/fcntl.h>
#include <linux/fs.h>
#include <linux/limits.h>
#include <mem/cache.h>
#include <vfs/file.h>

#define WRITE_MAX   (64 * KiB)
#define DYNAMIC_POS (1UL << 32) /* readdir: positions of children that are not in the table */

struct pseudo_inode {
    const struct pseudo_entry *entry;
    struct pseudo_id id;
    int (*owner)(const struct pseudo_id *id, u32 *uid, u32 *gid);
};

struct pseudo_file {
    struct mutex lock;
    struct text text; /* lock */
    bool is_made;     /* lock */
};

static const struct inode_ops dir_ops, file_ops, link_ops, magic_ops;
static const struct file_ops text_ops, pseudo_dir_ops;

static struct pseudo_inode *pseudo_of(const struct inode *inode)
{
    return inode->priv;
}

const struct pseudo_id *pseudo_id_of(const struct inode *inode)
{
    return &pseudo_of(inode)->id;
}

static u64 ino_of(const struct pseudo_entry *entry, const struct pseudo_id *id)
{
    u64 h = ((u64)entry ^ id->a * 0x9e3779b97f4a7c15u) * 0xff51afd7ed558ccdu;

    h = (h ^ (h >> 32) ^ id->b) * 0xc4ceb9fe1a85ec53u;
    return (h >> 20) | 1;
}

static void inode_outfit(struct inode *inode, const struct pseudo_entry *entry)
{
    switch (entry->mode & S_IFMT) {
    case S_IFDIR:
        inode->ops = &dir_ops;
        inode->fops = &pseudo_dir_ops;
        inode->nlink = 2;
        break;
    case S_IFLNK:
        inode->ops = entry->follow ? &magic_ops : &link_ops;
        break;
    default:
        inode->ops = &file_ops;
        inode->fops = entry->fops ? entry->fops : &text_ops;
    }
}

static int pseudo_inode_create(struct superblock *sb, const struct pseudo_inode *what,
                               struct inode **out)
{
    struct pseudo_inode *p = mem_alloc(sizeof(*p));
    struct inode *inode;
    int r;

    if (!p)
        return -ENOMEM;
    r = inode_create(sb, what->entry->mode, &inode);
    if (r) {
        mem_free(p);
        return r;
    }
    *p = *what;
    inode->priv = p;
    inode->uid = inode->gid = 0;
    inode->ino = ino_of(p->entry, &p->id);
    inode_outfit(inode, p->entry);
    r = inode->ops->refresh(inode);
    if (r) {
        inode_put(inode);
        return r;
    }
    *out = inode;
    return 0;
}

static void pseudo_inode_release(struct inode *inode)
{
    mem_free(inode->priv);
}

static int pseudo_refresh(struct inode *inode)
{
    struct pseudo_inode *p = pseudo_of(inode);

    return p->owner ? p->owner(&p->id, &inode->uid, &inode->gid) : 0;
}

/* What a name in this directory stands for. */
static int child_find(const struct pseudo_inode *dir, const char *name,
                      struct pseudo_child *out)
{
    for (const struct pseudo_entry *e = dir->entry->children; e && e->name; e++) {
        if (str_equal(e->name, name)) {
            out->entry = e;
            out->id = dir->id;
            return 0;
        }
    }
    return dir->entry->lookup ? dir->entry->lookup(&dir->id, name, out) : -ENOENT;
}

static int pseudo_lookup(struct dentry *dir, const struct name *name, struct dentry **out)
{
    const struct pseudo_inode *p = pseudo_of(dir->inode);
    struct pseudo_child child;
    struct pseudo_inode what;
    struct inode *inode;
    char *text = mem_alloc(name->len + 1);
    int r;

    if (!text)
        return -ENOMEM;
    memcpy(text, name->text, name->len);
    text[name->len] = 0;
    r = child_find(p, text, &child);
    mem_free(text);
    if (r)
        return r;
    what = (struct pseudo_inode){child.entry, child.id,
                                 child.entry->owner ? child.entry->owner : p->owner};
    r = pseudo_inode_create(dir->inode->sb, &what, &inode);
    if (r)
        return r;
    r = dentry_create(dir, name, inode, out);
    if (r)
        inode_put(inode);
    return r;
}

static s64 pseudo_readlink(struct inode *inode, char *buf, size_t size)
{
    struct pseudo_inode *p = pseudo_of(inode);

    return p->entry->readlink ? p->entry->readlink(&p->id, buf, size) : -EINVAL;
}

static int pseudo_follow(struct inode *inode, struct path *out)
{
    struct pseudo_inode *p = pseudo_of(inode);

    return p->entry->follow(&p->id, out);
}

/* open(O_TRUNC) of a file that is written to: nothing to cut. */
static int pseudo_truncate(struct inode *inode, u64 size)
{
    return 0;
}

static const struct inode_ops dir_ops = {.lookup = pseudo_lookup, .refresh = pseudo_refresh};
static const struct inode_ops file_ops = {.truncate = pseudo_truncate,
                                          .refresh = pseudo_refresh};
static const struct inode_ops link_ops = {.readlink = pseudo_readlink,
                                          .refresh = pseudo_refresh};
static const struct inode_ops magic_ops = {
    .readlink = pseudo_readlink, .follow = pseudo_follow, .refresh = pseudo_refresh};

/* --- directories --- */

static bool emit(struct dir_context *ctx, const char *name, const struct pseudo_entry *entry,
                 const struct pseudo_id *id, u64 next_pos)
{
    if (!ctx->emit(ctx, name, strlen(name), ino_of(entry, id), (entry->mode & S_IFMT) >> 12,
                   next_pos))
        return false;
    ctx->pos = next_pos;
    return true;
}

static bool emit_table(const struct pseudo_inode *dir, struct dir_context *ctx)
{
    const struct pseudo_entry *table = dir->entry->children;

    if (ctx->pos >= DYNAMIC_POS)
        return true;
    for (u64 i = 0; table && table[i].name; i++) {
        if (i + 2 >= ctx->pos && !emit(ctx, table[i].name, &table[i], &dir->id, i + 3))
            return false;
    }
    ctx->pos = DYNAMIC_POS;
    return true;
}

static int emit_dynamic(const struct pseudo_inode *dir, struct dir_context *ctx)
{
    while (dir->entry->next) {
        struct pseudo_child child;
        int r = dir->entry->next(&dir->id, ctx->pos - DYNAMIC_POS, &child);

        if (r)
            return r == -ENOENT ? 0 : r;
        if (!emit(ctx, child.name, child.entry, &child.id, DYNAMIC_POS + child.cursor))
            return 0;
    }
    return 0;
}

static int pseudo_readdir(struct file *file, struct dir_context *ctx)
{
    struct dentry *dir = file->path.dentry;
    const struct pseudo_inode *p = pseudo_of(dir->inode);

    if (ctx->pos == 0) {
        if (!ctx->emit(ctx, ".", 1, dir->inode->ino, 4, 1))
            return 0;
        ctx->pos = 1;
    }
    if (ctx->pos == 1) {
        if (!ctx->emit(ctx, "..", 2, dir->parent->inode->ino, 4, 2))
            return 0;
        ctx->pos = 2;
    }
    return emit_table(p, ctx) ? emit_dynamic(p, ctx) : 0;
}

static const struct file_ops pseudo_dir_ops = {
    .read = dir_read, .lseek = dir_lseek, .readdir = pseudo_readdir};

/* --- files --- */

static int text_open(struct inode *inode, struct file *file)
{
    const struct pseudo_inode *p = pseudo_of(inode);
    int err = p->entry->may_open ? p->entry->may_open(&p->id) : 0;
    struct pseudo_file *pf = err ? NULL : mem_alloc(sizeof(*pf));

    if (!pf)
        return err ? err : -ENOMEM;
    mutex_init(&pf->lock, "pseudo file");
    text_init(&pf->text);
    pf->is_made = false;
    file->priv = pf;
    return 0;
}

static void text_release(struct file *file)
{
    struct pseudo_file *pf = file->priv;

    text_free(&pf->text);
    mem_free(pf);
}

static int text_make_locked(struct pseudo_file *pf, const struct pseudo_inode *p)
{
    int r;

    assert(mutex_is_held(&pf->lock));
    text_free(&pf->text);
    pf->is_made = false;
    r = p->entry->show(&pf->text, &p->id);
    if (!r)
        r = pf->text.error;
    pf->is_made = r == 0;
    return r;
}

static s64 text_read(struct file *file, struct iobuf *buf, u64 *pos)
{
    struct pseudo_file *pf = file->priv;
    const struct pseudo_inode *p = pseudo_of(file->inode);
    size_t n, moved;
    s64 r = 0;

    if (!p->entry->show)
        return -EIO;
    mutex_lock(&pf->lock);
    if (*pos == 0 || !pf->is_made)
        r = text_make_locked(pf, p);
    if (!r && *pos < pf->text.len) {
        n = min(buf->left, pf->text.len - *pos);
        moved = iobuf_put(buf, pf->text.buf + *pos, n);
        *pos += moved;
        r = moved || !n ? (s64)moved : -EFAULT;
    }
    mutex_unlock(&pf->lock);
    return r;
}

static s64 text_write_op(struct file *file, struct iobuf *buf, u64 *pos)
{
    const struct pseudo_inode *p = pseudo_of(file->inode);
    size_t n = buf->left;
    char *text;
    int r;

    if (!p->entry->write)
        return -EIO;
    if (n > WRITE_MAX)
        return -EINVAL;
    text = mem_alloc(n + 1);
    if (!text)
        return -ENOMEM;
    if (iobuf_take(buf, text, n) < n) {
        mem_free(text);
        return -EFAULT;
    }
    text[n] = 0;
    r = p->entry->write(&p->id, text, n);
    mem_free(text);
    if (r)
        return r;
    *pos += n;
    return (s64)n;
}

static const struct file_ops text_ops = {
    .open = text_open,
    .release = text_release,
    .read = text_read,
    .write = text_write_op,
    .lseek = dir_lseek,
};

/* --- registration --- */

static const struct superblock_ops pseudo_sb_ops = {.inode_release = pseudo_inode_release};

int pseudo_register(struct pseudo_fs *fs)
{
    struct pseudo_inode what = {fs->root, {0, 0}, fs->root->owner};
    struct inode *root;
    int r = sb_create(fs->name, fs->magic, &pseudo_sb_ops, &fs->sb);

    if (r)
        return r;
    fs->sb->is_permanent = true;
    r = pseudo_inode_create(fs->sb, &what, &root);
    if (r)
        return r;
    root->ino = 1;
    r = sb_set_root(fs->sb, root);
    if (r) {
        inode_put(root);
        return r;
    }
    fs->type = (struct fs_type){.name = fs->name, .sb = fs->sb};
    fs_register(&fs->type);
    return 0;
}
