/* SPDX-License-Identifier: MIT */
/*
 * cowdemo: watch copy-on-write at work. One area of CELLS pages is read, written and forked
 * step by step; after each step the pages of parent and child are drawn as bars of cells, with
 * a mark under what changed, the counters of both, and how many frames stand behind it all.
 *
 *   cowdemo          Enter goes on, q ends; without pauses when not on a terminal
 *
 * The child does what the parent tells it through a pipe, one struct order at a time, and
 * answers through another one; so the picture is taken while both stand still. It looks only
 * from outside, through /proc: the area is touched by nothing but the steps themselves. It has
 * unmapped neighbours, so that the kernel cannot join it to another area.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include "cowread.h"

enum { CELLS = 60, BAR_COLUMN = 16 };

enum work { WORK_READ, WORK_WRITE, WORK_KERNEL_WRITE, WORK_EXIT };

struct order {
    enum work work;
    int first, n; /* pages */
};

struct side {
    const char *name;
    pid_t pid; /* 0: not there */
    char cells_before[CELLS + 1], cells[CELLS + 1];
    struct counter before[COUNTERS_MAX], now[COUNTERS_MAX];
    int n_before, n_now;
};

static char *area;
static bool on_terminal;
static struct side parent = {.name = "parent"}, child = {.name = "child"};
static int orders[2], answers[2];
static int step_number;

static void die(const char *what)
{
    fprintf(stderr, "cowdemo: %s: %s\n", what, strerror(errno));
    exit(1);
}

/* --- looking ---------------------------------------------------------------------------- */

static void cells_take(void *arg, uint64_t start, const char *states)
{
    struct side *side = arg;

    for (; *states; states++, start += COWREAD_PAGE) {
        uint64_t cell = (start - (uint64_t)area) / COWREAD_PAGE;

        if (start >= (uint64_t)area && cell < CELLS)
            side->cells[cell] = *states;
    }
}

static uint64_t word_read(const char *path, uint64_t index)
{
    uint64_t word = 0;
    int fd = open(path, O_RDONLY);

    if (fd < 0)
        return 0;
    if (pread(fd, &word, sizeof(word), (off_t)(index * sizeof(word))) != sizeof(word))
        word = 0;
    close(fd);
    return word;
}

/* The same from Linux's files (Documentation/admin-guide/mm/pagemap.rst). */
static char linux_cell(const char *pagemap, uint64_t page)
{
    const uint64_t present = 1ULL << 63, frame_mask = (1ULL << 55) - 1, zero_page = 1ULL << 24;
    uint64_t entry = word_read(pagemap, page), frame = entry & frame_mask;

    if (!(entry & present))
        return '.';
    if (!frame)
        return '?'; /* not root: the kernel does not tell */
    if (word_read("/proc/kpageflags", frame) & zero_page)
        return 'z';
    return word_read("/proc/kpagecount", frame) > 1 ? 's' : 'p';
}

static void linux_cells_take(struct side *side)
{
    char path[40];

    snprintf(path, sizeof(path), "/proc/%d/pagemap", (int)side->pid);
    for (int i = 0; i < CELLS; i++)
        side->cells[i] = linux_cell(path, (uint64_t)area / COWREAD_PAGE + (uint64_t)i);
}

static void side_look(struct side *side)
{
    char path[40];

    if (!side->pid)
        return;
    memcpy(side->cells_before, side->cells, CELLS);
    memset(side->cells, '.', CELLS);
    if (!areas_read(side->pid, cells_take, side))
        linux_cells_take(side);
    memcpy(side->before, side->now, sizeof(side->now));
    side->n_before = side->n_now;
    snprintf(path, sizeof(path), "/proc/%d/cow", (int)side->pid);
    side->n_now = counters_read(path, side->now);
}

/* --- drawing ---------------------------------------------------------------------------- */

static const struct page_state *state_of(char mark)
{
    for (int i = 0; i < N_PAGE_STATES; i++) {
        if (page_states[i].mark == mark)
            return &page_states[i];
    }
    return NULL;
}

/* A run of equal cells, so that a colour is asked for once. */
static void cells_print(char mark, int n)
{
    const struct page_state *state = state_of(mark);
    bool coloured = on_terminal && state;

    if (coloured)
        printf("\033[%sm", state->colour);
    while (n-- > 0)
        putchar(mark);
    if (coloured)
        printf("\033[0m");
}

static void legend_print(void)
{
    printf("One cell is one page of 4 KiB:\n");
    for (int i = 0; i < N_PAGE_STATES; i++) {
        if (strchr("rm", page_states[i].mark))
            continue; /* not in this demonstration */
        printf("  ");
        cells_print(page_states[i].mark, 1);
        printf("  %s\n", page_states[i].meaning);
    }
    printf("^ marks what a step changed. The counters below a bar are those of the whole\n"
           "process: its own stack and data take part, so they may show a few pages more.\n");
}

/* What this step added to the counters of one side. */
static void changes_print(const struct side *side)
{
    static const char *const shown[] = {"cow_shared",      "cow_copied",      "cow_reused",
                                        "cow_zero_filled", "cow_zero_mapped", "cow_spurious"};
    int printed = 0;

    for (size_t i = 0; i < sizeof(shown) / sizeof(shown[0]); i++) {
        unsigned long long d = counter_value(side->now, side->n_now, shown[i]) -
                               counter_value(side->before, side->n_before, shown[i]);

        if (d)
            printf("%s%s +%llu", printed++ ? ", " : "", shown[i] + strlen("cow_"), d);
    }
    if (side->n_now > 0 && !printed)
        printf("no change");
}

static void ruler_print(void)
{
    printf("%*s", BAR_COLUMN, "page ");
    for (int i = 0; i < CELLS; i += 10)
        printf("%-*d", i + 10 < CELLS ? 10 : 0, i);
    printf("\n");
}

static void bar_print(const char *cells)
{
    for (int i = 0, n; i < CELLS; i += n) {
        for (n = 1; i + n < CELLS && cells[i + n] == cells[i]; n++)
            ;
        cells_print(cells[i], n);
    }
    printf("\n");
}

/* A mark under each cell that this step changed. */
static void marks_print(const struct side *side)
{
    char marks[CELLS + 1];
    int length = 0;

    for (int i = 0; i < CELLS; i++) {
        bool changed = side->cells_before[i] && side->cells_before[i] != side->cells[i];

        marks[i] = changed ? '^' : ' ';
        if (changed)
            length = i + 1;
    }
    if (length)
        printf("%*s%.*s\n", BAR_COLUMN, "", length, marks);
}

static void side_print(const struct side *side)
{
    if (!side->pid)
        return;
    printf("  %-6s %5d  ", side->name, (int)side->pid);
    bar_print(side->cells);
    marks_print(side);
    if (side->n_now <= 0)
        return;
    printf("%*s", BAR_COLUMN, "");
    changes_print(side);
    printf("\n");
}

static int count(const char *cells, const char *marks)
{
    int n = 0;

    for (; *cells; cells++)
        n += strchr(marks, *cells) != NULL;
    return n;
}

/* The sum that copy-on-write is about: what both sides see, and what is really there. */
static void frames_print(void)
{
    static const char own[] = "pc";
    int shared = count(parent.cells, "s");
    int frames = shared + count(parent.cells, own) + count(child.cells, own);
    int pages = frames + shared;

    if (child.pid)
        printf("  %d pages with content, %d frames behind them\n", pages, frames);
}

static void pause_for_reader(void)
{
    int c, first;

    if (!on_terminal)
        return;
    printf("\033[2m[Enter: next   q: end]\033[0m ");
    fflush(stdout);
    first = c = getchar();
    while (c != '\n' && c != EOF)
        c = getchar();
    printf("\033[A\033[2K"); /* the prompt goes, the pictures stay in sequence */
    if (first == 'q' || c == EOF) {
        if (child.pid)
            kill(child.pid, SIGKILL);
        exit(0);
    }
}

static void show(const char *title, const char *explanation)
{
    side_look(&parent);
    side_look(&child);
    printf("\n%s%d. %s%s\n   %s\n", on_terminal ? "\033[1m" : "", ++step_number, title,
           on_terminal ? "\033[0m" : "", explanation);
    ruler_print();
    side_print(&parent);
    side_print(&child);
    frames_print();
    fflush(stdout);
    pause_for_reader();
}

/* --- doing ------------------------------------------------------------------------------ */

/* Lets the kernel write one byte into each page, as read() does. */
static void kernel_write(int first, int n)
{
    int fds[2];

    if (pipe(fds) < 0)
        die("pipe");
    for (int i = first; i < first + n; i++) {
        if (write(fds[1], "k", 1) != 1 || read(fds[0], area + i * COWREAD_PAGE, 1) != 1)
            die("read into the area");
    }
    close(fds[0]);
    close(fds[1]);
}

/* From the last to the first: whoever writes page after page is given pages ahead of what he
 * wrote, and a step would show more than it says. */
static void touch(enum work work, int first, int n)
{
    if (work == WORK_KERNEL_WRITE)
        kernel_write(first, n);
    for (int i = first + n - 1; i >= first && work != WORK_KERNEL_WRITE; i--) {
        volatile char *p = area + i * COWREAD_PAGE;

        if (work == WORK_WRITE)
            *p = (char)i;
        else
            (void)*p;
    }
}

static void child_live(void)
{
    struct order order;

    close(orders[1]);
    close(answers[0]);
    while (read(orders[0], &order, sizeof(order)) == sizeof(order) && order.work != WORK_EXIT) {
        touch(order.work, order.first, order.n);
        if (write(answers[1], "", 1) != 1)
            break;
    }
    _exit(0);
}

static void child_start(void)
{
    if (pipe(orders) < 0 || pipe(answers) < 0)
        die("pipe");
    fflush(stdout);
    child.pid = fork();
    if (child.pid < 0)
        die("fork");
    if (child.pid == 0)
        child_live();
    close(orders[0]);
    close(answers[1]);
}

static void child_do(enum work work, int first, int n)
{
    struct order order = {work, first, n};
    char answer;

    if (write(orders[1], &order, sizeof(order)) != sizeof(order) ||
        (work != WORK_EXIT && read(answers[0], &answer, 1) != 1))
        die("the child is gone");
}

static void child_end(void)
{
    child_do(WORK_EXIT, 0, 0);
    if (waitpid(child.pid, NULL, 0) < 0)
        die("wait");
    child.pid = 0;
    memset(child.cells, 0, sizeof(child.cells));
}

static void area_make(void)
{
    char *p =
        mmap(NULL, (CELLS + 2) * COWREAD_PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    area = p + COWREAD_PAGE;
    if (p == MAP_FAILED || mprotect(area, CELLS * COWREAD_PAGE, PROT_READ | PROT_WRITE) < 0)
        die("mmap");
}

static void alone_steps(void)
{
    show("mmap() of 60 pages", "A promise only: no frame, no entry in a page table.");
    touch(WORK_READ, 0, 20);
    show("Pages 0 to 19 are read",
         "All 20 entries name the one zero page; still no memory was taken.");
    touch(WORK_WRITE, 10, 35);
    show("Pages 10 to 44 are written",
         "Each gets a zeroed frame of its own, those that showed the zero page too.");
}

static void together_steps(void)
{
    child_start();
    show("fork()", "Both use the same frames, read-only, and marked. Nothing was copied.");
    child_do(WORK_READ, 10, 35);
    show("The child reads everything", "Reading never copies.");
    child_do(WORK_WRITE, 10, 8);
    show("The child writes pages 10 to 17",
         "8 faults, 8 copies. The parent is left as the sole owner of the old frames.");
    touch(WORK_WRITE, 10, 8);
    show("The parent writes the same 8 pages",
         "It is alone there: the entry is made writable again, nothing is copied.");
    touch(WORK_WRITE, 18, 8);
    show("The parent writes pages 18 to 25",
         "Now the parent is first: it copies, and the child keeps the old frames.");
    child_do(WORK_KERNEL_WRITE, 26, 4);
    show("The child calls read() into pages 26 to 29",
         "The kernel writes to user memory through the same fault: copies, no back door.");
    child_do(WORK_WRITE, 50, 5);
    show("The child writes pages 50 to 54, which nobody had touched",
         "They are the child's alone; the parent's stay empty.");
}

int main(void)
{
    on_terminal = isatty(0) && isatty(1);
    parent.pid = getpid();
    area_make();
    legend_print();
    side_look(&parent); /* from here on the counters count */
    alone_steps();
    together_steps();
    child_end();
    show("The child exits", "Its references are gone; what was shared has one owner again.");
    touch(WORK_WRITE, 10, 35);
    show("The parent writes all its pages", "No copy at all: every frame has one reference.");
    printf("\ncowstat shows the counters of the whole machine, cowstat -p PID those of one "
           "process.\n");
    return 0;
}
