/* SPDX-License-Identifier: MIT */
/*
 * The sole owner of a page copies nothing. After every sharer has gone (by exit, by
 * unmapping, by exec, by breaking), writes take the frame as it is: the counters say so, and
 * so does the number of free frames.
 */
#include "t.h"

enum { PAGES = 64 };

static void expect_reuse(char *m, const char *what)
{
    long copied = t_counter("cow_copied"), reused = t_counter("cow_reused");
    long reclaimed = t_counter("pt_reclaimed");
    for (int i = 0; i < PAGES; i++)
        m[i * PAGE]++;
    long c = t_counter("cow_copied") - copied, r = t_counter("cow_reused") - reused;
    CHECK(c <= 2, "%s: %ld pages copied by their sole owner", what, c);
    /* page by page, or the whole table at once */
    CHECK(r >= PAGES || t_counter("pt_reclaimed") > reclaimed,
          "%s: only %ld of %d pages reused", what, r, PAGES);
}

int main(int argc, char **argv)
{
    (void)argv;
    if (argc > 1) {
        t_msleep(1000);
        return 0;
    }
    if (t_counter("cow_copied") < 0)
        t_skip("no counters here");
    if (t_is_eager())
        t_skip("nothing is ever shared");
    char *m = t_map(PAGES);
    for (int i = 0; i < PAGES; i++)
        t_fill(m + i * PAGE, i);
    for (int i = 0; i < 3; i++) {
        T_CHILD();
        expect_reuse(m, "the child exited");
    }
    int p[2], done[2];
    char c;
    pipe(p);
    pipe(done);
    pid_t pid = t_fork();
    if (pid == 0) {
        for (int i = 0; i < PAGES; i++)
            m[i * PAGE]--;
        write(p[1], "x", 1);
        read(done[0], &c, 1);
        _exit(0);
    }
    read(p[0], &c, 1);
    expect_reuse(m, "the child has copies of its own");
    write(done[1], "x", 1);
    t_wait_ok(pid);
    pid = t_fork();
    if (pid == 0) {
        munmap(m, PAGES * PAGE);
        write(p[1], "x", 1);
        read(done[0], &c, 1);
        _exit(0);
    }
    read(p[0], &c, 1);
    expect_reuse(m, "the child unmapped them");
    write(done[1], "x", 1);
    t_wait_ok(pid);
    fcntl(p[1], F_SETFD, FD_CLOEXEC);
    pid = t_fork();
    if (pid == 0) {
        execl("/proc/self/exe", "sleeper", "x", NULL);
        _exit(1);
    }
    close(p[1]);
    read(p[0], &c, 1); /* end of file: the new program runs */
    expect_reuse(m, "the child has another program");
    kill(pid, SIGKILL);
    t_wait(pid);
    return 0;
}
