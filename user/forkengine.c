/* SPDX-License-Identifier: MIT */
/*
 * forkengine: how fork treats memory, for one command instead of the whole machine.
 *
 *   forkengine                       print the engine (the caller's, which is inherited)
 *   forkengine NAME [COMMAND ARG...] run a command, or a shell, and all that it forks, with
 *                                    engine NAME: eager, cow or share
 */
#define _GNU_SOURCE
#include <linux/calf.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

static const struct {
    const char *name, *meaning;
    int value;
} engines[] = {
    {"eager", "every page is copied at fork", CALF_FORK_EAGER},
    {"cow", "pages are shared until somebody writes", CALF_FORK_COW},
    {"share", "page tables are shared, too", CALF_FORK_SHARE},
};
enum { N_ENGINES = sizeof(engines) / sizeof(engines[0]) };

static int usage(void)
{
    fprintf(stderr, "usage: forkengine [NAME [COMMAND ARG...]]\n");
    for (int i = 0; i < N_ENGINES; i++)
        fprintf(stderr, "  %-6s %s\n", engines[i].name, engines[i].meaning);
    return 2;
}

static int unknown_here(void)
{
    fprintf(stderr, "forkengine: this kernel has no choice of fork engines; it is not calf\n");
    return 1;
}

static int engine_print(void)
{
    int value = prctl(PR_CALF_GET_FORK_ENGINE, 0, 0, 0, 0);

    for (int i = 0; i < N_ENGINES; i++) {
        if (engines[i].value == value) {
            puts(engines[i].name);
            return 0;
        }
    }
    return unknown_here();
}

/* Returns only when it failed, with the status that shells use. */
static int command_run(char **command)
{
    char *shell[] = {getenv("SHELL"), NULL};

    if (!shell[0] || !*shell[0])
        shell[0] = "/bin/sh";
    if (!command[0])
        command = shell;
    execvp(command[0], command);
    int status = errno == ENOENT ? 127 : 126;
    fprintf(stderr, "forkengine: %s: %s\n", command[0], strerror(errno));
    return status;
}

int main(int argc, char **argv)
{
    if (argc == 1)
        return engine_print();
    for (int i = 0; i < N_ENGINES; i++) {
        if (strcmp(engines[i].name, argv[1]) != 0)
            continue;
        if (prctl(PR_CALF_SET_FORK_ENGINE, engines[i].value, 0, 0, 0) < 0)
            return unknown_here();
        return command_run(argv + 2);
    }
    return usage();
}
