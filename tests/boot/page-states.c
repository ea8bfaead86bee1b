/* SPDX-License-Identifier: MIT */
/*
 * The states of pages as /proc/PID/cow draws them, through a life: untouched, zero page,
 * private, shared by fork, broken by one side, left to a sole owner, read-only, MAP_SHARED;
 * the other process's drawing agrees.
 */
#include "t.h"

enum { N = 8 };

static void expect(const char *when, pid_t pid, const char *m, const char *want)
{
    char got[N + 1];
    CHECK(t_states(pid, m, N, got), "no /proc/%d/cow", pid);
    CHECK(!strcmp(got, want), "%s: %s, not %s", when, got, want);
}

int main(void)
{
    char dummy[2];
    char *m = t_map(N);
    if (!t_states(getpid(), m, 1, dummy))
        t_skip("no page states here");
    if (t_is_eager())
        t_skip("nothing is ever shared");
    pid_t me = getpid();
    expect("fresh", me, m, "........");
    (void)*(volatile char *)m;
    (void)*(volatile char *)(m + PAGE);
    expect("two read", me, m, "zz......");
    for (int i = 5; i > 0; i--) /* upwards it would be a run, and page 6 come along */
        m[i * PAGE] = 1;
    expect("written", me, m, "zppppp..");
    int go[2], told[2];
    char c;
    pipe(go);
    pipe(told);
    pid_t pid = t_fork();
    if (pid == 0) {
        m[PAGE] = 2;
        m[7 * PAGE] = 2;
        munmap(m + 5 * PAGE, PAGE);
        write(told[1], "x", 1);
        read(go[0], &c, 1);
        _exit(0);
    }
    read(told[0], &c, 1);
    expect("child", pid, m, "zpsss?.p");
    expect("parent", me, m, "zcsssc..");
    m[PAGE] = 3;
    m[2 * PAGE] = 3;
    expect("parent after writing", me, m, "zppssc..");
    expect("child after it", pid, m, "zpcss?.p");
    write(go[1], "x", 1);
    t_wait_ok(pid);
    t_msleep(20);
    expect("alone again", me, m, "zppccc..");
    m[5 * PAGE] = 3;
    expect("taken over", me, m, "zppccp..");
    m[3 * PAGE] = 3;
    expect("taken over with the next one", me, m, "zppppp..");
    CHECK(mprotect(m, 4 * PAGE, PROT_READ) == 0);
    expect("read-only", me, m, "zrrrpp..");
    CHECK(mprotect(m, 4 * PAGE, RW) == 0);
    m[PAGE] = 4;
    char *s = t_map_shared(N);
    s[0] = 1;
    expect("MAP_SHARED", me, s, "m.......");
    return 0;
}
