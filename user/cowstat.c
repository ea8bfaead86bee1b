/* SPDX-License-Identifier: MIT */
/*
 * cowstat: the copy-on-write counters with a word about each.
 *
 *   cowstat          of the whole machine, from /proc/vmstat
 *   cowstat -p PID   of one process, from /proc/PID/cow, and how its pages stand now
 */
#define _GNU_SOURCE
#include "cowread.h"

static const struct {
    const char *name, *meaning;
} explained[] = {
    {"cow_shared", "pages that a fork shared instead of copying"},
    {"cow_reused", "writes by a sole owner: nothing copied"},
    {"cow_copied", "writes to a shared page: one page copied"},
    {"cow_zero_filled", "first writes: a zeroed page was given"},
    {"cow_zero_mapped", "first reads: the one zero page was mapped"},
    {"cow_file_mapped", "pages of files mapped at a fault"},
    {"cow_ahead", "of these, pages seen to before they were touched"},
    {"cow_spurious", "faults that found nothing to do"},
    {"cow_oom", "faults that found no memory"},
    {"tlb_flush_local", "flushes of this hart's own translations"},
    {"tlb_flush_remote", "flushes that other harts were asked for"},
    {"pt_alloc", "page-table pages taken"},
    {"pt_free", "page-table pages given back"},
    {"pt_shared", "page tables that a fork shared whole"},
    {"pt_sealed", "shared tables made read-only for their first user"},
    {"pt_linked", "shared tables made walkable, for reading"},
    {"pt_reclaimed", "shared tables whose last user took them back: nothing copied"},
    {"pt_copied", "shared tables copied for a writer"},
    {"pt_reached", "page tables that lead to its memory now"},
    {"pt_own", "those of them that lead to nobody else's"},
};

static const char *explain(const char *name)
{
    for (size_t i = 0; i < sizeof(explained) / sizeof(explained[0]); i++) {
        if (strcmp(explained[i].name, name) == 0)
            return explained[i].meaning;
    }
    return "";
}

static void states_count(void *arg, uint64_t start, const char *states)
{
    unsigned long *count = arg;

    (void)start;
    for (; *states; states++)
        count[(unsigned char)*states]++;
}

static void pages_print(pid_t pid)
{
    unsigned long count[256] = {0};

    if (!areas_read(pid, states_count, count))
        return;
    printf("\npages now\n");
    for (int i = 0; i < N_PAGE_STATES; i++) {
        const struct page_state *s = &page_states[i];

        printf("  %c               %12lu  %s\n", s->mark, count[(unsigned char)s->mark],
               s->meaning);
    }
    if (count['+'])
        printf("  areas of more than 4096 pages are counted as far as that: %lu\n", count['+']);
}

static bool counter_there(const struct counter *list, int n, const char *name)
{
    for (int i = 0; i < n; i++) {
        if (strcmp(list[i].name, name) == 0)
            return true;
    }
    return false;
}

static int counters_print(const char *path)
{
    struct counter list[COUNTERS_MAX];
    int n = counters_read(path, list);

    if (!counter_there(list, n, explained[0].name)) {
        fprintf(stderr,
                n < 0 ? "cowstat: cannot read %s: no such process, or not calf\n"
                      : "cowstat: %s has no such counters; they are calf's\n",
                path);
        return 1;
    }
    for (int i = 0; i < n; i++)
        printf("%-17s %12llu  %s\n", list[i].name, list[i].value, explain(list[i].name));
    return 0;
}

int main(int argc, char **argv)
{
    char path[40] = "/proc/vmstat";
    pid_t pid = 0;

    if (argc == 3 && strcmp(argv[1], "-p") == 0)
        pid = atoi(argv[2]);
    if (argc != 1 && pid <= 0) {
        fprintf(stderr, "usage: cowstat [-p PID]\n");
        return 2;
    }
    if (pid)
        snprintf(path, sizeof(path), "/proc/%d/cow", (int)pid);
    if (counters_print(path) != 0)
        return 1;
    if (pid)
        pages_print(pid);
    return 0;
}
