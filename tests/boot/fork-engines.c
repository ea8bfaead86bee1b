/* SPDX-License-Identifier: MIT */
/*
 * prctl chooses the engine of one process: each to each, with tables still shared with children
 * of the engines before; inherited by fork, kept by exec; refused values change nothing. Every
 * child keeps the moment of its fork. And the command that does it from a shell.
 */
#include "t.h"

#include <linux/calf.h>
#include <sys/prctl.h>

/* 20 leaf tables, alone in their GiB: the table above them is shared whole */
enum { TABLES = 20, STEP = 16, N = TABLES * 512 / STEP, TOUCHED = TABLES * 256 };
#define BASE ((char *)(40ul << 30))

static const struct {
    const char *name;
    int value;
} engines[] = {{"eager", CALF_FORK_EAGER}, {"cow", CALF_FORK_COW}, {"share", CALF_FORK_SHARE}};

static int get(void)
{
    return prctl(PR_CALF_GET_FORK_ENGINE, 0, 0, 0, 0);
}

static int set(unsigned long value)
{
    return prctl(PR_CALF_SET_FORK_ENGINE, value, 0, 0, 0);
}

static volatile uint64_t *word(int i)
{
    return (uint64_t *)(BASE + (size_t)i * STEP * PAGE);
}

static void values(void)
{
    static const unsigned long bad[] = {0, 4, -1ul, 1ul << 32 | CALF_FORK_COW};
    int before = get();

    for (unsigned i = 0; i < sizeof bad / sizeof *bad; i++)
        CHECK(set(bad[i]) == -1 && errno == EINVAL, "%lx", bad[i]);
    CHECK(get() == before);
    for (int i = 0; i < 3; i++) {
        CHECK(set(engines[i].value) == 0 && get() == engines[i].value, "%s", engines[i].name);
        int st = T_CHILD(_exit(get()));
        CHECK(WEXITSTATUS(st) == engines[i].value, "fork: %d", WEXITSTATUS(st));
        st = T_CHILD(execl("/proc/self/exe", "x", "get", NULL); _exit(99));
        CHECK(WEXITSTATUS(st) == engines[i].value, "exec: %d", WEXITSTATUS(st));
        /* a child's choice is its own */
        st = T_CHILD(set(engines[(i + 1) % 3].value); _exit(0));
        CHECK(get() == engines[i].value);
        /* but for a vfork child: it has the parent's memory */
        pid_t pid = vfork();
        if (pid == 0) {
            set(engines[(i + 1) % 3].value);
            _exit(0);
        }
        t_wait_ok(pid);
        CHECK(get() == engines[(i + 1) % 3].value);
    }
}

static uint64_t written[N]; /* what should be there */

/* Stays until the pipe is closed; then everything must be as it was at the fork. */
static pid_t keeper(int go[2], int mine, int engine)
{
    char c;
    pid_t pid = t_fork();

    if (pid)
        return pid;
    long pages = t_counter("cow_shared");
    if (engine == CALF_FORK_COW)
        CHECK(pages >= TOUCHED, "%ld pages shared", pages);
    else
        CHECK(pages < TOUCHED / 2, "%ld pages shared", pages);
    close(go[1]);
    for (int i = mine; i < N / 4; i += 7) /* the other tables stay the parent's, too */
        *word(i) = ~(uint64_t)i;
    read(go[0], &c, 1);
    for (int i = 0; i < N; i++) {
        uint64_t want = i % 7 == mine && i < N / 4 ? ~(uint64_t)i : written[i];
        CHECK(*word(i) == want, "page %d of child %d: %lx, not %lx", i, mine, *word(i), want);
    }
    _exit(0);
}

static void expect_moved(const char *step, const char *name, long before, int is_more)
{
    long moved = t_counter(name) - before;
    CHECK(is_more ? moved > 0 : moved == 0, "%s: %s moved by %ld", step, name, moved);
}

static void under_way(void)
{
    static const int order[] = {2, 1, 2, 0, 1, 2, 2, 0};
    enum { STEPS = sizeof order / sizeof *order };
    pid_t pids[STEPS];
    int go[2];

    CHECK(mmap(BASE, TABLES * 512 * PAGE, RW, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE,
               -1, 0) == BASE);
    for (size_t i = 0; i < TABLES * 512; i += 2) /* dense tables */
        BASE[i * PAGE] = 0;
    for (int i = 0; i < N; i++)
        *word(i) = written[i] = i;
    pipe(go);
    for (int s = 0; s < STEPS; s++) {
        const char *name = engines[order[s]].name;
        char text[64] = "", line[32];

        CHECK(set(engines[order[s]].value) == 0);
        t_read_file("/proc/self/cow", text, sizeof text);
        snprintf(line, sizeof line, "fork_engine %s\n", name);
        CHECK(!strncmp(text, line, strlen(line)), "%s in %.20s", name, text);
        long shared = t_counter("pt_shared"), copied = t_counter("pt_copied");
        pids[s] = keeper(go, s % 7, engines[order[s]].value);
        expect_moved(name, "pt_shared", shared, order[s] == 2);
        if (order[s] != 2 && s && order[s - 1] == 2)
            expect_moved(name, "pt_copied", copied, 1);
        for (int i = 0; i < N; i++)
            CHECK(*word(i) == written[i], "%s: page %d of the parent", name, i);
        for (int i = s % 2 ? 0 : N / 2; i < (s % 2 ? N / 2 : N); i++)
            *word(i) = written[i] = (uint64_t)(s + 1) << 32 | i;
        t_recount(name);
    }
    close(go[1]);
    for (int s = 0; s < STEPS; s++)
        t_wait_ok(pids[s]);
    munmap(BASE, TABLES * 512 * PAGE);
}

static void says(const char *command, const char *want)
{
    char got[200] = "";
    FILE *pipe = popen(command, "r");

    fread(got, 1, sizeof got - 1, pipe);
    pclose(pipe);
    CHECK(!strcmp(got, want), "%s: %s", command, got);
}

int main(int argc, char **argv)
{
    if (argc > 1)
        return get();
    if (get() < 0) {
        CHECK(errno == EINVAL && set(CALF_FORK_COW) == -1 && errno == EINVAL);
        t_skip("no engines to choose from");
    }
    values();
    under_way();
    says("forkengine cow forkengine", "cow\n");
    says("forkengine eager sh -c 'forkengine; forkengine share forkengine; forkengine'",
         "eager\nshare\neager\n");
    says("SHELL=/bin/forkengine forkengine share", "share\n");
    says("forkengine best 2>/dev/null; echo $?; forkengine cow /nothing 2>/dev/null; echo $?",
         "2\n127\n");
    return 0;
}
