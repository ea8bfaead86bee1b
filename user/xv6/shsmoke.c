/* SPDX-License-Identifier: MIT */
/*
 * shsmoke: what a shell does, without a shell: pipelines, redirection, lists of programs and
 * background work, each with the programs of this folder, and its output compared.
 */
#include "kernel/types.h"
#include "kernel/stat.h"
#include "user/user.h"
#include "kernel/fcntl.h"

enum { STAGES_MAX = 4, TEXT_MAX = 256 };

typedef char *command[5];

static int failures;

static int fork_or_stop(void)
{
    int pid = fork();

    if (pid < 0) {
        printf("shsmoke: fork failed\n");
        exit(1);
    }
    return pid;
}

static void descriptor_become(int from, int to)
{
    if (from == to)
        return;
    close(to);
    dup(from); /* takes the lowest one, which is `to` */
    close(from);
}

/* Runs one program with these as its input and output; never comes back in the child. */
static int stage_start(command c, int in, int out, int unused)
{
    int pid = fork_or_stop();

    if (pid > 0)
        return pid;
    if (unused >= 0)
        close(unused);
    descriptor_become(in, 0);
    descriptor_become(out, 1);
    exec(c[0], c);
    fprintf(2, "shsmoke: cannot start %s\n", c[0]);
    exit(127);
}

/* Runs n programs joined by pipes, the last one into `out`. Returns the last one's status. */
static int pipeline_run(command *stages, int n, int out)
{
    int in = dup(0), last = 0, result = -1;

    for (int i = 0; i < n; i++) {
        int fds[2] = {-1, out};

        if (i + 1 < n && pipe(fds) < 0)
            return -1;
        last = stage_start(stages[i], in, fds[1], fds[0]);
        close(in);
        if (i + 1 < n)
            close(fds[1]);
        in = fds[0];
    }
    for (int i = 0; i < n; i++) {
        int status, pid = wait(&status);

        if (pid == last)
            result = status;
    }
    return result;
}

/* Whether the pipeline ends with this status and prints exactly this. */
static void expect(const char *name, command *stages, int n, int status, const char *text)
{
    static char got[TEXT_MAX];
    int fd = open("shsmoke.out", O_CREATE | O_TRUNC | O_RDWR), ended, bytes;

    ended = pipeline_run(stages, n, fd);
    close(fd);
    fd = open("shsmoke.out", O_RDONLY);
    bytes = read(fd, got, sizeof(got) - 1);
    got[bytes < 0 ? 0 : bytes] = 0;
    close(fd);
    unlink("shsmoke.out");
    if (ended == status && strcmp(got, text) == 0) {
        printf("shsmoke %s: ok\n", name);
        return;
    }
    printf("shsmoke %s: FAILED, status %d, printed: %s\n", name, ended, got);
    failures++;
}

static void background_test(void)
{
    int slow = fork_or_stop(), quick;

    if (slow == 0) {
        pause(5);
        exit(3);
    }
    quick = fork_or_stop();
    if (quick == 0)
        exit(4);
    for (int i = 0; i < 2; i++) {
        int status, pid = wait(&status);

        if (pid != (i ? slow : quick) || status != (i ? 3 : 4))
            failures++;
    }
    printf("shsmoke background: %s\n", failures ? "FAILED" : "ok");
}

int main(void)
{
    command echo[] = {{"echo", "hello", "there"}};
    command two[] = {{"echo", "one", "two"}, {"wc"}};
    command four[] = {{"echo", "abc"}, {"cat"}, {"grep", "^a.*c$"}, {"wc"}};
    command nothing[] = {{"echo", "abc"}, {"grep", "x"}};
    command absent[] = {{"cat", "no-such-file"}};

    expect("simple", echo, 1, 0, "hello there\n");
    expect("pipe", two, 2, 0, "1 2 8 \n");
    expect("long-pipe", four, 4, 0, "1 1 4 \n");
    expect("status", nothing, 2, 1, "");
    expect("error", absent, 1, 1, "");
    background_test();
    printf("shsmoke: %s\n", failures ? "FAILED" : "OK");
    exit(failures != 0);
}
