/* SPDX-License-Identifier: MIT */
/* The dispatch table and the names, from table.def. */
#include <linux/syscall.h>

#include <asm/unistd.h>
#include <debug/log.h>
#include <linux/errno.h>
#include <sched/thread.h>

const u64 n_syscalls = SYSCALL_TABLE_SIZE;

/* C libraries try these in every program and do well without: no line on the console. */
static int absent_log_level(u64 nr)
{
    return nr == __NR_rseq || nr == __NR_clone3 ? 7 : 6;
}

/* Says once per call, with its name, that somebody asked for it. */
long sys_absent(u64 a0, u64 a1, u64 a2, u64 a3, u64 a4, u64 a5)
{
    static u64 seen[SYSCALL_TABLE_SIZE / 64];
    u64 nr = thread_trapframe(current)->a7;

    if (nr >= SYSCALL_TABLE_SIZE)
        return -ENOSYS;
    u64 bit = 1UL << (nr % 64);
    if (!(__atomic_fetch_or(&seen[nr / 64], bit, __ATOMIC_RELAXED) & bit)) {
        const char *name = syscall_info[nr].name;
        log_print(absent_log_level(nr),
                  "system call %lu (%s) is not there; first asked for by %s", nr,
                  name ? name : "unknown", current->name);
    }
    return -ENOSYS;
}

/* The first line of each table fills the gaps between the numbers. */
#pragma GCC diagnostic ignored "-Woverride-init"

#define FULL(nr, name, ...)          [nr] = (syscall_fn)(void *)sys_##name,
#define PARTIAL(nr, name, gaps, ...) FULL(nr, name)
#define ABSENT(nr, name)

const syscall_fn syscall_table[SYSCALL_TABLE_SIZE] = {
    [0 ... SYSCALL_TABLE_SIZE - 1] = sys_absent,
#include <linux/table.def>
};

#undef FULL
#undef PARTIAL
#undef ABSENT

#define ARGS_SELECT(_0, _1, _2, _3, _4, _5, _6, n, ...) ARGS_##n
#define ARGS_0()
#define ARGS_1(a)                    ARG_##a
#define ARGS_2(a, b)                 ARG_##a, ARG_##b
#define ARGS_3(a, b, c)              ARG_##a, ARG_##b, ARG_##c
#define ARGS_4(a, b, c, d)           ARG_##a, ARG_##b, ARG_##c, ARG_##d
#define ARGS_5(a, b, c, d, e)        ARG_##a, ARG_##b, ARG_##c, ARG_##d, ARG_##e
#define ARGS_6(a, b, c, d, e, f)     ARG_##a, ARG_##b, ARG_##c, ARG_##d, ARG_##e, ARG_##f
#define ARGS(...)                    ARGS_SELECT(0, ##__VA_ARGS__, 6, 5, 4, 3, 2, 1, 0)(__VA_ARGS__)

#define FULL(nr, name, ...)          [nr] = {#name, {ARGS(__VA_ARGS__)}},
#define PARTIAL(nr, name, gaps, ...) [nr] = {#name, {ARGS(__VA_ARGS__)}},
#define ABSENT(nr, name)             [nr] = {#name, {0}},

const struct syscall_info syscall_info[SYSCALL_TABLE_SIZE] = {
#include <linux/table.def>
};

#undef FULL
#undef PARTIAL
#undef ABSENT
