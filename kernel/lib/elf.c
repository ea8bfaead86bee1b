/* SPDX-License-Identifier: MIT */
/*
 * Checks an ELF header page.
 *
 * Each header is copied out before it is looked at, so alignment does not matter, and every sum
 * of two numbers from the file is made only after both are known to be small.
 */
#include <lib/elf.h>
#include <lib/string.h>

#include <linux/elf.h>
#include <linux/errno.h>

#define IMAGE_MAX (ELF_USER_END - ELF_USER_MIN) /* bytes an image can span at most */
#define FILE_MAX  ((u64)1 << 62)                /* no file reaches an offset like this */

/* The UAPI headers name the machine in another file. */
#ifndef EM_RISCV
#define EM_RISCV 243
#endif

static bool is_header_sound(const Elf64_Ehdr *eh, size_t n)
{
    if (memcmp(eh->e_ident, ELFMAG, SELFMAG) != 0)
        return false;
    if (eh->e_ident[EI_CLASS] != ELFCLASS64 || eh->e_ident[EI_DATA] != ELFDATA2LSB)
        return false;
    if (eh->e_ident[EI_VERSION] != EV_CURRENT || eh->e_machine != EM_RISCV)
        return false;
    if (eh->e_type != ET_EXEC && eh->e_type != ET_DYN)
        return false;
    if (eh->e_phentsize != sizeof(Elf64_Phdr) || eh->e_phnum == 0)
        return false;
    /* the program headers stand in the page as well */
    return eh->e_phoff <= n && eh->e_phnum <= (n - eh->e_phoff) / sizeof(Elf64_Phdr);
}

static bool is_load_sound(const Elf64_Phdr *ph, u16 type)
{
    u64 lowest = type == ET_EXEC ? ELF_USER_MIN : 0;
    u64 end = lowest + IMAGE_MAX;
    if (ph->p_filesz > ph->p_memsz || ph->p_memsz > IMAGE_MAX)
        return false;
    if (ph->p_vaddr < lowest || ph->p_vaddr > end - ph->p_memsz)
        return false;
    if (ph->p_offset > FILE_MAX || (ph->p_vaddr - ph->p_offset) % ELF_PAGE_SIZE != 0)
        return false;
    return true;
}

static int segment_add(struct elf_image *out, const Elf64_Phdr *ph)
{
    if (ph->p_memsz == 0)
        return ph->p_filesz == 0 ? 0 : -ENOEXEC;
    if (!is_load_sound(ph, out->type) || out->n_segments == ELF_MAX_SEGMENTS)
        return -ENOEXEC;
    u64 low = align_down(ph->p_vaddr, ELF_PAGE_SIZE);
    u64 high = align_up(ph->p_vaddr + ph->p_memsz, ELF_PAGE_SIZE);
    if (out->n_segments == 0)
        out->low = low;
    else if (low < out->high)
        return -ENOEXEC;
    out->high = high;
    out->segments[out->n_segments++] = (struct elf_segment){
        .vaddr = ph->p_vaddr,
        .memsz = ph->p_memsz,
        .offset = ph->p_offset,
        .filesz = ph->p_filesz,
        .flags = ph->p_flags & (PF_R | PF_W | PF_X),
    };
    return 0;
}

static int interp_set(struct elf_image *out, const Elf64_Phdr *ph)
{
    /* two bytes: one letter and the NUL */
    if (out->interp_size || ph->p_filesz < 2 || ph->p_filesz > ELF_PAGE_SIZE ||
        ph->p_offset > FILE_MAX)
        return -ENOEXEC;
    out->interp_offset = ph->p_offset;
    out->interp_size = ph->p_filesz;
    return 0;
}

static int phdr_take(struct elf_image *out, const Elf64_Phdr *ph)
{
    switch (ph->p_type) {
    case PT_LOAD:
        return segment_add(out, ph);
    case PT_INTERP:
        return interp_set(out, ph);
    case PT_GNU_STACK:
        out->has_stack_flags = true;
        out->exec_stack = ph->p_flags & PF_X;
        return 0;
    default: /* the program's own affair: TLS, RELRO, notes, dynamic section */
        return 0;
    }
}

/* True if the image's entry point can at least be fetched from. */
static bool is_entry_sound(const struct elf_image *out)
{
    for (unsigned i = 0; i < out->n_segments; i++) {
        const struct elf_segment *seg = &out->segments[i];
        if (out->entry >= seg->vaddr && out->entry - seg->vaddr < seg->memsz)
            return (seg->flags & PF_X) && out->entry % 2 == 0;
    }
    return false;
}

/* Where the program headers are in memory, if a segment brings them there whole. */
static u64 find_phdrs(const struct elf_image *out, u64 offset, u64 size)
{
    for (unsigned i = 0; i < out->n_segments; i++) {
        const struct elf_segment *seg = &out->segments[i];
        if (offset >= seg->offset && offset - seg->offset + size <= seg->filesz)
            return seg->vaddr + (offset - seg->offset);
    }
    return 0;
}

size_t elf_headers_end(const void *start, size_t n)
{
    Elf64_Ehdr eh;
    if (n < sizeof(eh))
        return n;
    memcpy(&eh, start, sizeof(eh));
    u64 size = eh.e_phnum * sizeof(Elf64_Phdr);
    return eh.e_phoff <= ELF_PAGE_SIZE ? min(eh.e_phoff + size, ELF_PAGE_SIZE) : ELF_PAGE_SIZE;
}

int elf_check(const void *header_page, size_t n, struct elf_image *out)
{
    Elf64_Ehdr eh;
    memset(out, 0, offsetof(struct elf_image, segments)); /* those are added one by one */
    if (n < sizeof(eh))
        return -ENOEXEC;
    memcpy(&eh, header_page, sizeof(eh));
    if (!is_header_sound(&eh, n))
        return -ENOEXEC;

    out->type = eh.e_type;
    out->phnum = eh.e_phnum;
    out->entry = eh.e_entry;
    for (unsigned i = 0; i < eh.e_phnum; i++) {
        Elf64_Phdr ph;
        memcpy(&ph, (const u8 *)header_page + eh.e_phoff + i * sizeof(ph), sizeof(ph));
        int err = phdr_take(out, &ph);
        if (err < 0)
            return err;
    }
    if (out->n_segments == 0 || !is_entry_sound(out))
        return -ENOEXEC;
    out->phdr_vaddr = find_phdrs(out, eh.e_phoff, (u64)eh.e_phnum * sizeof(Elf64_Phdr));
    return 0;
}
