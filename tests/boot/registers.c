/* SPDX-License-Identifier: MIT */
/*
 * Integer registers: a fresh child starts with its parent's, system calls change a0 alone,
 * faults and preemption change none, and a new program starts with clean ones.
 */
#include "t.h"

/* Sets s1..s11 and t3..t6, runs clone or getppid or a fault, and tells which differ. */
static long disturbed(long call, long arg, volatile char *touch, long *result)
{
    long bad = 0, r;
    __asm__ volatile(
        "li s2, 102\nli s3, 103\nli s4, 104\nli s5, 105\nli s6, 106\nli s7, 107\nli s8, 108\n"
        "li s9, 109\nli s10, 110\nli s11, 111\nli t3, 203\nli t4, 204\nli t5, 205\nli t6, 206\n"
        "mv a0, %3\nli a1, 0\nli a2, 0\nli a3, 0\nli a4, 0\nli a5, 305\nli a6, 306\nmv a7, %2\n"
        "beqz %2, 1f\necall\nj 2f\n1: sb zero, 0(%4)\n2:\n"
        "mv %1, a0\nli %0, 0\n"
#define IS(reg, val) "li a0, " #val "\nbeq " #reg ", a0, 3f\naddi %0, %0, 1\n3:\n"
        IS(s2, 102) IS(s3, 103) IS(s4, 104) IS(s5, 105) IS(s6, 106) IS(s7, 107) IS(s8, 108)
            IS(s9, 109) IS(s10, 110) IS(s11, 111) IS(t3, 203) IS(t4, 204) IS(t5, 205)
                IS(t6, 206) IS(a5, 305) IS(a6, 306)
        : "=&r"(bad), "=&r"(r)
        : "r"(call), "r"(arg), "r"(touch)
        : "memory", "a0", "a1", "a2", "a3", "a4", "a5", "a6", "a7", "s2", "s3", "s4", "s5",
          "s6", "s7", "s8", "s9", "s10", "s11", "t3", "t4", "t5", "t6");
    *result = r;
    return bad;
}

int main(void)
{
    long r, bad;
    char *m = t_map(40);
    for (int i = 0; i < 30; i++) {
        bad = disturbed(SYS_getppid, 0, m, &r);
        CHECK(bad == 0 && r == getppid(), "%ld registers changed by a system call", bad);
        bad = disturbed(SYS_sched_yield, 0, m, &r);
        CHECK(bad == 0 && r == 0, "%ld registers changed by a switch", bad);
        bad = disturbed(0, 0, m + i * PAGE, &r);
        CHECK(bad == 0, "%ld registers changed by a fault", bad);
        bad = disturbed(5000, 0, m, &r);
        CHECK(bad == 0 && r == -ENOSYS, "%ld registers changed by an unknown call", bad);
        bad = disturbed(SYS_clone, SIGCHLD, m, &r);
        if (r == 0) {
            bad += disturbed(0, 0, m + i * PAGE, &r);
            _exit(bad);
        }
        CHECK(bad == 0 && r > 0, "%ld registers of the parent changed by fork", bad);
        int st = t_wait(r);
        CHECK(st == 0, "%d registers of the child differ", WEXITSTATUS(st));
    }
    return 0;
}
