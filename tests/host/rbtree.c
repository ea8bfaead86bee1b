// SPDX-License-Identifier: MIT
// Red-black trees at random against a sorted array; RB-1 and RB-2 after each step.
// with: kernel/lib/rbtree.c
#include <lib/rbtree.h>
#include <string.h>
#include <t.h>

enum { N = 200 };

struct item {
    int key;
    bool is_in;
    struct rb_node node;
};

static struct item items[N];
static struct rb_root root;

static struct item *item_of(const struct rb_node *node)
{
    return rb_entry(node, struct item, node);
}

static bool less(const struct rb_node *a, const struct rb_node *b)
{
    return item_of(a)->key < item_of(b)->key;
}

/* Returns the black height. */
static int check_subtree(const struct rb_node *node, const struct rb_node *parent)
{
    if (!node)
        return 0;
    bool red = node->parent_red & 1;
    CHECK(rb_parent(node) == parent);
    CHECK(!(red && parent && (parent->parent_red & 1)));
    int left = check_subtree(node->left, node), right = check_subtree(node->right, node);
    CHECK_EQ(left, right);
    return left + !red;
}

static void check_tree(int n)
{
    struct item *item, *before = NULL;
    int seen = 0;
    if (root.top)
        CHECK(!(root.top->parent_red & 1));
    check_subtree(root.top, NULL);
    rb_for_each (item, &root, node) {
        CHECK(item->is_in);
        CHECK(!before || before->key <= item->key);
        CHECK(rb_prev(&item->node) == (before ? &before->node : NULL));
        before = item;
        seen++;
    }
    CHECK_EQ(seen, n);
    CHECK(rb_last(&root) == (before ? &before->node : NULL));
}

static void run_random(int range)
{
    int n = 0;
    memset(items, 0, sizeof(items));
    for (int step = 0; step < 4000; step++) {
        struct item *item = &items[t_below(N)];
        if (item->is_in) {
            rb_erase(&root, &item->node);
            item->is_in = false;
            n--;
        } else {
            item->key = t_below(range);
            item->is_in = true;
            rb_insert(&root, &item->node, less);
            n++;
        }
        check_tree(n);
    }
    for (int i = 0; i < N; i++)
        if (items[i].is_in)
            rb_erase(&root, &items[i].node);
    CHECK(root.top == NULL);
    CHECK(rb_first(&root) == NULL);
}

static void random_keys(void)
{
    root = (struct rb_root)RB_ROOT;
    run_random(1000000);
}

static void few_keys(void)
{
    root = (struct rb_root)RB_ROOT;
    run_random(5);
}

static void equal_keys_keep_their_order(void)
{
    struct item *item;
    int i = 0;
    root = (struct rb_root)RB_ROOT;
    for (i = 0; i < N; i++) {
        items[i].key = 7;
        rb_insert(&root, &items[i].node, less);
    }
    i = 0;
    rb_for_each (item, &root, node)
        CHECK(item == &items[i++]);
}

static void ascending_and_descending(void)
{
    for (int way = 0; way < 2; way++) {
        root = (struct rb_root)RB_ROOT;
        for (int i = 0; i < N; i++) {
            items[i].key = way ? i : -i;
            items[i].is_in = true;
            rb_insert(&root, &items[i].node, less);
            check_tree(i + 1);
        }
        for (int i = 0; i < N; i++) {
            rb_erase(&root, rb_first(&root));
            check_tree(N - 1 - i);
        }
    }
}

int main(int argc, char **argv)
{
    t_begin(argc, argv);
    RUN(random_keys);
    RUN(few_keys);
    RUN(equal_keys_keep_their_order);
    RUN(ascending_and_descending);
    return t_done();
}
