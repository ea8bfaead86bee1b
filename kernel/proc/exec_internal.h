/* SPDX-License-Identifier: MIT */
/* What the files of exec share: exec.c (the story), exec_args.c (strings and stack),
 * exec_load.c (mappings). */
#pragma once

#include <arch/riscv/page.h>
#include <lib/elf.h>
#include <lib/types.h>

struct aspace;
struct cred;
struct file;
struct sighand;

#define EXEC_HEADER_SIZE  ELF_PAGE_SIZE
#define EXEC_HEADER_FIRST 1024
#define SCRIPT_DEPTH      5   /* a chain of more interpreters is -ELOOP */
#define SCRIPT_LINE_MAX   255 /* bytes of the first line that are looked at */

/* A row of strings on its way from the old address space to the new one: bytes with
 * terminators, in pages, in the order of the new stack. */
struct arg_page {
    struct arg_page *next;
    u32 used;
    char data[PAGE_SIZE - 16];
};
struct arg_strings {
    struct arg_page *first, *last;
    u64 bytes;
    u64 bytes_max;
    u32 n_args, n_envs;
};

/* Where argument strings come from: the user's arrays, or the kernel's for process 1. */
struct arg_source {
    vaddr_t argv, envp;
    const char *const *kernel_argv, *const *kernel_envp; /* not NULL: these instead */
};

struct exec {
    /* the request */
    int dirfd, at_flags;
    const char *path; /* as given; what AT_EXECFN and the name show */
    struct arg_source source;

    /* found */
    struct file *file;        /* program, or the interpreter of a script. Reference */
    struct file *interp_file; /* PT_INTERP. Reference, or NULL */
    char fd_path[256];        /* "/dev/fd/N" or "/dev/fd/N/PATH", if found by a descriptor */
    /* for scripts: strings before the user's own arguments, in the end's order from `prefix`
     * on; they replace argv[0] */
    u32 n_prefix;
    char *prefix_end; /* prefix strings lie below it, growing down */
    char *prefix;
    char prefix_buf[(SCRIPT_DEPTH + 1) * (SCRIPT_LINE_MAX + 3)];

    struct arg_strings strings;

    /* built */
    struct aspace *aspace; /* reference */
    u64 bias, interp_bias; /* load address minus the file's */
    u64 entry;             /* where execution begins */
    vaddr_t vdso;
    vaddr_t stack_top, sp;
    struct cred *cred;       /* new credentials, or NULL: unchanged. Reference */
    struct sighand *sighand; /* a private one, or NULL: the process's is private. Reference */
    struct fdtable *files;   /* the same */
    bool is_secure;          /* AT_SECURE */

    struct elf_image elf, interp;
    char header[EXEC_HEADER_SIZE];
};

/* exec_args.c */
int must_check exec_copy_strings(struct exec *x);
void arg_strings_free(struct arg_strings *s);
/* Writes strings, vectors and auxv to the new stack. The new address space is loaded. */
int must_check exec_build_stack(struct exec *x);

/* exec_load.c: maps program, interpreter, stack and vDSO into x->aspace, which is loaded. */
int must_check exec_load(struct exec *x);

/* exec.c: reads up to EXEC_HEADER_SIZE bytes of the beginning. Bytes or -Exxx. */
s64 exec_read_header(struct exec *x, struct file *file);
