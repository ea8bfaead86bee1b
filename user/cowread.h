/* SPDX-License-Identifier: MIT */
/*
 * Reading what the kernel says about copy-on-write; shared by cowdemo and cowstat.
 *
 * Counters are lines `name value` in /proc/vmstat (the machine) and /proc/PID/cow (one
 * process). The second goes on with a line for each area, `START-END perms STATES`, one
 * character for each page; the characters are those of page_states below.
 *
 * Linux has neither. There the states of pages come from /proc/PID/pagemap and
 * /proc/kpage{count,flags}, which need root, and there are no counters.
 */
#ifndef USER_COWREAD_H
#define USER_COWREAD_H

#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { COWREAD_PAGE = 4096, COUNTERS_MAX = 32, COUNTER_NAME_MAX = 32 };

struct counter {
    char name[COUNTER_NAME_MAX];
    unsigned long long value;
};

struct page_state {
    char mark;
    const char *colour; /* of its cell on a terminal */
    const char *meaning;
};

static const struct page_state page_states[] = {
    {'.', "90", "never touched"},
    {'z', "30;47", "the zero page, for reading"},
    {'s', "30;43", "shared: somebody else uses this frame too"},
    {'p', "30;42", "private: written without a fault"},
    {'c', "30;46", "sole owner: the next write takes it without a copy"},
    {'r', "30;45", "read-only or of a file"},
    {'m', "30;44", "MAP_SHARED"},
};
enum { N_PAGE_STATES = sizeof(page_states) / sizeof(page_states[0]) };

static inline bool counter_is_ours(const char *name)
{
    static const char *const prefixes[] = {"cow_", "tlb_", "pt_"};

    for (size_t i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]); i++) {
        if (strncmp(name, prefixes[i], strlen(prefixes[i])) == 0)
            return true;
    }
    return false;
}

/* Reads the counters of the file. Returns how many, -1 when it cannot be opened. */
static inline int counters_read(const char *path, struct counter *list)
{
    FILE *file = fopen(path, "r");
    char *line = NULL;
    size_t room = 0;
    int n = 0;

    if (!file)
        return -1;
    while (n < COUNTERS_MAX && getline(&line, &room, file) >= 0) {
        struct counter *c = &list[n];

        if (sscanf(line, "%31[a-z_0-9] %llu", c->name, &c->value) == 2 &&
            counter_is_ours(c->name))
            n++;
    }
    free(line);
    fclose(file);
    return n;
}

static inline unsigned long long counter_value(const struct counter *list, int n,
                                               const char *name)
{
    for (int i = 0; i < n; i++) {
        if (strcmp(list[i].name, name) == 0)
            return list[i].value;
    }
    return 0;
}

/* Calls `each` for every area of the process. Returns false when the kernel does not tell. */
static inline bool
areas_read(pid_t pid, void (*each)(void *arg, uint64_t start, const char *states), void *arg)
{
    char path[40];
    char *line = NULL;
    size_t room = 0;
    FILE *file;

    snprintf(path, sizeof(path), "/proc/%d/cow", (int)pid);
    file = fopen(path, "r");
    if (!file)
        return false;
    while (getline(&line, &room, file) >= 0) {
        unsigned long start, end;
        int states_at = 0;

        line[strcspn(line, "\n")] = 0;
        if (sscanf(line, "%lx-%lx %*s %n", &start, &end, &states_at) == 2 && states_at)
            each(arg, start, line + states_at);
    }
    free(line);
    fclose(file);
    return true;
}

#endif
