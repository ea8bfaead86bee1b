// SPDX-License-Identifier: MIT
// Lists, by hand and at random against an array.
#include <lib/list.h>
#include <t.h>

struct item {
    int value;
    struct list_head link;
};

static void expect(struct list_head *head, const int *values, int n)
{
    struct item *item;
    int i = 0;
    list_for_each (item, head, link) {
        CHECK(i < n);
        CHECK_EQ(item->value, values[i]);
        i++;
    }
    CHECK_EQ(i, n);
    for (struct list_head *at = head->prev; at != head; at = at->prev)
        CHECK_EQ(list_entry(at, struct item, link)->value, values[--i]);
}

static void add_and_delete(void)
{
    struct list_head head = LIST_INIT(head), other = LIST_INIT(other);
    struct item a = {.value = 1}, b = {.value = 2}, c = {.value = 3};
    CHECK(list_is_empty(&head));
    CHECK(list_first_or_null(&head, struct item, link) == NULL);
    list_add(&a.link, &head);
    list_add(&b.link, &head);
    list_add_tail(&c.link, &head);
    expect(&head, (int[]){2, 1, 3}, 3);
    CHECK(list_first(&head, struct item, link) == &b);
    CHECK(list_next(&b, link) == &a);

    list_del(&a.link);
    CHECK(list_is_empty(&a.link));
    list_del(&a.link); /* no harm */
    expect(&head, (int[]){2, 3}, 2);

    list_add(&a.link, &other);
    list_splice_tail(&head, &other);
    CHECK(list_is_empty(&head));
    expect(&other, (int[]){1, 2, 3}, 3);
    list_splice_tail(&head, &other);
    expect(&other, (int[]){1, 2, 3}, 3);
}

static void delete_while_walking(void)
{
    struct list_head head = LIST_INIT(head);
    for (int i = 0; i < 10; i++) {
        struct item *item = malloc(sizeof(*item));
        item->value = i;
        list_add_tail(&item->link, &head);
    }
    struct item *item, *following;
    list_for_each_safe (item, following, &head, link) {
        if (item->value % 2)
            continue;
        list_del(&item->link);
        free(item);
    }
    expect(&head, (int[]){1, 3, 5, 7, 9}, 5);
    list_for_each_safe (item, following, &head, link)
        free(item);
}

static void random_against_array(void)
{
    enum { N = 40 };
    struct list_head head = LIST_INIT(head);
    struct item items[N];
    int order[N], n = 0;
    for (int i = 0; i < N; i++) {
        items[i].value = i;
        list_init(&items[i].link);
    }
    for (int step = 0; step < 20000; step++) {
        int i = t_below(N), at;
        for (at = 0; at < n && order[at] != i; at++)
            ;
        if (at < n) {
            list_del(&items[i].link);
            for (n--; at < n; at++)
                order[at] = order[at + 1];
        } else if (t_below(2)) {
            list_add_tail(&items[i].link, &head);
            order[n++] = i;
        } else {
            list_add(&items[i].link, &head);
            for (at = n++; at > 0; at--)
                order[at] = order[at - 1];
            order[0] = i;
        }
        if (step % 100 == 0)
            expect(&head, order, n);
    }
}

int main(int argc, char **argv)
{
    t_begin(argc, argv);
    RUN(add_and_delete);
    RUN(delete_while_walking);
    RUN(random_against_array);
    return t_done();
}
