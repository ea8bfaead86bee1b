/* SPDX-License-Identifier: MIT */
/*
 * Fork of a process with holes: areas never touched, half touched, only read, across 2 MiB
 * and 1 GiB boundaries, at both ends of tables. The child finds exactly what the parent had,
 * zero elsewhere.
 */
#include "t.h"

enum { BIG = 3 * 512 + 20 };

int main(void)
{
    t_catch_faults();
    char *none = t_map(BIG), *some = t_map(BIG), *read_only = t_map(BIG);
    (void)none;
    for (int i = 0; i < BIG; i += 97)
        t_fill(some + i * PAGE, i);
    t_fill(some + 511 * PAGE, 511);
    t_fill(some + 512 * PAGE, 512);
    for (int i = 0; i < BIG; i += 89)
        (void)*(volatile char *)(read_only + i * PAGE);
    char *edge = mmap((void *)(0x800000000ul - 2 * PAGE), 4 * PAGE, RW,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
    CHECK(edge != MAP_FAILED, "across a 1 GiB boundary");
    t_fill(edge + PAGE, 1);
    t_fill(edge + 2 * PAGE, 2);
    char *two = mmap((void *)(0x900000000ul - PAGE), 2 * PAGE, RW,
                     MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
    for (int round = 0; round < 3; round++) {
        pid_t pid = t_fork();
        if (pid == 0) {
            for (int i = 0; i < BIG; i++) {
                int filled = i % 97 == 0 || i == 511 || i == 512;
                CHECK(filled ? t_compare(some + i * PAGE, i) < 0 : some[i * PAGE] == 0,
                      "page %d", i);
                CHECK(read_only[i * PAGE] == 0);
            }
            CHECK(t_compare(edge + PAGE, 1) < 0 && t_compare(edge + 2 * PAGE, 2) < 0);
            CHECK(edge[0] == 0 && edge[3 * PAGE] == 0 && two[0] == 0 && two[PAGE] == 0);
            CHECK(t_touch(edge - 1, 'r') == SIGSEGV &&
                  t_touch(edge + 4 * PAGE, 'r') == SIGSEGV);
            none[5 * PAGE] = some[5 * PAGE] = read_only[5 * PAGE] = edge[0] = two[PAGE] = 1;
            _exit(0);
        }
        t_wait_ok(pid);
        CHECK(none[5 * PAGE] == 0 && some[5 * PAGE] == 0 && read_only[5 * PAGE] == 0);
        CHECK(edge[0] == 0 && two[PAGE] == 0);
        CHECK(t_compare(edge + PAGE, 1) < 0);
    }
    return 0;
}
