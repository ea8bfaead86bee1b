/* SPDX-License-Identifier: MIT */
/*
 * The system call table, generated from table.def.
 *
 * A handler takes the raw registers it uses and returns the value for a0: a result or -Exxx.
 * It decodes everything first and then does what cannot fail. Registers beyond the arguments of
 * a call hold whatever the user left there.
 */
#pragma once

#include <lib/types.h>

typedef long (*syscall_fn)(u64 a0, u64 a1, u64 a2, u64 a3, u64 a4, u64 a5);

#define SYSCALL_TABLE_SIZE 512

/* Every slot is callable: absent calls end in sys_absent(), which logs the name once. */
extern const syscall_fn syscall_table[SYSCALL_TABLE_SIZE];
extern const u64 n_syscalls; /* slots */
long sys_absent(u64 a0, u64 a1, u64 a2, u64 a3, u64 a4, u64 a5);

/* What an argument is: for traces, and for the tests that put wild pointers in. */
enum syscall_arg {
    ARG_NONE,
    ARG_INT,  /* decimal */
    ARG_HEX,  /* flags */
    ARG_MODE, /* octal */
    ARG_SIZE,
    ARG_FD,
    ARG_DIRFD, /* or AT_FDCWD */
    ARG_PID,
    ARG_SIG,
    ARG_PATH, /* string read by the kernel */
    ARG_IN,   /* memory read by the kernel */
    ARG_OUT,  /* memory written by the kernel */
    ARG_INOUT,
    ARG_ADDR, /* an address that is not followed */
};

struct syscall_info {
    const char *name; /* NULL: no such number */
    u8 args[6];       /* enum syscall_arg */
};
extern const struct syscall_info syscall_info[SYSCALL_TABLE_SIZE];

/* Prototypes of all handlers. */
#define SYSCALL_COUNT(_0, _1, _2, _3, _4, _5, _6, n, ...) SYSCALL_PARAMS_##n
#define SYSCALL_PARAMS_0                                  void
#define SYSCALL_PARAMS_1                                  u64
#define SYSCALL_PARAMS_2                                  u64, u64
#define SYSCALL_PARAMS_3                                  u64, u64, u64
#define SYSCALL_PARAMS_4                                  u64, u64, u64, u64
#define SYSCALL_PARAMS_5                                  u64, u64, u64, u64, u64
#define SYSCALL_PARAMS_6                                  u64, u64, u64, u64, u64, u64
#define SYSCALL_PROTO(name, ...) \
    long sys_##name(SYSCALL_COUNT(0, ##__VA_ARGS__, 6, 5, 4, 3, 2, 1, 0));
#define FULL(nr, name, ...)          SYSCALL_PROTO(name, ##__VA_ARGS__)
#define PARTIAL(nr, name, gaps, ...) SYSCALL_PROTO(name, ##__VA_ARGS__)
#define ABSENT(nr, name)
#include <linux/table.def>
#undef FULL
#undef PARTIAL
#undef ABSENT
