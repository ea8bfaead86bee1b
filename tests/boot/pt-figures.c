/* SPDX-License-Identifier: MIT */
/*
 * Page tables are counted: VmPTE has those that lead to a process's memory, shared ones
 * included; PageTables of meminfo each of the machine's once, exactly as many as the recount
 * finds; pt_own those that nobody else has. And each event of sharing is counted by who caused
 * it, and in the total.
 */
#include "t.h"

#include <linux/calf.h>
#include <sys/prctl.h>

/* TABLES leaf tables and the one above them, alone in their GiB */
enum { TABLES = 20, CHILDREN = 5, KB = PAGE / 1024 };
#define BASE ((char *)(40ul << 30))

static long tables(void)
{
    return t_counter_in("/proc/meminfo", "PageTables") / KB;
}

static long vm_pte(pid_t pid)
{
    char path[40];
    sprintf(path, "/proc/%d/status", pid);
    return t_counter_in(path, "VmPTE") / KB;
}

static long in_cow(pid_t pid, const char *name)
{
    char path[40];
    sprintf(path, "/proc/%d/cow", pid);
    return t_counter_in(path, name);
}

/* Not while a relative is still on its way out or into a sleep. */
static void check_machine(const char *when)
{
    static char text[1024];
    long found = 0, told = -1;

    for (int i = 0; i < 20 && found != told; i++) {
        t_msleep(5);
        t_read_file("/proc/calf/recount", text, sizeof text);
        CHECK(sscanf(text, "ok: %*d frames, %ld tables", &found) == 1, "%.200s", text);
        told = tables();
    }
    CHECK(found == told, "%s: %ld tables, PageTables says %ld", when, found, told);
    CHECK(t_counter_in("/proc/vmstat", "nr_page_table_pages") == told, "%s", when);
}

static void fill(void)
{
    CHECK(mmap(BASE, TABLES * 512 * PAGE, RW, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE,
               -1, 0) == BASE);
    for (size_t i = 0; i < TABLES * 512; i += 2)
        BASE[i * PAGE] = 1;
}

static int go[2], told[2];

/* Says when it is there, or has done it; then stays. */
static pid_t child(void (*work)(void))
{
    char c;
    pid_t pid = t_fork();

    if (pid == 0) {
        close(go[1]);
        if (work)
            work();
        write(told[1], "x", 1);
        read(go[0], &c, 1);
        _exit(0);
    }
    read(told[0], &c, 1);
    return pid;
}

static void with_engine(int engine, long low, long high)
{
    pid_t pids[CHILDREN], me = getpid();
    long before = tables(), reached = vm_pte(me);

    CHECK(prctl(PR_CALF_SET_FORK_ENGINE, engine, 0, 0, 0) == 0);
    CHECK(in_cow(me, "pt_reached") == reached && in_cow(me, "pt_own") == reached, "%ld, %ld",
          reached, in_cow(me, "pt_own"));
    pipe(go);
    for (int i = 0; i < CHILDREN; i++) {
        pids[i] = child(NULL);
        CHECK(vm_pte(pids[i]) >= TABLES + 2, "%ld", vm_pte(pids[i]));
        long own = in_cow(pids[i], "pt_own");
        CHECK(own >= low && own <= high, "child has %ld tables of its own", own);
    }
    long grown = tables() - before;
    CHECK(grown >= low * CHILDREN && grown <= high * CHILDREN, "%d children, %ld tables",
          CHILDREN, grown);
    check_machine("with children");
    CHECK(vm_pte(me) == reached, "%ld, %ld before", vm_pte(me), reached);
    close(go[1]);
    for (int i = 0; i < CHILDREN; i++)
        t_wait_ok(pids[i]);
    close(go[0]);
    check_machine("without");
    CHECK(tables() == before, "%ld tables, %ld before", tables(), before);
    CHECK(in_cow(me, "pt_own") == reached, "%ld of %ld", in_cow(me, "pt_own"), reached);
}

static void read_some(void)
{
    for (int i = 0; i < 3; i++)
        (void)*(volatile char *)(BASE + i * 512 * PAGE);
}

static void write_some(void)
{
    for (int i = 0; i < 3; i++)
        BASE[(10 + i) * 512 * PAGE] = 2;
}

struct events {
    long shared, sealed, linked, reclaimed, copied;
};

static struct events events_in(const char *path)
{
    return (struct events){t_counter_in(path, "pt_shared"), t_counter_in(path, "pt_sealed"),
                           t_counter_in(path, "pt_linked"), t_counter_in(path, "pt_reclaimed"),
                           t_counter_in(path, "pt_copied")};
}

static struct events events_of(pid_t pid)
{
    char path[40];
    sprintf(path, "/proc/%d/cow", pid);
    return events_in(path);
}

/* The child's figures begin at zero; the little memory beside the area may add a few. */
static void who_did_what(void)
{
    struct events total = events_in("/proc/vmstat"), mine = events_of(getpid());

    CHECK(prctl(PR_CALF_SET_FORK_ENGINE, CALF_FORK_SHARE, 0, 0, 0) == 0);
    pipe(go);
    pid_t reader = child(read_some);
    struct events e = events_of(reader);
    CHECK(e.linked >= 3 && e.linked <= 8, "reader: linked %ld", e.linked);
    CHECK(e.sealed >= 3 && e.sealed <= 8, "reader: sealed %ld", e.sealed);
    CHECK(e.copied <= 4 && e.shared == 0, "reader: copied %ld", e.copied);
    pid_t writer = child(write_some);
    e = events_of(writer);
    /* the table of tables, and three leaf tables */
    CHECK(e.copied >= 4 && e.copied <= 8, "writer: copied %ld", e.copied);
    CHECK(e.shared == 0, "writer: shared %ld", e.shared);
    e = events_of(getpid());
    CHECK(e.shared - mine.shared >= 2, "shared %ld", e.shared - mine.shared);
    close(go[1]);
    t_wait_ok(reader);
    t_wait_ok(writer);
    close(go[0]);
    t_msleep(20);
    for (size_t i = 0; i < TABLES; i++)
        BASE[i * 512 * PAGE] = 3;
    struct events now = events_of(getpid()), sum = events_in("/proc/vmstat");
    CHECK(now.reclaimed - e.reclaimed >= TABLES, "reclaimed %ld", now.reclaimed - e.reclaimed);
    CHECK(now.copied == e.copied, "copied %ld", now.copied - e.copied);
    CHECK(sum.shared - total.shared >= now.shared - mine.shared);
    CHECK(sum.reclaimed - total.reclaimed >= now.reclaimed - mine.reclaimed);
    CHECK(sum.sealed - total.sealed >= 3 && sum.linked - total.linked >= 3 &&
          sum.copied - total.copied >= 4);
}

int main(void)
{
    if (prctl(PR_CALF_GET_FORK_ENGINE, 0, 0, 0, 0) < 0)
        t_skip("no tables are shared here");
    pipe(told);
    check_machine("at first");
    long machine = tables(), mine = vm_pte(getpid());
    fill();
    CHECK(vm_pte(getpid()) == mine + TABLES + 1, "%ld, before %ld", vm_pte(getpid()), mine);
    CHECK(tables() == machine + TABLES + 1, "%ld, before %ld", tables(), machine);
    with_engine(CALF_FORK_SHARE, 1, 8);
    with_engine(CALF_FORK_COW, TABLES + 2, TABLES + 12);
    with_engine(CALF_FORK_EAGER, TABLES + 2, TABLES + 12);
    who_did_what();
    munmap(BASE, TABLES * 512 * PAGE);
    check_machine("at last");
    CHECK(vm_pte(getpid()) == mine, "%ld, before %ld", vm_pte(getpid()), mine);
    return 0;
}
