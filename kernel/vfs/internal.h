/* SPDX-License-Identifier: MIT */
/* What the files of this folder share. */
#pragma once

#include <arch/riscv/current.h>
#include <linux/limits.h>
#include <sched/thread.h>
#include <vfs/inode.h>

int must_check inode_cache_init(void);
int must_check dentry_cache_init(void);
void mount_init(void);
void fdtable_init(void);
void fs_context_init(void);
/* A mount that is not in the tree. Gives a reference. */
int must_check mount_create(struct superblock *sb, const char *source, u32 flags,
                            struct mount **out);
u64 vfs_no_limit(unsigned resource);

/* Kernel threads act as root. */
static inline const struct cred *caller_cred(void)
{
    return current->cred ? current->cred : &root_cred;
}

/* One more program runs from it; -ETXTBSY while it is open for writing. */
int must_check inode_deny_write(struct inode *inode);
void inode_allow_write(struct inode *inode);
/* One more open for writing; -ETXTBSY while it runs as a program. */
int must_check inode_begin_write(struct inode *inode);
void inode_end_write(struct inode *inode);

static inline bool name_is_dot(const struct name *n)
{
    return n->len == 1 && n->text[0] == '.';
}
static inline bool name_is_dotdot(const struct name *n)
{
    return n->len == 2 && n->text[0] == '.' && n->text[1] == '.';
}

/* Resolving a path, a step at a time. See walk.c. */
struct walk {
    struct path at;   /* where we stand; holds references */
    struct path root; /* the caller's; holds references */
    const char *rest; /* what is left of the text */
    struct name last; /* walk_to_last: the component still to be taken; len 0: there is none */
    bool last_is_dir; /* slashes follow it */
    u32 n_links;
    char *text; /* what `rest` points into after a symbolic link; owned */
};
#define WALK_AGAIN 1 /* a link was followed: start over with walk_to_last() */

int must_check walk_begin(struct walk *w, int dirfd, const char *path);
/* The root directory that the caller sees. Gives references. */
void caller_root(struct path *out);
void walk_end(struct walk *w);
/* All components but the last. 0 or -Exxx. */
int must_check walk_to_last(struct walk *w);
/* The last one. 0: w->at is there; WALK_AGAIN; -Exxx. */
int must_check walk_last(struct walk *w, bool follow);
/* The text of a link that w->at's directory holds becomes the text to go on with. */
int must_check walk_into_link(struct walk *w, struct path *link);

/* May names in this directory be made? 0, -EACCES, -ENOENT (deleted), -EROFS. Locks: sb->names.
 */
int must_check may_create_in(const struct path *dir);
/* May this name be removed, as a directory or as anything else? Locks: sb->names. */
int must_check may_delete(const struct path *dir, struct dentry *victim, bool as_dir);
u32 caller_umask(void);
/* Makes an inode and its name. Gives the dentry. Locks: sb->names for writing. */
int must_check name_create_locked(const struct path *dir, const struct name *name, u32 mode,
                                  u64 rdev, const char *target, struct dentry **out);
