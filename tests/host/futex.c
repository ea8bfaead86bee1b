/* SPDX-License-Identifier: MIT */
// with: tests/host/stub/kernel.c tests/host/stub/fibers.c tests/host/stub/sched.c
/*
 * Futexes with every interleaving of their atomic steps that a seed chooses: locks made of them
 * exclude, nobody who waits is forgotten, and each wake-up reaches exactly one waiter, be it
 * moved, timed out or interrupted meanwhile.
 */
#include "stub/fibers.h"
#include "stub/kernel.h"
#include "stub/sched.h"
#include "t.h"

#include <string.h>

/* The kernel's files with a point before each atomic step. */
#define __atomic_load_n(p, order)        (stub_point(), __atomic_load_n(p, order))
#define __atomic_store_n(p, v, order)    (stub_point(), __atomic_store_n(p, v, order))
#define __atomic_exchange_n(p, v, order) (stub_point(), __atomic_exchange_n(p, v, order))
#define __atomic_compare_exchange_n(...) \
    (stub_point(), __atomic_compare_exchange_n(__VA_ARGS__))
#include "../../kernel/ipc/futex.c"
#include "../../kernel/sched/mutex.c"
#include "../../kernel/sched/rwmutex.c"
#include "../../kernel/sched/wait.c"
#undef __atomic_exchange_n
#undef __atomic_compare_exchange_n

enum { WAITERS = 4, WAKERS = 2, TURNS = 200, WORDS = 3 };

#define AT 0x1000UL

/* --- what lies below --- */

static u32 words[WORDS];

static u32 *word_at(vaddr_t va)
{
    return &words[(va - AT) / 4];
}

int user_load_u32(u32 *out, vaddr_t src)
{
    stub_point();
    *out = *word_at(src);
    return 0;
}

int user_cmpxchg_u32(u32 *old, vaddr_t dst, u32 expected, u32 desired)
{
    stub_point();
    *old = *word_at(dst);
    if (*old == expected)
        *word_at(dst) = desired;
    return 0;
}

int copyin(void *dst, vaddr_t src, size_t n)
{
    (void)dst, (void)src, (void)n;
    return -EFAULT;
}

struct vma *vma_find(struct aspace *as, vaddr_t va)
{
    (void)as, (void)va;
    return NULL;
}

struct lock_class *lock_class_of(const char *name)
{
    (void)name;
    return NULL;
}

void held_check(struct lock_class *class)
{
    (void)class;
}

void held_add(struct lock_class *class)
{
    (void)class;
}

void held_remove(struct lock_class *class)
{
    (void)class;
}

/* --- a lock, as C libraries make it: 0 free, 1 taken, 2 taken and somebody may wait --- */

static unsigned n_inside;

static u32 user_cas(u32 *word, u32 expected, u32 desired)
{
    stub_point();
    u32 seen = *word;
    if (seen == expected)
        *word = desired;
    return seen;
}

static u32 user_swap(u32 *word, u32 value)
{
    stub_point();
    u32 seen = *word;
    *word = value;
    return seen;
}

static void lock(void)
{
    if (user_cas(&words[0], 0, 1) == 0)
        return;
    while (user_swap(&words[0], 2) != 0)
        futex_wait(AT, 2, ~0U, 0, true);
}

static void unlock(void)
{
    if (user_swap(&words[0], 0) == 2)
        futex_wake(AT, 1, ~0U, true);
}

static void use_lock(unsigned me)
{
    (void)me;
    for (unsigned i = 0; i < TURNS; i++) {
        lock();
        CHECK_EQ(n_inside++, 0);
        stub_point();
        CHECK_EQ(--n_inside, 0);
        unlock();
    }
}

static void locks_exclude(void)
{
    for (unsigned round = 0; round < 40; round++) {
        words[0] = 0;
        fibers_run(WAITERS + WAKERS, use_lock, t_random(), 2 + round % 9);
    }
}

/* --- waiting, waking, moving, at random: the books balance --- */

static unsigned n_woken, n_wakes, n_busy;

static void wait_somehow(unsigned me)
{
    unsigned word = t_below(WORDS);
    nsec_t deadline = t_below(4) ? 0 : stub_now + 3;
    int err = futex_wait(AT + word * 4, 0, 1U << me, deadline, true);

    CHECK(!err || err == -EINTR || (deadline && err == -ETIMEDOUT));
    n_woken += !err;
    if (err == -EINTR)
        current->flags &= ~TF_SIGNAL;
}

static void wake_somehow(void)
{
    vaddr_t at = AT + t_below(WORDS) * 4, to = AT + t_below(WORDS) * 4;
    struct futex_move move = {
        .from = at, .to = to, .n_move = 1 + t_below(3), .is_private = true};
    long n = 0;

    switch (t_below(4)) {
    case 0:
        CHECK(futex_requeue(&move) >= 0);
        break;
    case 1:
        thread_interrupt(harts[t_below(WAITERS)].current);
        break;
    case 2:
        n = futex_wake(at, 1 + t_below(2), 1 + t_below(15), true);
        break;
    default:
        n = futex_wake(at, 100, ~0U, true);
        break;
    }
    CHECK(n >= 0);
    n_wakes += n;
}

static void wait_or_wake(unsigned me)
{
    if (me < WAITERS) {
        for (unsigned i = 0; i < TURNS; i++)
            wait_somehow(me);
        n_busy--;
    } else {
        while (n_busy)
            wake_somehow();
    }
}

static void books_balance(void)
{
    for (unsigned round = 0; round < 40 && !t_n_failed; round++) {
        memset(words, 0, sizeof(words));
        n_busy = WAITERS;
        fibers_run(WAITERS + WAKERS, wait_or_wake, t_random(), 2 + round % 9);
        CHECK_EQ(n_woken, n_wakes);
        for (unsigned i = 0; i < WAITERS; i++)
            harts[i].current->flags = 0; /* an interruption may have come after the last wait */
        for (unsigned i = 0; i < N_BUCKETS; i++)
            CHECK(list_is_empty(&buckets[i].waiters));
    }
    CHECK(n_woken > 1000);
}

/* --- those who were moved are found at the new place, all of them, and nowhere else --- */

static void wait_or_move(unsigned me)
{
    const struct futex_move move = {
        .from = AT, .to = AT + 4, .n_move = 100, .is_private = true};

    if (me < WAITERS) {
        for (unsigned i = 0; i < TURNS; i++)
            CHECK_EQ(futex_wait(AT, 0, ~0U, 0, true), 0);
        n_busy--;
        return;
    }
    while (n_busy && !t_n_failed) {
        long moved = futex_requeue(&move);
        CHECK_EQ(futex_wake(AT + 4, 100, ~0U, true), moved);
        stub_point();
    }
}

static void moved_waiters_are_found(void)
{
    for (unsigned round = 0; round < 20; round++) {
        memset(words, 0, sizeof(words));
        n_busy = WAITERS;
        fibers_run(WAITERS + 1, wait_or_move, t_random(), 2 + round % 9);
    }
}

/* --- a bell: who rings it changes the word first --- */

static void ring_or_listen(unsigned me)
{
    for (unsigned i = 0; i < TURNS; i++) {
        if (me % 2) {
            while (words[me / 2] == 0)
                futex_wait(AT + me / 2 * 4, 0, ~0U, 0, true);
            words[me / 2] = 0;
        } else {
            words[me / 2] = 1;
        }
        futex_wake(AT + me / 2 * 4, 1, ~0U, true);
        while (me % 2 == 0 && words[me / 2] == 1)
            futex_wait(AT + me / 2 * 4, 1, ~0U, 0, true);
    }
}

static void nobody_is_forgotten(void)
{
    for (unsigned round = 0; round < 40; round++) {
        memset(words, 0, sizeof(words));
        fibers_run(WORDS * 2, ring_or_listen, t_random(), 2 + round % 9);
    }
}

int main(int argc, char **argv)
{
    t_begin(argc, argv);
    futex_init();
    RUN(locks_exclude);
    RUN(books_balance);
    RUN(moved_waiters_are_found);
    RUN(nobody_is_forgotten);
    return t_done();
}
