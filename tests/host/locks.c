/* SPDX-License-Identifier: MIT */
// with: tests/host/stub/kernel.c tests/host/stub/fibers.c tests/host/stub/sched.c
/*
 * Mutexes and reader-writer mutexes with every interleaving of their atomic steps that a seed
 * chooses: one writer or any readers at a time, and whoever waits gets it in the end.
 */
#include "stub/fibers.h"
#include "stub/kernel.h"
#include "t.h"

/* The kernel's files with a point before each atomic step. */
#define __atomic_load_n(p, order)        (stub_point(), __atomic_load_n(p, order))
#define __atomic_store_n(p, v, order)    (stub_point(), __atomic_store_n(p, v, order))
#define __atomic_exchange_n(p, v, order) (stub_point(), __atomic_exchange_n(p, v, order))
#define __atomic_fetch_add(p, v, order)  (stub_point(), __atomic_fetch_add(p, v, order))
#define __atomic_fetch_sub(p, v, order)  (stub_point(), __atomic_fetch_sub(p, v, order))
#define __atomic_fetch_or(p, v, order)   (stub_point(), __atomic_fetch_or(p, v, order))
#define __atomic_fetch_and(p, v, order)  (stub_point(), __atomic_fetch_and(p, v, order))
#define __atomic_compare_exchange_n(...) \
    (stub_point(), __atomic_compare_exchange_n(__VA_ARGS__))
#include "../../kernel/sched/mutex.c"
#include "../../kernel/sched/rwmutex.c"
#include "../../kernel/sched/wait.c"

enum { HARTS = 6, TURNS = 300 };

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

static struct mutex mutex;
static struct rwmutex rw;
static unsigned n_inside, n_readers, n_writers, most_readers;

static void use_mutex(void)
{
    mutex_lock(&mutex);
    CHECK(mutex_is_held(&mutex));
    CHECK_EQ(n_inside++, 0);
    stub_point();
    CHECK_EQ(--n_inside, 0);
    mutex_unlock(&mutex);
}

static void write_something(void)
{
    rw_write_lock(&rw);
    CHECK(rw_is_held_write(&rw));
    CHECK_EQ(n_writers++ + n_readers, 0);
    stub_point();
    CHECK_EQ(--n_writers + n_readers, 0);
    rw_write_unlock(&rw);
}

static void read_something(void)
{
    rw_read_lock(&rw);
    CHECK_EQ(n_writers, 0);
    n_readers++;
    most_readers = max(most_readers, n_readers);
    stub_point();
    n_readers--;
    CHECK_EQ(n_writers, 0);
    rw_read_unlock(&rw);
}

static void use_mutexes(unsigned me)
{
    (void)me;
    for (unsigned i = 0; i < TURNS && !t_n_failed; i++)
        use_mutex();
}

static void use_rw(unsigned me)
{
    for (unsigned i = 0; i < TURNS && !t_n_failed; i++) {
        if (t_below(HARTS) < me)
            read_something();
        else
            write_something();
    }
}

static void one_at_a_time(void)
{
    mutex_init(&mutex, "test");
    for (unsigned round = 0; round < 60; round++)
        fibers_run(HARTS, use_mutexes, t_random(), 2 + round % 9);
    CHECK_EQ(mutex.state, MUTEX_FREE);
    CHECK(list_is_empty(&mutex.waiters));
}

static void writers_alone(void)
{
    rw_init(&rw, "test");
    for (unsigned round = 0; round < 60; round++)
        fibers_run(HARTS, use_rw, t_random(), 2 + round % 9);
    CHECK_EQ(rw.state, 0);
    CHECK(list_is_empty(&rw.waiters));
    CHECK(most_readers > 1);
}

int main(int argc, char **argv)
{
    t_begin(argc, argv);
    RUN(one_at_a_time);
    RUN(writers_alone);
    return t_done();
}
