// SPDX-License-Identifier: MIT
// Radix trees at random against an array of pairs, with a node allocator that fails now and
// then.
// with: kernel/lib/radix.c
#include <errno.h>
#include <lib/radix.h>
#include <t.h>

static long n_nodes;
static int fail_countdown;

static void *node_alloc(void)
{
    if (fail_countdown > 0 && --fail_countdown == 0)
        return NULL;
    n_nodes++;
    return calloc(1, RADIX_NODE_SIZE);
}

static void node_free(void *node)
{
    n_nodes--;
    free(node);
}

static const struct radix_ops ops = {node_alloc, node_free};

static void zero_needs_no_node(void)
{
    struct radix_tree tree;
    int value;
    radix_init(&tree, &ops);
    CHECK(radix_lookup(&tree, 0) == NULL);
    CHECK_EQ(radix_insert(&tree, 0, &value), 0);
    CHECK_EQ(n_nodes, 0);
    CHECK_EQ(radix_insert(&tree, 0, &value), -EEXIST);
    CHECK(radix_lookup(&tree, 0) == &value);
    CHECK(radix_lookup(&tree, 1) == NULL);
    u64 index = 0;
    CHECK(radix_next(&tree, &index) == &value);
    index = 1;
    CHECK(radix_next(&tree, &index) == NULL);
    CHECK(radix_erase(&tree, 1) == NULL);
    CHECK(radix_erase(&tree, 0) == &value);
    CHECK_EQ(tree.n_entries, 0);
}

static void edges(void)
{
    static const u64 indices[] = {0,          63,        64,
                                  4095,       4096,      262143,
                                  1UL << 30,  1UL << 60, (1UL << 60) - 1,
                                  UINT64_MAX, 1UL << 63, UINT64_MAX - 1};
    struct radix_tree tree;
    radix_init(&tree, &ops);
    for (unsigned i = 0; i < ARRAY_SIZE(indices); i++)
        CHECK_EQ(radix_insert(&tree, indices[i], (void *)&indices[i]), 0);
    u64 at = 0, n = 0, last = 0;
    const u64 *value;
    for (; (value = radix_next(&tree, &at)); at++) {
        CHECK_EQ(*value, at);
        CHECK(n == 0 || at > last);
        last = at;
        n++;
        if (at == UINT64_MAX)
            break;
    }
    CHECK_EQ(n, ARRAY_SIZE(indices));
    for (unsigned i = 0; i < ARRAY_SIZE(indices); i++)
        CHECK(radix_erase(&tree, indices[i]) == &indices[i]);
    CHECK_EQ(n_nodes, 0);
    CHECK_EQ(tree.height, 0);
}

enum { N = 300 };
static struct pair {
    u64 index;
    bool is_in;
} pairs[N];

/* The pair with the smallest index not below `from`. */
static struct pair *model_next(u64 from)
{
    struct pair *best = NULL;
    for (int i = 0; i < N; i++)
        if (pairs[i].is_in && pairs[i].index >= from && (!best || pairs[i].index < best->index))
            best = &pairs[i];
    return best;
}

static struct pair *model_find(u64 index)
{
    struct pair *next = model_next(index);
    return next && next->index == index ? next : NULL;
}

static void run_random(unsigned max_bits)
{
    struct radix_tree tree;
    u64 n = 0;
    radix_init(&tree, &ops);
    for (int i = 0; i < N; i++)
        pairs[i].is_in = false;
    for (int step = 0; step < 20000; step++) {
        struct pair *pair = &pairs[t_below(N)];
        if (pair->is_in) {
            CHECK(radix_erase(&tree, pair->index) == pair);
            pair->is_in = false;
            n--;
        } else {
            u64 index = t_random() >> (64 - 1 - t_below(max_bits));
            struct pair *there = model_find(index);
            fail_countdown = t_below(4) ? 0 : 1 + t_below(3);
            bool may_fail = fail_countdown > 0;
            long n_before = n_nodes;
            unsigned height_before = tree.height;
            int err = radix_insert(&tree, index, pair);
            fail_countdown = 0;
            CHECK(err == (there ? -EEXIST : 0) || (may_fail && err == -ENOMEM));
            if (err) {
                CHECK_EQ(n_nodes, n_before);
                CHECK_EQ(tree.height, height_before);
            } else {
                *pair = (struct pair){index, true};
                n++;
            }
        }
        u64 at = t_random() >> (64 - 1 - t_below(max_bits));
        CHECK(radix_lookup(&tree, at) == model_find(at));
        unsigned n_row;
        void *const *row = radix_row(&tree, at, &n_row);
        CHECK(n_row >= 1 && n_row <= RADIX_SLOTS);
        for (unsigned i = 0; i < n_row && i < 4; i++)
            CHECK((row ? row[i] : NULL) == model_find(at + i));
        struct pair *expected = model_next(at);
        struct pair *found = radix_next(&tree, &at);
        CHECK(found == expected);
        if (found)
            CHECK_EQ(at, found->index);
        CHECK_EQ(tree.n_entries, n);
    }
    for (int i = 0; i < N; i++)
        if (pairs[i].is_in)
            radix_erase(&tree, pairs[i].index);
    CHECK_EQ(n_nodes, 0);
    CHECK(tree.root == NULL);
}

static void random_dense(void)
{
    run_random(9);
}

static void random_file(void)
{
    run_random(20);
}

static void random_sparse(void)
{
    run_random(63);
}

int main(int argc, char **argv)
{
    t_begin(argc, argv);
    RUN(zero_needs_no_node);
    RUN(edges);
    RUN(random_dense);
    RUN(random_file);
    RUN(random_sparse);
    return t_done();
}
