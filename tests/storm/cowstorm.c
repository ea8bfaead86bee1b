/* SPDX-License-Identifier: MIT */
/*
 * cowstorm: forks and copy-on-write breaks by the million, on all harts, every one checked.
 *
 *   cowstorm [-f FORKS] [-b BREAKS] [-w WORKERS] [-s SEED]
 *
 * Each worker makes pages (pages.h) and forks in one shape after the other:
 *
 *   tiny      a child that ends at once
 *   writer    parent and child write at the same time
 *   siblings  several children write the same pages
 *   tree      children of children; they end in any order, before or after their parents
 *   thread    a thread of the parent writes while it forks
 *   exec      the child, perhaps deep in a tree, becomes another program; vfork too
 *
 * A process knows the tag of each of its pages (its own last write, or what its parent had
 * written when it forked) and compares pages with it. How much is written is steered so that
 * forks and breaks are done at about the same time. Breaks are those that the kernel counted
 * (cow_copied); where it counts none, on Linux and with fork=eager, the writes.
 *
 * At the end memory must be what it was before, and the kernel's recount must add up. One line
 * says so. FAILED comes with the seed; harts make no two runs equal, but seeds the same mix.
 */
#include "pages.h"
#include <pthread.h>
#include <semaphore.h>

enum {
    ROUNDS = 100, /* of the thread, for each fork */
    MAX_SIBLINGS = 6,
    MAX_DEPTH = 8,
    WARM_UP = 24,             /* forks of each worker before memory is measured */
    PATIENCE_MS = 120 * 1000, /* for descendants that are nobody's children */
};

/* ---- processes ---- */

static void counts_publish(void)
{
    atomic_add(&board->writes, n_writes);
    atomic_add(&board->checks, n_checks);
    n_writes = n_checks = 0;
}

static void hart_change(void)
{
    cpu_set_t set;

    CPU_ZERO(&set);
    CPU_SET(pick(option.workers), &set);
    sched_setaffinity(0, sizeof set, &set); /* there may be fewer harts */
}

/* As fork(); the child draws numbers of its own. */
static pid_t child_make(void)
{
    uint64_t seed = mix(&state);

    counts_publish();
    atomic_add(&board->worker[me].alive, 1);
    pid_t pid = fork();
    if (pid < 0)
        give_up("seed %lu, worker %d: fork: %s", option.seed, me, strerror(errno));
    if (pid == 0) {
        state = seed;
        if (pick(4) == 0)
            hart_change();
        return 0;
    }
    atomic_add(&board->forks, 1);
    return pid;
}

static void __attribute__((noreturn)) child_end(void)
{
    pages_check();
    counts_publish();
    atomic_add(&board->worker[me].alive, -1);
    if (pick(256) == 0) {
        execl("/proc/self/exe", "cowstorm", "-n", NULL);
        give_up("exec: %s", strerror(errno));
    }
    _exit(0);
}

static void child_await(pid_t pid)
{
    int status = wait_for(pid);

    if (status != 0)
        give_up("seed %lu, worker %d: a child ended with status %#x", option.seed, me, status);
}

/* ---- shapes ---- */

static void shape_tiny(void)
{
    pid_t pid = child_make();

    if (pid == 0)
        child_end();
    child_await(pid);
}

static void shape_writer(void)
{
    pid_t pid = child_make();

    pages_write();
    pages_check();
    if (pid == 0)
        child_end();
    child_await(pid);
    pages_check();
}

static void shape_siblings(void)
{
    pid_t pids[MAX_SIBLINGS];
    int n = 2 + pick(MAX_SIBLINGS - 1);

    for (int i = 0; i < n; i++) {
        pids[i] = child_make();
        if (pids[i] == 0) {
            pages_write();
            child_end();
        }
        if (pick(2))
            page_write(THREAD_PAGES + pick(N_PAGES - THREAD_PAGES));
    }
    pages_check();
    for (int i = 0; i < n; i++)
        child_await(pids[i]);
}

/* A child that does the same, `depth` times; whoever does not wait for it leaves it behind. */
static void tree_grow(int depth)
{
    bool waits = pick(2);

    if (depth == 0)
        return;
    pid_t pid = child_make();
    if (pid == 0) {
        if (pick(2))
            pages_write();
        tree_grow(depth - 1);
        pages_write();
        child_end();
    }
    if (pick(2))
        pages_write();
    if (waits)
        child_await(pid);
}

static void shape_tree(void)
{
    pid_t pid = child_make();

    if (pid == 0) {
        pages_write();
        tree_grow(1 + pick(MAX_DEPTH - 1));
        if (pick(4) == 0)
            tree_grow(1 + pick(2));
        child_end();
    }
    pages_write();
    child_await(pid);
    pages_check();
}

static void shape_exec(void)
{
    char *argv[] = {"cowstorm", "-n", NULL};
    pid_t pid = pick(2) ? vfork() : fork();

    if (pid == 0) {
        execv("/proc/self/exe", argv);
        _exit(1);
    }
    atomic_add(&board->forks, 1);
    pages_write();
    child_await(pid);
}

/*
 * The thread counts rounds: it goes over its pages, stores the round into the first word of
 * each and then into the last. For each fork it is woken to do some.
 */
static volatile uint64_t thread_round;
static sem_t thread_wakes;
static volatile bool thread_ends;

static void *thread_write(void *unused)
{
    (void)unused;
    while (sem_wait(&thread_wakes) == 0 && !thread_ends) {
        for (int n = 0; n < ROUNDS; n++) {
            uint64_t round = ++thread_round;
            for (int i = 0; i < THREAD_PAGES; i++) {
                volatile uint64_t *page = page_at(i);
                page[0] = round;
                __atomic_thread_fence(__ATOMIC_SEQ_CST);
                page[WORDS - 1] = round;
                __atomic_thread_fence(__ATOMIC_SEQ_CST);
            }
        }
    }
    return NULL;
}

/* Returns when it is busy writing. */
static void thread_wake(void)
{
    uint64_t round = thread_round;

    sem_post(&thread_wakes);
    while (thread_round == round)
        sched_yield();
}

/* The child's view: it stands still, and it is that of one moment (COW-6). */
static void thread_pages_check(void)
{
    uint64_t seen[2 * THREAD_PAGES];

    for (int i = 0; i < THREAD_PAGES; i++) {
        seen[2 * i] = page_at(i)[0];
        seen[2 * i + 1] = page_at(i)[WORDS - 1];
    }
    for (int i = 1; is_one_moment && i < 2 * THREAD_PAGES; i++) {
        if (seen[i] > seen[i - 1] || seen[i] + 1 < seen[0])
            give_up("seed %lu, worker %d: not one moment: %lu, then %lu, %lu", option.seed, me,
                    seen[0], seen[i - 1], seen[i]);
    }
    sched_yield();
    for (int i = 0; i < THREAD_PAGES; i++) {
        word_check(i, 0, seen[2 * i]);
        word_check(i, WORDS - 1, seen[2 * i + 1]);
    }
}

static void shape_thread(void)
{
    pthread_t thread;
    int n = 1 + pick(8);

    thread_ends = false;
    sem_init(&thread_wakes, 0, 0);
    if (pthread_create(&thread, NULL, thread_write, NULL) != 0)
        give_up("no thread");
    while (n--) {
        thread_wake();
        pid_t pid = child_make();
        if (pid == 0) {
            thread_pages_check();
            pages_write();
            thread_pages_check();
            child_end();
        }
        pages_write();
        child_await(pid);
    }
    thread_ends = true;
    sem_post(&thread_wakes);
    pthread_join(thread, NULL);
    for (int i = 0; i < THREAD_PAGES; i++) {
        word_check(i, 0, thread_round);
        word_check(i, WORDS - 1, thread_round);
    }
    pages_check();
}

static void shape_any(void)
{
    static void (*const shapes[])(void) = {
        shape_tiny,     shape_tiny,     shape_tiny,   shape_tiny, shape_writer, shape_writer,
        shape_siblings, shape_siblings, shape_thread, shape_tree, shape_tree,
    };

    if (pick(64) == 0)
        shape_exec();
    else
        shapes[pick(sizeof shapes / sizeof shapes[0])]();
}

/* ---- workers ---- */

static void orphans_await(void)
{
    long end = now_ms() + PATIENCE_MS;

    while (atomic_get(&board->worker[me].alive) && !has_failed()) {
        if (now_ms() > end)
            give_up("seed %lu, worker %d: %lu descendants are lost", option.seed, me,
                    atomic_get(&board->worker[me].alive));
        sleep_ms(1);
    }
}

static void __attribute__((noreturn)) worker_run(int nth, uint64_t forks)
{
    me = nth;
    state = option.seed * 1000 + nth;
    for (uint64_t n = 0; !board->stop && !has_failed(); n++) {
        if (atomic_get(&board->forks) >= forks)
            break;
        shape_any();
        if (n % 32 == 0)
            orphans_await();
    }
    orphans_await();
    for (int i = THREAD_PAGES; i < N_PAGES; i++)
        page_check_whole(i);
    counts_publish();
    _exit(0);
}

static bool workers_are_done(int *n_left)
{
    int status;

    while (*n_left && waitpid(-1, &status, WNOHANG) > 0) {
        --*n_left;
        if (status && !has_failed())
            give_up("a worker ended with status %#x", status);
    }
    return *n_left == 0;
}

static uint64_t breaks_now(void)
{
    long copied = is_eager ? -1 : counter("cow_copied");

    return copied < 0 ? atomic_get(&board->writes) : (uint64_t)copied;
}

/* So many writes per process that the breaks still owed come with the forks still owed. */
static void wish_adjust(uint64_t forks, uint64_t breaks)
{
    static uint64_t last_forks, last_breaks;
    uint64_t d_forks = forks - last_forks, d_breaks = breaks - last_breaks;
    uint64_t owed_forks = forks < option.forks ? option.forks - forks : 1;
    uint64_t owed_breaks = breaks < option.breaks ? option.breaks - breaks : 0;

    if (last_forks > forks || d_forks < 50) {
        if (last_forks > forks)
            last_forks = last_breaks = 0;
        return;
    }
    last_forks = forks;
    last_breaks = breaks;
    uint64_t wish = board->wish;
    if (d_breaks * owed_forks < owed_breaks * d_forks)
        wish += wish / 8 + 1;
    else if (wish > 1)
        wish -= wish / 8 + 1;
    board->wish = wish < 16 * WRITES_MAX ? wish : 16 * WRITES_MAX;
}

static void progress_show(uint64_t forks, uint64_t breaks, long ms, bool is_last)
{
    char text[160];
    long s = ms / 1000 + !ms;

    snprintf(text, sizeof text,
             "%8lu of %lu forks, %9lu of %lu breaks, %lu forks/s, %lu breaks/s, %ld s", forks,
             option.forks, breaks, option.breaks, forks * 1000 / (ms + 1),
             breaks * 1000 / (ms + 1), s);
    progress(text, is_last);
}

/* Until each of two counts is reached; forks alone are counted by the workers themselves.
 * Returns how many breaks there were. */
static uint64_t storm(uint64_t forks, uint64_t breaks)
{
    int left = option.workers;
    long start = now_ms();

    board->forks = board->writes = board->checks = 0;
    board->stop = 0;
    uint64_t before = breaks_now();
    for (int i = 0; i < option.workers; i++) {
        pid_t pid = fork();
        if (pid < 0)
            give_up("fork: %s", strerror(errno));
        if (pid == 0)
            worker_run(i, breaks ? UINT64_MAX : forks);
    }
    while (!workers_are_done(&left) && !has_failed()) {
        uint64_t done = atomic_get(&board->forks), broken = breaks_now() - before;
        wish_adjust(done, broken);
        progress_show(done, broken, now_ms() - start, false);
        if (breaks && done >= forks && broken >= breaks)
            board->stop = 1;
        sleep_ms(100);
    }
    uint64_t broken = breaks_now() - before;
    progress_show(atomic_get(&board->forks), broken, now_ms() - start, true);
    return broken;
}

static void result_print(const struct memory *before, const struct memory *after,
                         uint64_t breaks, long ms, const char *counted)
{
    printf("cowstorm: ok: %lu forks, %lu breaks, %lu pages compared, on %d harts in %ld s; ",
           board->forks, breaks, board->checks, count_harts(), ms / 1000);
    if (after->frames >= 0)
        printf("%ld frames free and %ld kB of tables as before; ", after->frames,
               before->table_kb);
    printf("recount: %s\n", counted);
    fflush(stdout);
}

static void options_read(int argc, char **argv)
{
    for (int c; (c = getopt(argc, argv, "f:b:w:s:n")) != -1;) {
        uint64_t n = optarg ? strtoull(optarg, NULL, 0) : 0;
        if (c == 'n')
            exit(0); /* what a child becomes */
        else if (c == 'f')
            option.forks = n;
        else if (c == 'b')
            option.breaks = n;
        else if (c == 's')
            option.seed = n;
        else if (c == 'w' && n > 0 && n <= MAX_WORKERS)
            option.workers = n;
        else {
            fprintf(stderr, "usage: cowstorm [-f FORKS] [-b BREAKS] [-w WORKERS] [-s SEED]\n");
            exit(2);
        }
    }
}

int main(int argc, char **argv)
{
    struct memory before, after;

    option.workers = 2 * count_harts();
    options_read(argc, argv);
    board = shared_map(sizeof *board);
    board->wish = 8 * 16;
    is_eager = command_line_has("fork=eager");
    is_one_moment = counter("cow_copied") >= 0 && !is_eager;
    pages_make();
    printf("cowstorm: seed %lu, %d workers\n", option.seed, option.workers);
    fflush(stdout);
    pid_t pid = fork(); /* so that a failure in any process can be told by this one */
    if (pid == 0) {
        board_head = &board->head;
        storm(WARM_UP * option.workers, 0);
        if (has_failed())
            _exit(1);
        before = memory_quiet();
        long start = now_ms();
        uint64_t breaks = storm(option.forks, option.breaks);
        if (has_failed())
            _exit(1);
        after = memory_settle(&before);
        result_print(&before, &after, breaks, now_ms() - start, recount());
        _exit(0);
    }
    int status = wait_for(pid);
    if (status != 0)
        printf("cowstorm: FAILED: %s\n",
               board->head.failed ? board->head.message : "somebody was killed");
    return status != 0;
}
