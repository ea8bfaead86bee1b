// SPDX-License-Identifier: MIT
// elf_check(): sound headers, each single fault, and 100,000 seeded garbage variants, whose
// result must keep every promise of lib/elf.h.
// with: kernel/lib/elf.c
#include <errno.h>
#include <lib/elf.h>
#include <linux/elf.h>
#include <string.h>
#include <t.h>

#define N_VARIANTS 100000
#ifndef EM_RISCV
#define EM_RISCV 243
#endif

struct file {
    union {
        u8 bytes[4096];
        struct {
            Elf64_Ehdr eh;
            Elf64_Phdr ph[7];
        };
    };
};

/* What a linker makes of a static program. */
static struct file sound(void)
{
    struct file f = {.eh = {
                         .e_ident = ELFMAG,
                         .e_type = ET_EXEC,
                         .e_machine = EM_RISCV,
                         .e_version = EV_CURRENT,
                         .e_entry = 0x104c8,
                         .e_phoff = sizeof(Elf64_Ehdr),
                         .e_ehsize = sizeof(Elf64_Ehdr),
                         .e_phentsize = sizeof(Elf64_Phdr),
                         .e_phnum = 7,
                     }};
    f.eh.e_ident[EI_CLASS] = ELFCLASS64;
    f.eh.e_ident[EI_DATA] = ELFDATA2LSB;
    f.eh.e_ident[EI_VERSION] = EV_CURRENT;
    f.ph[0] = (Elf64_Phdr){
        .p_type = 0x70000003, .p_flags = PF_R, .p_offset = 0x77000, .p_filesz = 83};
    f.ph[1] = (Elf64_Phdr){.p_type = PT_LOAD,
                           .p_flags = PF_R | PF_X,
                           .p_offset = 0,
                           .p_vaddr = 0x10000,
                           .p_filesz = 0x6f000,
                           .p_memsz = 0x6f000,
                           .p_align = 4096};
    f.ph[2] = (Elf64_Phdr){.p_type = PT_LOAD,
                           .p_flags = PF_R | PF_W,
                           .p_offset = 0x6f3d0,
                           .p_vaddr = 0x803d0,
                           .p_filesz = 0x5000,
                           .p_memsz = 0xa000,
                           .p_align = 4096};
    f.ph[3] = (Elf64_Phdr){.p_type = PT_NOTE,
                           .p_flags = PF_R,
                           .p_offset = 0x200,
                           .p_vaddr = 0x10200,
                           .p_filesz = 0x44,
                           .p_memsz = 0x44};
    f.ph[4] = (Elf64_Phdr){.p_type = PT_TLS,
                           .p_flags = PF_R,
                           .p_offset = 0x6f3d0,
                           .p_vaddr = 0x803d0,
                           .p_filesz = 0x20,
                           .p_memsz = 0x60};
    f.ph[5] = (Elf64_Phdr){.p_type = PT_GNU_STACK, .p_flags = PF_R | PF_W};
    f.ph[6] = (Elf64_Phdr){.p_type = PT_GNU_RELRO,
                           .p_flags = PF_R,
                           .p_offset = 0x6f3d0,
                           .p_vaddr = 0x803d0,
                           .p_filesz = 0x2c30,
                           .p_memsz = 0x2c30};
    return f;
}

/* Every byte behind the n given ones is out of bounds for the sanitizer. */
static int check_exactly(const struct file *f, size_t n, struct elf_image *out)
{
    u8 *copy = malloc(n + 1);
    memcpy(copy + 1, f->bytes, n); /* and not aligned */
    int err = elf_check(copy + 1, n, out);
    free(copy);
    return err;
}

static int check(const struct file *f, struct elf_image *out)
{
    return check_exactly(f, sizeof(f->bytes), out);
}

static void accepts_a_static_program(void)
{
    struct file f = sound();
    struct elf_image image;
    CHECK_EQ(check(&f, &image), 0);
    CHECK_EQ(image.type, ET_EXEC);
    CHECK_EQ(image.entry, 0x104c8);
    CHECK_EQ(image.n_segments, 2);
    CHECK_EQ(image.low, 0x10000);
    CHECK_EQ(image.high, 0x8b000);
    CHECK_EQ(image.phdr_vaddr, 0x10040);
    CHECK_EQ(image.phnum, 7);
    CHECK_EQ(image.interp_size, 0);
    CHECK(image.has_stack_flags && !image.exec_stack);
    CHECK_EQ(image.segments[1].vaddr, 0x803d0);
    CHECK_EQ(image.segments[1].flags, PF_R | PF_W);

    f.ph[3] = (Elf64_Phdr){.p_type = PT_INTERP, .p_offset = 0x238, .p_filesz = 33};
    f.eh.e_type = ET_DYN;
    for (int i = 1; i < 3; i++)
        f.ph[i].p_vaddr -= 0x10000;
    f.eh.e_entry -= 0x10000;
    CHECK_EQ(check(&f, &image), 0);
    CHECK_EQ(image.low, 0);
    CHECK_EQ(image.interp_offset, 0x238);
    CHECK_EQ(image.interp_size, 33);
}

#define REFUSES(change)                        \
    do {                                       \
        struct file f = sound();               \
        struct elf_image image;                \
        change;                                \
        CHECK_EQ(check(&f, &image), -ENOEXEC); \
    } while (0)

static void refuses_bad_headers(void)
{
    REFUSES(f.bytes[0] = 0);
    REFUSES(f.eh.e_ident[EI_CLASS] = ELFCLASS32);
    REFUSES(f.eh.e_ident[EI_DATA] = ELFDATA2MSB);
    REFUSES(f.eh.e_ident[EI_VERSION] = 0);
    REFUSES(f.eh.e_machine = 62);
    REFUSES(f.eh.e_type = ET_REL);
    REFUSES(f.eh.e_phentsize = 32);
    REFUSES(f.eh.e_phnum = 0);
    REFUSES(f.eh.e_phnum = 100);
    REFUSES(f.eh.e_phnum = 0xffff);
    REFUSES(f.eh.e_phoff = 4090);
    REFUSES(f.eh.e_phoff = UINT64_MAX - 10);
    REFUSES(f.eh.e_entry = 0);
    REFUSES(f.eh.e_entry = 0x104c9);
    REFUSES(f.eh.e_entry = 0x80400); /* data */
    REFUSES(f.eh.e_entry = UINT64_MAX);
}

static void refuses_bad_segments(void)
{
    REFUSES(f.ph[1].p_type = f.ph[2].p_type = PT_NOTE);
    REFUSES(f.ph[2].p_filesz = 0xa001);
    REFUSES(f.ph[2].p_memsz = UINT64_MAX);
    REFUSES(f.ph[2].p_memsz = UINT64_MAX - 0x803cf);
    REFUSES(f.ph[2].p_vaddr = 0xffffffffffff83d0);
    REFUSES(f.ph[2].p_vaddr = ELF_USER_END - 0x1000 + 0x3d0);
    REFUSES(f.ph[1].p_vaddr = 0xf000);
    REFUSES(f.ph[2].p_vaddr = 0x803d8);                    /* not congruent */
    REFUSES(f.ph[2].p_vaddr = 0x7e3d0);                    /* overlaps text */
    REFUSES(f.ph[1].p_filesz = f.ph[1].p_memsz = 0x70001); /* shares a page */
    REFUSES(f.ph[2].p_offset = UINT64_MAX - 0xfff + 0x3d0);
    REFUSES(Elf64_Phdr ph = f.ph[1]; f.ph[1] = f.ph[2]; f.ph[2] = ph); /* order */
    REFUSES(f.ph[3].p_type = PT_LOAD; f.ph[3].p_memsz = 0);
    REFUSES(f.ph[3] = ((Elf64_Phdr){.p_type = PT_INTERP, .p_filesz = 1}));
    REFUSES(f.ph[3] = ((Elf64_Phdr){.p_type = PT_INTERP, .p_filesz = 5000}));
    REFUSES(f.ph[3] = f.ph[4] = ((Elf64_Phdr){.p_type = PT_INTERP, .p_filesz = 10}));
    REFUSES(f.ph[3] =
                ((Elf64_Phdr){.p_type = PT_INTERP, .p_filesz = 9, .p_offset = UINT64_MAX}));
}

static void refuses_too_many_segments(void)
{
    static union {
        u8 bytes[4096];
        struct {
            Elf64_Ehdr eh;
            Elf64_Phdr ph[40];
        };
    } f;
    struct elf_image image;
    for (unsigned n = 1; n <= 40; n++) {
        f.eh = sound().eh;
        f.eh.e_phnum = n;
        f.eh.e_entry = 0x10000;
        for (unsigned i = 0; i < n; i++)
            f.ph[i] = (Elf64_Phdr){.p_type = PT_LOAD,
                                   .p_flags = PF_R | PF_X,
                                   .p_vaddr = 0x10000 + i * 0x1000,
                                   .p_filesz = 0x1000,
                                   .p_memsz = 0x1000};
        CHECK_EQ(elf_check(f.bytes, sizeof(f.bytes), &image),
                 n <= ELF_MAX_SEGMENTS ? 0 : -ENOEXEC);
    }
}

/* What lib/elf.h promises. */
static void check_promises(const struct elf_image *image)
{
    u64 lowest = image->type == ET_EXEC ? ELF_USER_MIN : 0;
    u64 highest = image->type == ET_EXEC ? ELF_USER_END : ELF_USER_END - ELF_USER_MIN;
    bool entry_found = false;
    CHECK(image->type == ET_EXEC || image->type == ET_DYN);
    CHECK(image->n_segments >= 1 && image->n_segments <= ELF_MAX_SEGMENTS);
    CHECK(image->low >= lowest && image->high <= highest && image->low < image->high);
    CHECK(image->low % ELF_PAGE_SIZE == 0 && image->high % ELF_PAGE_SIZE == 0);
    CHECK(image->interp_size <= 4096);
    CHECK(image->interp_size == 0 ||
          image->interp_offset + image->interp_size >= image->interp_size);
    for (unsigned i = 0; i < image->n_segments; i++) {
        const struct elf_segment *seg = &image->segments[i];
        CHECK(seg->memsz > 0 && seg->filesz <= seg->memsz);
        CHECK(seg->vaddr >= image->low && seg->vaddr + seg->memsz <= image->high);
        CHECK(seg->vaddr + seg->memsz > seg->vaddr);
        CHECK(seg->offset + seg->filesz >= seg->offset);
        CHECK_EQ(seg->vaddr % ELF_PAGE_SIZE, seg->offset % ELF_PAGE_SIZE);
        if (i > 0) {
            const struct elf_segment *below = seg - 1;
            CHECK(align_up(below->vaddr + below->memsz, ELF_PAGE_SIZE) <=
                  align_down(seg->vaddr, ELF_PAGE_SIZE));
        }
        if (image->entry >= seg->vaddr && image->entry < seg->vaddr + seg->memsz)
            entry_found = seg->flags & PF_X;
    }
    CHECK(entry_found);
}

/* A number that a fault might hide behind. */
static u64 nasty(void)
{
    static const u64 values[] = {
        0,          1,          0xfff,      0x1000,       0x10000,
        0x7fffffff, 0x80000000, 0xffffffff, ELF_USER_END, ELF_USER_END - 1,
        1UL << 62,  1UL << 63,  UINT64_MAX};
    u64 value = values[t_below(ARRAY_SIZE(values))];
    return t_below(2) ? value : value + t_below(0x2000) - 0x1000;
}

static void spoil(struct file *f)
{
    size_t used = sizeof(f->eh) + sizeof(f->ph);
    for (unsigned n = 1 + t_below(4); n > 0; n--) {
        u64 value = nasty();
        size_t at = t_below(used - 8);
        switch (t_below(4)) {
        case 0:
            f->bytes[t_below(used)] = t_random() >> 24;
            break;
        case 1:
            f->bytes[t_below(used)] ^= 1 << t_below(8);
            break;
        case 2:
            memcpy(f->bytes + (at & ~7UL), &value, 8);
            break;
        case 3:
            memcpy(f->bytes + (at & ~3UL), &value, 4);
            break;
        }
    }
}

static void garbage(void)
{
    unsigned n_accepted = 0;
    struct file base = sound(), f;
    for (int i = 0; i < N_VARIANTS; i++) {
        struct elf_image image;
        f = base;
        f.eh.e_type = t_below(2) ? ET_EXEC : ET_DYN;
        if (t_below(4) == 0)
            f.ph[3].p_type = PT_INTERP;
        spoil(&f);
        size_t n = t_below(8) ? sizeof(f.bytes) : t_below(sizeof(f.eh) + sizeof(f.ph) + 100);
        int err = check_exactly(&f, n, &image);
        CHECK(err == 0 || err == -ENOEXEC);
        if (err == 0) {
            check_promises(&image);
            n_accepted++;
        }
    }
    /* neither all refused nor all accepted: the variants are near the border */
    CHECK(n_accepted > N_VARIANTS / 20);
    CHECK(n_accepted < N_VARIANTS * 19 / 20);
}

static void short_files(void)
{
    struct file f = sound();
    struct elf_image image;
    for (size_t n = 0; n < sizeof(f.eh) + sizeof(f.ph); n++)
        CHECK_EQ(check_exactly(&f, n, &image), -ENOEXEC);
    CHECK_EQ(check_exactly(&f, sizeof(f.eh) + sizeof(f.ph), &image), 0);
}

static void says_how_much_it_wants(void)
{
    struct file f = sound();
    u64 end = sizeof(f.eh) + 7 * sizeof(Elf64_Phdr);
    CHECK_EQ(elf_headers_end(&f, 1024), end);
    CHECK_EQ(elf_headers_end(&f, sizeof(f.eh) - 1), sizeof(f.eh) - 1);
    f.eh.e_phoff = 2000;
    CHECK_EQ(elf_headers_end(&f, 1024), 2000 + 7 * sizeof(Elf64_Phdr));
    f.eh.e_phoff = 4000;
    CHECK_EQ(elf_headers_end(&f, 1024), 4096);
    f.eh.e_phoff = ~0UL;
    CHECK_EQ(elf_headers_end(&f, 1024), 4096);
    f.eh.e_phoff = 64;
    f.eh.e_phnum = 65535;
    CHECK_EQ(elf_headers_end(&f, 1024), 4096);
}

int main(int argc, char **argv)
{
    t_begin(argc, argv);
    RUN(says_how_much_it_wants);
    RUN(accepts_a_static_program);
    RUN(refuses_bad_headers);
    RUN(refuses_bad_segments);
    RUN(refuses_too_many_segments);
    RUN(short_files);
    RUN(garbage);
    return t_done();
}
