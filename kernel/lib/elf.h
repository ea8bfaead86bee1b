/* SPDX-License-Identifier: MIT */
/*
 * What exec needs to know of an ELF file, read from its first page and checked.
 *
 * The file is hostile until proven otherwise: elf_check() accepts only images whose every
 * number the loader may use without another look, so no arithmetic on a struct elf_image can
 * overflow. Source: System V gABI, chapters 4 and 5; RISC-V psABI.
 */
#pragma once

#include <lib/types.h>

#define ELF_MAX_SEGMENTS 16
#define ELF_PAGE_SIZE    4096UL
#define ELF_USER_MIN     0x10000UL      /* as USER_MIN and USER_END, which */
#define ELF_USER_END     0x3ffffff000UL /* this folder cannot see */

/*
 * A PT_LOAD segment with memsz > 0. Segments are in ascending order and share no page, filesz
 * <= memsz, vaddr and offset are congruent modulo the page size, offset + filesz does not
 * overflow.
 */
struct elf_segment {
    u64 vaddr;  /* relative to the load address for ET_DYN */
    u64 memsz;  /* bytes, not 0 */
    u64 offset; /* in the file, bytes */
    u64 filesz; /* bytes, may be 0 */
    u32 flags;  /* PF_R, PF_W, PF_X */
};

struct elf_image {
    u16 type;       /* ET_EXEC or ET_DYN */
    u16 phnum;      /* AT_PHNUM */
    u64 entry;      /* inside an executable segment */
    u64 phdr_vaddr; /* AT_PHDR, relative to the load address; 0: not in memory */
    u64 low, high;  /* page-aligned span of all segments: low <= vaddr, end <= high */
    u64 interp_offset,
        interp_size;      /* PT_INTERP in the file with its NUL; size 0: none; at most 4096 */
    bool has_stack_flags; /* there is a PT_GNU_STACK */
    bool exec_stack;      /* and it asks for an executable stack */
    unsigned n_segments;  /* at least 1 */
    struct elf_segment segments[ELF_MAX_SEGMENTS]; /* the first n_segments */
};

/* How many bytes of the file's beginning elf_check() wants to see, as far as the first n tell:
 * up to 4096. Any n bytes will do. */
size_t elf_headers_end(const void *start, size_t n);

/*
 * Reads the first n (up to 4096) bytes of a file at header_page. ET_EXEC segments lie within
 * ELF_USER_MIN..ELF_USER_END, ET_DYN ones within 0..ELF_USER_END - ELF_USER_MIN.
 * Returns: 0, or -ENOEXEC for everything that is not a proper RISC-V executable.
 */
int must_check elf_check(const void *header_page, size_t n, struct elf_image *out);
