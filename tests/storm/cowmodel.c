/* SPDX-License-Identifier: MIT */
/*
 * cowmodel: random trees of processes, each comparing its memory with a plain model of it.
 *
 *   cowmodel [-n STEPS] [-t TREES] [-s SEED] [-q]
 *
 * Each step of a process writes, lets the kernel write or read, maps, unmaps, protects, moves,
 * discards, gives advice about fork (model.h), or forks a child that does the same with some of
 * its steps; then pages are compared with the model. Processes end in any order, some before
 * their children, and leave nothing behind.
 *
 * What a process does depends on its own random numbers alone: so the same seed ends with the
 * same digest of all models, on every kernel and on any number of harts. -q prints only lines
 * that are the same everywhere. On calf memory must be as before in the end, and the recount
 * must add up.
 */
#include "model.h"

/* ---- processes ---- */

static void live(void);

/* What the child has of the parent's memory. */
static void model_fork(void)
{
    for (struct cell *c = cells; c < cells + n_cells; c++) {
        if (c->dont_fork)
            cell_clear(c, false);
        else if (c->wipe_on_fork)
            c->tag = 0;
    }
    if (!cells[n_ranges].mapped)
        block_size = 0;
}

static void child_await(int nth)
{
    int status = wait_for(children[nth]);

    doing = "wait";
    children[nth] = children[--n_children];
    if (status != 0)
        wrong("a child ended with status %#x", status);
}

static void hart_change(void)
{
    cpu_set_t set;

    CPU_ZERO(&set);
    CPU_SET(pick(8) % n_harts, &set);
    sched_setaffinity(0, sizeof set, &set);
}

static void __attribute__((noreturn)) process_end(void)
{
    uint64_t digest = mix(&state);

    all_check(pick(4) == 0);
    for (const struct cell *c = cells; c < cells + n_cells; c++)
        digest = digest * 31 + c->tag + c->prot + 8 * c->mapped + 16 * c->dont_fork +
                 32 * c->wipe_on_fork;
    atomic_add(&board->digest, digest);
    atomic_add(&board->steps, step % 64);
    atomic_add(&board->processes, 1);
    atomic_add(&board->alive[tree], -1);
    _exit(0);
}

static void child_start(uint64_t seed, int nth, uint64_t steps)
{
    state = seed;
    budget = steps;
    step = 0;
    n_children = 0;
    depth++;
    snprintf(path + strlen(path), sizeof path - strlen(path), ".%d", nth);
    model_fork();
    if (pick(4) == 0)
        hart_change();
    all_check(pick(8) == 0);
    live();
    process_end();
}

/* A child gets some of the steps that are left. */
static void step_fork(void)
{
    static int n_born;
    uint64_t seed = mix(&state), steps = 1 + pick(CHILD_STEPS);

    doing = "fork";
    if (depth == MAX_DEPTH || steps > budget / 2)
        return;
    if (n_children == MAX_CHILDREN)
        child_await(seed % MAX_CHILDREN);
    budget -= steps;
    n_born++;
    atomic_add(&board->alive[tree], 1);
    pid_t pid = fork();
    MUST(pid >= 0);
    if (pid == 0) {
        int nth = n_born;
        n_born = 0;
        child_start(seed, nth, steps);
    }
    children[n_children++] = pid;
}

static void step_any(void)
{
    static void (*const steps[])(void) = {
        step_write,         step_write,        step_write,   step_write, step_write,
        step_write,         step_write,        step_write,   step_map,   step_map,
        step_kernel_writes, step_kernel_reads, step_protect, step_unmap, step_protect,
        step_advise,        step_advise,       step_move,    step_block, step_fork,
    };

    steps[pick(sizeof steps / sizeof steps[0])]();
}

static void live(void)
{
    while (budget > 0 && !has_failed()) {
        budget--;
        step++;
        step_any();
        for (int i = 0; i < 3; i++)
            cell_check(any_page(), false);
        if (step % 8 == 0)
            all_check(false);
        if (step % 64 == 0)
            atomic_add(&board->steps, 64);
        if (n_children && pick(32) == 0)
            child_await(0);
    }
    if (depth == 0 || pick(2)) { /* else it ends before they do */
        while (n_children)
            child_await(n_children - 1);
    }
    doing = "at the end";
}

/* ---- trees ---- */

static void memory_make(void)
{
    int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE | MAP_NORESERVE;
    uint64_t size = WIDE_BLOCKS * 2 * MIB;

    cells_make();
    MUST(mmap((void *)WIDE_START, size, RW, flags, -1, 0) == (void *)WIDE_START);
    MUST(mmap((void *)MIXED_START, MIXED_PAGES * PAGE, RW, flags, -1, 0) ==
         (void *)MIXED_START);
    MUST(mmap((void *)NEIGHBOUR, PAGE, RW, MAP_SHARED | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1,
              0) == (void *)NEIGHBOUR);
    block_map();
    for (int i = 0; i < 4 * n_cells; i++)
        step_write();
}

static void pattern_make(void)
{
    uint64_t page[WORDS];
    char name[] = "/tmp/cowmodel.XXXXXX";

    pattern_fd = mkstemp(name);
    MUST(pattern_fd >= 0 && unlink(name) == 0);
    for (int nth = 0; nth < N_PATTERNS; nth++) {
        for (int word = 0; word < (int)WORDS; word++)
            page[word] = word_of(nth + 1, word);
        MUST(write(pattern_fd, page, PAGE) == (ssize_t)PAGE);
    }
}

static void __attribute__((noreturn)) tree_run(int nth, uint64_t steps)
{
    struct sigaction action = {.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO | SA_NODEFER};
    long end;

    tree = nth;
    state = option.seed * 1000003 + nth;
    budget = steps;
    board->alive[tree] = 1;
    sigaction(SIGSEGV, &action, NULL);
    sigaction(SIGBUS, &action, NULL);
    memory_make();
    live();
    end = now_ms() + PATIENCE_MS;
    while (atomic_get(&board->alive[tree]) > 1 && !has_failed()) {
        if (now_ms() > end)
            wrong("%lu descendants are lost", atomic_get(&board->alive[tree]) - 1);
        sleep_ms(1);
    }
    process_end();
}

static void progress_show(uint64_t steps, long ms, bool is_last)
{
    char text[160];
    uint64_t done = atomic_get(&board->steps);

    snprintf(text, sizeof text, "%8lu of %lu steps, %lu processes, %lu steps/s, %ld s", done,
             steps, atomic_get(&board->processes), done * 1000 / (ms + 1), ms / 1000);
    if (!option.quiet)
        progress(text, is_last);
}

static void trees_run(uint64_t steps)
{
    int left = option.trees, status;
    long start = now_ms();

    board->steps = board->processes = board->digest = board->compared = 0;
    for (int i = 0; i < option.trees; i++) {
        pid_t pid = fork();
        if (pid < 0)
            give_up("fork: %s", strerror(errno));
        if (pid == 0)
            tree_run(i, steps / option.trees);
    }
    while (left && !has_failed()) {
        while (left && waitpid(-1, &status, WNOHANG) > 0) {
            left--;
            if (status && !has_failed())
                give_up("seed %lu: a tree ended with status %#x", option.seed, status);
        }
        progress_show(steps, now_ms() - start, false);
        sleep_ms(left ? 50 : 0);
    }
    progress_show(steps, now_ms() - start, true);
}

static void __attribute__((noreturn)) all_run(void)
{
    struct memory before, after;

    board_head = &board->head;
    trees_run(option.trees * 20);
    before = memory_quiet();
    if (!has_failed())
        trees_run(option.steps);
    if (has_failed())
        _exit(1);
    after = memory_settle(&before);
    const char *counted = recount();
    printf("cowmodel: ok: seed %lu, %d trees, %lu steps, %lu processes, %lu pages compared, "
           "digest %016lx\n",
           option.seed, option.trees, board->steps, board->processes, board->compared,
           board->digest);
    if (!option.quiet && after.frames >= 0)
        printf("%ld frames free and %ld kB of tables as before; recount: %s\n", after.frames,
               after.table_kb, counted);
    fflush(stdout);
    _exit(0);
}

static void options_read(int argc, char **argv)
{
    for (int c; (c = getopt(argc, argv, "n:t:s:q")) != -1;) {
        uint64_t n = optarg ? strtoull(optarg, NULL, 0) : 0;
        if (c == 'n')
            option.steps = n;
        else if (c == 's')
            option.seed = n;
        else if (c == 't' && n > 0 && n <= MAX_TREES)
            option.trees = n;
        else if (c == 'q')
            option.quiet = true;
        else {
            fprintf(stderr, "usage: cowmodel [-n STEPS] [-t TREES] [-s SEED] [-q]\n");
            exit(2);
        }
    }
}

int main(int argc, char **argv)
{
    n_harts = count_harts();
    option.trees = 2 * n_harts;
    options_read(argc, argv);
    pattern_make();
    board = shared_map(sizeof *board);
    pid_t pid = fork(); /* so that a failure in any process can be told by this one */
    if (pid == 0)
        all_run();
    int status = wait_for(pid);
    if (status != 0)
        printf("cowmodel: FAILED: %s\n",
               board->head.failed ? board->head.message : "somebody was killed");
    return status != 0;
}
