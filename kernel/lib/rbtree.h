/* SPDX-License-Identifier: MIT */
/*
 * Red-black trees, embedded in the objects they order.
 *
 * A search is a loop of the user's own over `left` and `right`; insertion either takes a
 * comparison (rb_insert) or the place that such a loop found (rb_link).
 *
 * Locks: none; the caller guards the whole tree.
 */
#pragma once

#include <lib/types.h>

struct rb_node {
    struct rb_node *left, *right;
    uintptr_t parent_red; /* the parent; bit 0: this node is red */
};

struct rb_root {
    struct rb_node *top;
};

#define RB_ROOT \
    {           \
        NULL    \
    }
#define rb_entry(node, type, member) container_of(node, type, member)
#define rb_entry_or_null(node, type, member)                \
    ({                                                      \
        struct rb_node *rb_node_ = (node);                  \
        rb_node_ ? rb_entry(rb_node_, type, member) : NULL; \
    })

/* True when a comes before b. Equal nodes keep the order in which they were inserted. */
typedef bool rb_less_fn(const struct rb_node *a, const struct rb_node *b);

void rb_insert(struct rb_root *root, struct rb_node *node, rb_less_fn *less);
/* Hangs the node into the empty `*slot`, which is &parent->left, &parent->right or &root->top
 * (parent NULL), and rebalances. */
void rb_link(struct rb_root *root, struct rb_node *node, struct rb_node *parent,
             struct rb_node **slot);
void rb_erase(struct rb_root *root, struct rb_node *node);

/* NULL at either end and for an empty tree. */
struct rb_node *rb_first(const struct rb_root *root);
struct rb_node *rb_last(const struct rb_root *root);
struct rb_node *rb_next(const struct rb_node *node);
struct rb_node *rb_prev(const struct rb_node *node);

/* Copies a tree in its shape: copy() gives the copy of one node's object, or NULL, which ends it.
 * False: it ended so; what there is then can be visited and taken apart. */
bool rb_clone(struct rb_root *to, const struct rb_root *from,
              struct rb_node *(*copy)(struct rb_node *node, void *arg), void *arg);
/* Children before their parents, so that a tree can be taken apart: ask for the next node, then
 * free the one at hand. NULL: that was the root. */
struct rb_node *rb_first_postorder(const struct rb_root *root);
struct rb_node *rb_next_postorder(const struct rb_node *node);

static inline struct rb_node *rb_parent(const struct rb_node *node)
{
    return (struct rb_node *)(node->parent_red & ~(uintptr_t)1);
}

/* In order; the body must not change the tree. `pos` points at the objects. */
#define rb_for_each(pos, root, member)                                          \
    for (pos = rb_entry_or_null(rb_first(root), __typeof__(*pos), member); pos; \
         pos = rb_entry_or_null(rb_next(&pos->member), __typeof__(*pos), member))
