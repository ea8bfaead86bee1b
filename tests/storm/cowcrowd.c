/* SPDX-License-Identifier: MIT */
/*
 * cowcrowd: many idle children of a large parent, alive at the same time.
 *
 *   cowcrowd [-n CHILDREN] [-m MIB]
 *
 * The parent writes every page of MIB. Its children, once all are there, compare one page each
 * and write it, wait for the word to end, and end. Reported are the memory that one idle child
 * costs and the time; in the end every frame must be back, and the recount must add up.
 */
#include "storm.h"
#include <sched.h>

#define PAGES_AT (8ul << 30) /* with no shared memory in the same GiB */

static struct board {
    struct board_head head;
    uint64_t ready, ended;
} * board;

static struct {
    uint64_t children, mib;
} option = {10 * 1000, 1024};

static uint64_t *pages;
static int gate[2]; /* closed: go on */

static uint64_t tag_of(uint64_t nth)
{
    return nth * 0x9e3779b97f4a7c15ull + 1;
}

static void gate_await(void)
{
    char nothing;

    close(gate[1]);
    if (read(gate[0], &nothing, 1) != 0)
        give_up("the gate: %s", strerror(errno));
}

static void __attribute__((noreturn)) child_run(uint64_t nth)
{
    uint64_t n_pages = option.mib * MIB / PAGE, at = nth * 7919 % n_pages;
    volatile uint64_t *page = pages + at * (PAGE / 8);

    atomic_add(&board->ready, 1);
    gate_await();
    if (page[0] != tag_of(at) || page[511] != tag_of(at))
        give_up("child %lu sees %#lx in page %lu", nth, page[0], at);
    page[0] = nth;
    sched_yield();
    if (page[0] != nth || page[511] != tag_of(at))
        give_up("child %lu wrote, and sees %#lx in page %lu", nth, page[0], at);
    atomic_add(&board->ended, 1);
    _exit(0);
}

static void progress_show(const char *what, uint64_t n, long start, bool is_last)
{
    char text[160];

    snprintf(text, sizeof text, "%6lu of %lu children %s, %ld s", n, option.children, what,
             (now_ms() - start) / 1000);
    progress(text, is_last);
}

static void crowd_make(uint64_t children, long start)
{
    if (pipe(gate) < 0)
        give_up("pipe: %s", strerror(errno));
    board->ready = board->ended = 0;
    for (uint64_t i = 0; i < children; i++) {
        pid_t pid = fork();
        if (pid < 0)
            give_up("fork %lu: %s", i, strerror(errno));
        if (pid == 0)
            child_run(i);
        progress_show("made", i, start, false);
    }
    while (atomic_get(&board->ready) < children && !has_failed())
        sleep_ms(5);
}

static void crowd_end(uint64_t children, long start)
{
    close(gate[0]);
    close(gate[1]);
    for (uint64_t i = 0; i < children; i++) {
        int status;
        if (waitpid(-1, &status, 0) < 0 || status != 0)
            give_up("a child ended with status %#x", status);
        progress_show("ended", i, start, false);
    }
    if (atomic_get(&board->ended) != children)
        give_up("%lu children ended", atomic_get(&board->ended));
}

static void all_run(void)
{
    uint64_t n_pages = option.mib * MIB / PAGE;
    struct memory before, during, after;
    long start = now_ms();

    board_head = &board->head;
    for (uint64_t i = 0; i < n_pages; i++)
        pages[i * (PAGE / 8)] = pages[i * (PAGE / 8) + 511] = tag_of(i);
    crowd_make(8, start);
    crowd_end(8, start);
    progress_show("tried", 8, start, true);
    before = memory_quiet();

    crowd_make(option.children, start);
    long made = now_ms();
    memory_read(&during);
    crowd_end(option.children, start);
    progress_show("ended", option.children, start, true);
    for (uint64_t i = 0; i < n_pages; i++) {
        if (pages[i * (PAGE / 8)] != tag_of(i))
            give_up("the parent sees %#lx in page %lu", pages[i * (PAGE / 8)], i);
    }
    after = memory_settle(&before);
    printf(
        "cowcrowd: ok: %lu idle children of %lu MiB, %ld KiB each (%ld KiB of tables), made in "
        "%ld ms, ended in %ld ms; ",
        option.children, option.mib, (before.free_kb - during.free_kb) / (long)option.children,
        (during.table_kb - before.table_kb) / (long)option.children, made - start,
        now_ms() - made);
    if (after.frames >= 0)
        printf("%ld frames free as before; ", after.frames);
    printf("recount: %s\n", recount());
    fflush(stdout);
    _exit(0);
}

int main(int argc, char **argv)
{
    for (int c; (c = getopt(argc, argv, "n:m:")) != -1;) {
        uint64_t n = optarg ? strtoull(optarg, NULL, 0) : 0;
        if ((c != 'n' && c != 'm') || n == 0) {
            fprintf(stderr, "usage: cowcrowd [-n CHILDREN] [-m MIB]\n");
            return 2;
        }
        *(c == 'n' ? &option.children : &option.mib) = n;
    }
    board = shared_map(sizeof *board);
    pages =
        mmap(NULL, option.mib * MIB, RW, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (pages == MAP_FAILED)
        give_up("no %lu MiB: %s", option.mib, strerror(errno));
    madvise(pages, option.mib * MIB, MADV_NOHUGEPAGE);
    pid_t pid = fork(); /* so that a failure in any process can be told by this one */
    if (pid == 0)
        all_run();
    int status = wait_for(pid);
    if (status != 0)
        printf("cowcrowd: FAILED: %s\n",
               board->head.failed ? board->head.message : "somebody was killed");
    return status != 0;
}
