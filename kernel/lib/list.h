/* SPDX-License-Identifier: MIT */
/*
 * Circular doubly linked lists, embedded in the objects they link.
 *
 * A head and a link have the same type. An unlinked link points at itself: list_del() restores
 * that, so list_is_empty(&object->link) tells whether an object is on any list, and taking it
 * off twice does no harm. A link must be initialised before the first list_is_empty() on it;
 * list_add() alone needs no initialised link.
 *
 * Locks: none; the caller guards head and links alike.
 */
#pragma once

#include <lib/types.h>

struct list_head {
    struct list_head *next, *prev;
};

#define LIST_INIT(head)  \
    {                    \
        &(head), &(head) \
    }
#define LIST_HEAD(name) struct list_head name = LIST_INIT(name)

static inline void list_init(struct list_head *head)
{
    head->next = head;
    head->prev = head;
}

static inline bool list_is_empty(const struct list_head *head)
{
    return head->next == head;
}

static inline void list_insert_between(struct list_head *link, struct list_head *prev,
                                       struct list_head *next)
{
    link->prev = prev;
    link->next = next;
    prev->next = link;
    next->prev = link;
}

/* Puts `link` first. */
static inline void list_add(struct list_head *link, struct list_head *head)
{
    list_insert_between(link, head, head->next);
}

/* Puts `link` last; with a link for `head`, right before that one. */
static inline void list_add_tail(struct list_head *link, struct list_head *head)
{
    list_insert_between(link, head->prev, head);
}

/* Takes `link` off its list, if it is on one. */
static inline void list_del(struct list_head *link)
{
    link->next->prev = link->prev;
    link->prev->next = link->next;
    list_init(link);
}

/* Moves all of `from` behind the last of `to`; `from` is empty then. */
static inline void list_splice_tail(struct list_head *from, struct list_head *to)
{
    if (list_is_empty(from))
        return;
    from->next->prev = to->prev;
    to->prev->next = from->next;
    from->prev->next = to;
    to->prev = from->prev;
    list_init(from);
}

#define list_entry(link, type, member) container_of(link, type, member)

/* The list must not be empty. */
#define list_first(head, type, member) list_entry((head)->next, type, member)
#define list_first_or_null(head, type, member) \
    (list_is_empty(head) ? NULL : list_first(head, type, member))

#define list_next(pos, member) list_entry((pos)->member.next, __typeof__(*(pos)), member)

/* The body must not take `pos` off the list. */
#define list_for_each(pos, head, member)                                           \
    for (pos = list_first(head, __typeof__(*pos), member); &pos->member != (head); \
         pos = list_next(pos, member))

/* The body may take `pos`, and only `pos`, off the list and free it. */
#define list_for_each_safe(pos, following, head, member)                                       \
    for (pos = list_first(head, __typeof__(*pos), member), following = list_next(pos, member); \
         &pos->member != (head); pos = following, following = list_next(following, member))
