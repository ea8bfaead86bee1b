/* SPDX-License-Identifier: MIT */
/*
 * Whole pages are copied, to the last 8 bytes: every word of every page is compared after
 * each of the ways to break sharing: a store, read(), at the first, a middle and the last
 * word, and through nested forks.
 */
#include "t.h"

enum { PAGES = 12 };

static void check(const char *m, int page, uint64_t tag, int changed, uint64_t value,
                  const char *who)
{
    const uint64_t *w = (const void *)(m + page * PAGE);
    for (int i = 0; i < 512; i++) {
        uint64_t want = i == changed ? value : tag * 0x9e3779b97f4a7c15ull + i;
        CHECK(w[i] == want, "%s: page %d word %d is %#lx, not %#lx", who, page, i,
              (unsigned long)w[i], (unsigned long)want);
    }
}

int main(void)
{
    static const int words[3] = {0, 255, 511};
    char *m = t_map(PAGES);
    int p[2];
    pipe(p);
    for (int i = 0; i < PAGES; i++)
        t_fill(m + i * PAGE, i);
    pid_t pid = t_fork();
    if (pid == 0) {
        for (int i = 0; i < PAGES; i++) {
            int word = words[i % 3];
            uint64_t value = 0xabcdef00 + i;
            uint64_t *at = (uint64_t *)(m + i * PAGE) + word;
            if (i % 2) {
                write(p[1], &value, 8);
                CHECK(read(p[0], at, 8) == 8);
            } else
                *at = value;
            check(m, i, i, word, value, "child");
        }
        pid_t q = t_fork();
        if (q == 0) {
            for (int i = 0; i < PAGES; i++) {
                uint64_t value = 0xabcdef00 + i, *w = (void *)(m + i * PAGE);
                w[words[i % 3]] = value + 1;
                check(m, i, i, words[i % 3], value + 1, "grandchild");
            }
            _exit(0);
        }
        t_wait_ok(q);
        for (int i = 0; i < PAGES; i++)
            check(m, i, i, words[i % 3], 0xabcdef00 + i, "child after its child");
        _exit(0);
    }
    for (int i = 0; i < PAGES; i++) {
        ((uint64_t *)(m + i * PAGE))[words[(i + 1) % 3]] = 7;
        check(m, i, i, words[(i + 1) % 3], 7, "parent");
    }
    t_wait_ok(pid);
    for (int i = 0; i < PAGES; i++)
        check(m, i, i, words[(i + 1) % 3], 7, "parent at the end");
    return 0;
}
