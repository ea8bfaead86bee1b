/* SPDX-License-Identifier: MIT */
/*
 * The memory layout of a program, made before main() runs (see kernel/memlayout.h).
 *
 * Linux starts a program with a large stack at the top of the address space, which grows by
 * itself. Programs for xv6 expect one page of stack with nothing below it, the heap right
 * above it, and nothing at all in the last pages below MAXVA: their tests touch those places.
 * So the arguments are copied behind the program's data, a stack is mapped behind them, and
 * the one from the kernel goes away.
 */
#include <linux/auxvec.h>
#include <linux/mman.h>
#include <linux/signal.h>

#include "sys.h"
#include "kernel/param.h"
#include "kernel/riscv.h"
#include "user/user.h"

enum { OLD_STACK_REACH = 1 << 20 }; /* how far below sp Linux may have mapped it */

/* start.S knows the order of these fields. */
struct layout {
    uint64 stack_top;
    uint64 old_stack;
    uint64 old_stack_bytes;
    long argc;
    char **argv;
};

extern char _end[];

char **environ;

static struct layout layout;

static uint64 page_up(uint64 a)
{
    return (a + PGSIZE - 1) & ~(uint64)(PGSIZE - 1);
}

static uint64 strings_bytes(char **strings)
{
    uint64 n = 0;

    for (; *strings; strings++)
        n += strlen(*strings) + 1 + sizeof(*strings);
    return n + sizeof(*strings);
}

/* Copies a list of strings; the pointers go to *words, the characters to *chars. */
static char **strings_copy(char **from, char ***words, char **chars)
{
    char **list = *words;

    for (; *from; from++) {
        strcpy(*chars, *from);
        *(*words)++ = *chars;
        *chars += strlen(*chars) + 1;
    }
    *(*words)++ = 0;
    return list;
}

static long map_fixed(uint64 at, uint64 bytes)
{
    return sys6(__NR_mmap, (long)at, (long)bytes, PROT_READ | PROT_WRITE,
                MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
}

/* The kernel puts the name of the program last on its stack. */
static uint64 old_stack_end(char **after_environment)
{
    uint64 *aux = (uint64 *)after_environment;

    for (; aux[0] != AT_NULL; aux += 2) {
        if (aux[0] == AT_EXECFN)
            return page_up(aux[1] + strlen((char *)aux[1]) + 1 + sizeof(long));
    }
    return page_up((uint64)aux);
}

/* A write into a pipe that nobody reads gives -1 on xv6, no signal. */
static void sigpipe_ignore(void)
{
    struct {
        uint64 handler, flags, mask;
    } action = {(uint64)SIG_IGN, 0, 0};

    sys6(__NR_rt_sigaction, SIGPIPE, (long)&action, 0, sizeof(uint64), 0, 0);
}

struct layout *layout_prepare(long *sp)
{
    long argc = sp[0];
    char **argv = (char **)(sp + 1), **envp = argv + argc + 1, **after = envp;
    uint64 args = page_up((uint64)_end);
    uint64 args_bytes = page_up(strings_bytes(argv) + strings_bytes(envp));
    uint64 stack = args + args_bytes + PGSIZE; /* a guard page below it stays unmapped */
    char **words = (char **)args, *chars;

    while (*after)
        after++;
    chars = (char *)(words + argc + 1 + (after - envp) + 1);
    if (map_fixed(args, args_bytes) < 0 || map_fixed(stack, USERSTACK * PGSIZE) < 0)
        exit(-1);
    layout.argc = argc;
    layout.argv = strings_copy(argv, &words, &chars);
    environ = strings_copy(envp, &words, &chars);
    layout.stack_top = stack + USERSTACK * PGSIZE;
    layout.old_stack = ((uint64)sp & ~(uint64)(PGSIZE - 1)) - OLD_STACK_REACH;
    layout.old_stack_bytes = old_stack_end(after + 1) - layout.old_stack;
    heap_begin(layout.stack_top);
    sigpipe_ignore();
    return &layout;
}
