/* SPDX-License-Identifier: MIT */
/*
 * Red-black trees.
 *
 * RB-1 A red node has no red child.
 * RB-2 Every path from a node down to a missing child passes the same number of black nodes.
 * So no path is more than twice as long as another. Insertion hangs a red node in and may break
 * RB-1; removal may take a black one out and break RB-2; both walk up and mend by recolouring
 * and at most three rotations. The two mirror images of each case are one piece of code: a side
 * is an index.
 */
#include <lib/rbtree.h>

#define RED ((uintptr_t)1)

enum side { LEFT, RIGHT };

static inline struct rb_node **child_slot(struct rb_node *node, enum side side)
{
    return side == LEFT ? &node->left : &node->right;
}

static inline struct rb_node *child(struct rb_node *node, enum side side)
{
    return *child_slot(node, side);
}

static inline bool is_red(const struct rb_node *node)
{
    return node && (node->parent_red & RED);
}

static inline void set_red(struct rb_node *node)
{
    node->parent_red |= RED;
}

static inline void set_black(struct rb_node *node)
{
    node->parent_red &= ~RED;
}

static inline void set_parent(struct rb_node *node, struct rb_node *parent)
{
    node->parent_red = (uintptr_t)parent | (node->parent_red & RED);
}

static inline enum side side_of(const struct rb_node *parent, const struct rb_node *node)
{
    return parent->left == node ? LEFT : RIGHT;
}

/* The pointer in the parent (or root) that points to the node. */
static inline struct rb_node **slot_of(struct rb_root *root, struct rb_node *node)
{
    struct rb_node *parent = rb_parent(node);
    return parent ? child_slot(parent, side_of(parent, node)) : &root->top;
}

/* Turns so that the node goes down on `side` and its other child takes its place. */
static void rotate(struct rb_root *root, struct rb_node *node, enum side side)
{
    struct rb_node *up = child(node, !side), *inner = child(up, side);
    *slot_of(root, node) = up;
    set_parent(up, rb_parent(node));
    *child_slot(up, side) = node;
    set_parent(node, up);
    *child_slot(node, !side) = inner;
    if (inner)
        set_parent(inner, node);
}

/* The node is red and RB-1 may fail between it and its parent. */
static void mend_red(struct rb_root *root, struct rb_node *node)
{
    struct rb_node *parent;
    while ((parent = rb_parent(node)) && is_red(parent)) {
        struct rb_node *grand = rb_parent(parent); /* the top is black, so it exists */
        enum side side = side_of(grand, parent);
        struct rb_node *uncle = child(grand, !side);
        if (is_red(uncle)) {
            set_black(parent);
            set_black(uncle);
            set_red(grand);
            node = grand;
            continue;
        }
        if (child(parent, !side) == node) {
            rotate(root, parent, side);
            parent = node;
        }
        set_black(parent);
        set_red(grand);
        rotate(root, grand, !side);
        break;
    }
    set_black(root->top);
}

/* Paths through `side` of the parent have one black node too few. */
static void mend_black(struct rb_root *root, struct rb_node *parent, enum side side)
{
    struct rb_node *node = child(parent, side);
    while (parent && !is_red(node)) {
        struct rb_node *sibling = child(parent, !side);
        if (is_red(sibling)) {
            set_black(sibling);
            set_red(parent);
            rotate(root, parent, side);
            sibling = child(parent, !side);
        }
        if (!is_red(sibling->left) && !is_red(sibling->right)) {
            set_red(sibling);
            node = parent;
            parent = rb_parent(node);
            if (parent)
                side = side_of(parent, node);
            continue;
        }
        if (!is_red(child(sibling, !side))) {
            set_black(child(sibling, side));
            set_red(sibling);
            rotate(root, sibling, !side);
            sibling = child(parent, !side);
        }
        sibling->parent_red = (sibling->parent_red & ~RED) | (parent->parent_red & RED);
        set_black(parent);
        set_black(child(sibling, !side));
        rotate(root, parent, side);
        return;
    }
    if (node)
        set_black(node);
}

void rb_link(struct rb_root *root, struct rb_node *node, struct rb_node *parent,
             struct rb_node **slot)
{
    node->left = NULL;
    node->right = NULL;
    node->parent_red = (uintptr_t)parent | RED;
    *slot = node;
    mend_red(root, node);
}

void rb_insert(struct rb_root *root, struct rb_node *node, rb_less_fn *less)
{
    struct rb_node *parent = NULL, **slot = &root->top;
    while (*slot) {
        parent = *slot;
        slot = child_slot(parent, less(node, parent) ? LEFT : RIGHT);
    }
    rb_link(root, node, parent, slot);
}

/* Puts `by` where the node is, with its colour and children. */
static void take_place(struct rb_root *root, struct rb_node *node, struct rb_node *by)
{
    *slot_of(root, node) = by;
    *by = *node;
    if (by->left)
        set_parent(by->left, by);
    if (by->right)
        set_parent(by->right, by);
}

/* Takes out a node that has at most one child. */
static void erase_simple(struct rb_root *root, struct rb_node *node)
{
    struct rb_node *parent = rb_parent(node);
    struct rb_node *only = node->left ? node->left : node->right;
    enum side side = parent ? side_of(parent, node) : LEFT;
    *slot_of(root, node) = only;
    if (only)
        set_parent(only, parent);
    if (is_red(node))
        return;
    if (parent)
        mend_black(root, parent, side);
    else if (only)
        set_black(only);
}

void rb_erase(struct rb_root *root, struct rb_node *node)
{
    if (!node->left || !node->right) {
        erase_simple(root, node);
        return;
    }
    /* Its successor has no left child: take that one out, then let it stand in for the node. */
    struct rb_node *stand_in = rb_next(node);
    erase_simple(root, stand_in);
    take_place(root, node, stand_in);
}

static struct rb_node *outermost(struct rb_node *node, enum side side)
{
    while (node && child(node, side))
        node = child(node, side);
    return node;
}

static struct rb_node *neighbour(const struct rb_node *from, enum side side)
{
    struct rb_node *node = (struct rb_node *)from;
    if (child(node, side))
        return outermost(child(node, side), !side);
    struct rb_node *parent;
    while ((parent = rb_parent(node)) && child(parent, side) == node)
        node = parent;
    return parent;
}

struct rb_node *rb_first(const struct rb_root *root)
{
    return outermost(root->top, LEFT);
}

struct rb_node *rb_last(const struct rb_root *root)
{
    return outermost(root->top, RIGHT);
}

struct rb_node *rb_next(const struct rb_node *node)
{
    return neighbour(node, RIGHT);
}

struct rb_node *rb_prev(const struct rb_node *node)
{
    return neighbour(node, LEFT);
}

static struct rb_node *first_leaf(struct rb_node *node)
{
    while (node->left || node->right)
        node = node->left ? node->left : node->right;
    return node;
}

struct rb_node *rb_first_postorder(const struct rb_root *root)
{
    return root->top ? first_leaf(root->top) : NULL;
}

struct rb_node *rb_next_postorder(const struct rb_node *node)
{
    struct rb_node *parent = rb_parent(node);

    return parent && parent->left == node && parent->right ? first_leaf(parent->right) : parent;
}

typedef struct rb_node *copy_fn(struct rb_node *node, void *arg);

/* Recursion as deep as the tree: twice the logarithm of its size. */
static bool clone_below(struct rb_node *from, struct rb_node *parent, struct rb_node **slot,
                        copy_fn *copy, void *arg)
{
    struct rb_node *node = copy(from, arg);

    *slot = node;
    if (!node)
        return false;
    node->parent_red = (uintptr_t)parent | is_red(from);
    node->left = node->right = NULL;
    return (!from->left || clone_below(from->left, node, &node->left, copy, arg)) &&
           (!from->right || clone_below(from->right, node, &node->right, copy, arg));
}

bool rb_clone(struct rb_root *to, const struct rb_root *from, copy_fn *copy, void *arg)
{
    to->top = NULL;
    return !from->top || clone_below(from->top, NULL, &to->top, copy, arg);
}
