/* SPDX-License-Identifier: MIT */
/*
 * A map from a 64-bit index to a pointer, good for dense indices: a tree of nodes with 64
 * slots.
 *
 * The page cache keeps a file's pages in one. The tree is as high as its largest index asks
 * for; a tree that only holds index 0 needs no node at all. Nodes come from the user's
 * callbacks, so the tree neither knows an allocator nor sleeps by itself. NULL is not a value:
 * it means absent.
 *
 * Locks: none; the caller guards the whole tree.
 */
#pragma once

#include <lib/types.h>

struct radix_node; /* opaque; RADIX_NODE_SIZE bytes */

struct radix_ops {
    void *(*node_alloc)(void); /* zeroed, RADIX_NODE_SIZE bytes; NULL: no memory */
    void (*node_free)(void *node);
};

struct radix_tree {
    void *root;      /* height 0: the value of index 0; else a node */
    unsigned height; /* levels of nodes */
    u64 n_entries;
    const struct radix_ops *ops;
};

#define RADIX_SLOTS     64
#define RADIX_NODE_SIZE (RADIX_SLOTS * 8 + 8)

void radix_init(struct radix_tree *tree, const struct radix_ops *ops);
/* Returns: the value, or NULL if absent. */
void *radix_lookup(const struct radix_tree *tree, u64 index);
/* The values from `index` on that are next to each other in memory (NULL: absent). *n is how
 * many, or how many are absent if there is no row of them. */
void *const *radix_row(const struct radix_tree *tree, u64 index, unsigned *n);
/* Returns: 0, -ENOMEM (the tree's content is unchanged), -EEXIST. */
int must_check radix_insert(struct radix_tree *tree, u64 index, void *value);
/* Takes an index out and frees the nodes that become empty. Returns: the value, NULL if absent.
 */
void *radix_erase(struct radix_tree *tree, u64 index);
/* The first value at or after *index, which is set to where it is; NULL if there is none.
 *     for (u64 i = from; (page = radix_next(tree, &i)); i++) ...
 * (i + 1 wraps only at 2^64.) */
void *radix_next(const struct radix_tree *tree, u64 *index);
