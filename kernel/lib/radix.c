/* SPDX-License-Identifier: MIT */
/*
 * Radix tree with 64-way nodes.
 *
 * A tree of height h covers the indices below 64^h; with height 0 the root is the value of
 * index 0 itself. A node counts its used slots; a node without one does not exist. A tree is
 * not higher than its largest index needs when it was inserted, and shrinks as far as it can on
 * removal.
 */
#include <lib/radix.h>

#include <linux/errno.h>

#define SLOT_BITS  6
#define MAX_HEIGHT 11 /* 11 * 6 >= 64 */

struct radix_node {
    void *slots[RADIX_SLOTS];
    u64 n_used;
};

_Static_assert(sizeof(struct radix_node) == RADIX_NODE_SIZE, "the header announces the size");

static inline unsigned slot_at(u64 index, unsigned level)
{
    return index >> (level * SLOT_BITS) & (RADIX_SLOTS - 1);
}

static inline bool is_covered(unsigned height, u64 index)
{
    return height >= MAX_HEIGHT || index >> (height * SLOT_BITS) == 0;
}

void radix_init(struct radix_tree *tree, const struct radix_ops *ops)
{
    *tree = (struct radix_tree){.ops = ops};
}

void *radix_lookup(const struct radix_tree *tree, u64 index)
{
    if (!is_covered(tree->height, index))
        return NULL;
    void *at = tree->root;
    for (unsigned level = tree->height; at && level-- > 0;)
        at = ((struct radix_node *)at)->slots[slot_at(index, level)];
    return at;
}

void *const *radix_row(const struct radix_tree *tree, u64 index, unsigned *n)
{
    *n = RADIX_SLOTS - slot_at(index, 0);
    if (!is_covered(tree->height, index))
        return NULL;
    if (tree->height == 0) {
        *n = 1;
        return &tree->root;
    }
    const struct radix_node *node = tree->root;
    for (unsigned level = tree->height - 1; node && level > 0; level--)
        node = node->slots[slot_at(index, level)];
    return node ? &node->slots[slot_at(index, 0)] : NULL;
}

/* Takes levels off the top while they only lead to their first slot. */
static void shrink(struct radix_tree *tree)
{
    while (tree->height > 0) {
        struct radix_node *node = tree->root;
        if (node && (node->n_used > 1 || !node->slots[0]))
            return;
        tree->root = node ? node->slots[0] : NULL;
        tree->height--;
        if (node)
            tree->ops->node_free(node);
    }
}

/* Adds levels on top until the index is covered. */
static int grow(struct radix_tree *tree, u64 index)
{
    while (!is_covered(tree->height, index)) {
        if (tree->root) {
            struct radix_node *node = tree->ops->node_alloc();
            if (!node)
                return -ENOMEM;
            node->slots[0] = tree->root;
            node->n_used = 1;
            tree->root = node;
        }
        tree->height++;
    }
    return 0;
}

/* Frees the nodes on the way to an index that lead to nothing, from the bottom up. */
static void prune(struct radix_tree *tree, u64 index)
{
    struct radix_node *path[MAX_HEIGHT];
    unsigned level = tree->height;
    for (void *at = tree->root; at && level > 0;) {
        path[--level] = at;
        at = path[level]->slots[slot_at(index, level)];
    }
    for (; level < tree->height && path[level]->n_used == 0; level++) {
        tree->ops->node_free(path[level]);
        if (level + 1 == tree->height) {
            tree->root = NULL;
        } else {
            path[level + 1]->slots[slot_at(index, level + 1)] = NULL;
            path[level + 1]->n_used--;
        }
    }
    shrink(tree);
}

int radix_insert(struct radix_tree *tree, u64 index, void *value)
{
    if (grow(tree, index) < 0)
        goto undo;

    void **slot = &tree->root;
    struct radix_node *above = NULL;
    for (unsigned level = tree->height; level-- > 0;) {
        if (!*slot) {
            *slot = tree->ops->node_alloc();
            if (!*slot)
                goto undo;
            if (above)
                above->n_used++;
        }
        above = *slot;
        slot = &above->slots[slot_at(index, level)];
    }
    if (*slot)
        return -EEXIST;

    *slot = value;
    if (above)
        above->n_used++;
    tree->n_entries++;
    return 0;
undo:
    prune(tree, index);
    return -ENOMEM;
}

void *radix_erase(struct radix_tree *tree, u64 index)
{
    if (!is_covered(tree->height, index))
        return NULL;
    void **slot = &tree->root;
    struct radix_node *above = NULL;
    for (unsigned level = tree->height; *slot && level-- > 0;) {
        above = *slot;
        slot = &above->slots[slot_at(index, level)];
    }
    void *value = *slot;
    if (!value)
        return NULL;
    *slot = NULL;
    tree->n_entries--;
    if (above) {
        above->n_used--;
        prune(tree, index);
    }
    return value;
}

/*
 * The first used slot at or after `index` below one node of the given level, in which `index`
 * may lie anywhere. Advances *index to it.
 */
static void *next_below(struct radix_node *node, unsigned level, u64 *index)
{
    u64 step = (u64)1 << (level * SLOT_BITS);
    for (unsigned slot = slot_at(*index, level); slot < RADIX_SLOTS; slot++) {
        u64 next = (*index & ~(step - 1)) + step;
        void *at = node->slots[slot];
        if (at && level > 0)
            at = next_below(at, level - 1, index);
        if (at)
            return at;
        *index = next;
    }
    return NULL;
}

void *radix_next(const struct radix_tree *tree, u64 *index)
{
    if (!tree->root || !is_covered(tree->height, *index))
        return NULL;
    if (tree->height == 0)
        return tree->root;
    return next_below(tree->root, tree->height - 1, index);
}
