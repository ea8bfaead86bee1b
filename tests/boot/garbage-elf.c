/* SPDX-License-Identifier: MIT */
/*
 * A thousand seeded variants of a valid ELF file: bytes changed, fields set to wild values,
 * the file cut, segments overlapped, moved to the kernel's half, made huge. exec answers with
 * a sane error, or the program runs or dies; the kernel lives and leaks nothing.
 */
#include "t.h"
#include <elf.h>
#include <sys/time.h>

enum { VARIANTS = 1000, SIZE = 2 * 4096 };

static char good[SIZE], bad[SIZE];

static void good_make(void)
{
    Elf64_Ehdr *eh = (void *)good;
    Elf64_Phdr *ph = (void *)(good + sizeof *eh);
    *eh = (Elf64_Ehdr){.e_ident = {0x7f, 'E', 'L', 'F', ELFCLASS64, ELFDATA2LSB, EV_CURRENT},
                       .e_type = ET_EXEC,
                       .e_machine = EM_RISCV,
                       .e_version = 1,
                       .e_entry = 0x10400,
                       .e_phoff = sizeof *eh,
                       .e_ehsize = sizeof *eh,
                       .e_phentsize = sizeof *ph,
                       .e_phnum = 4};
    ph[0] = (Elf64_Phdr){PT_LOAD, PF_R | PF_X, 0, 0x10000, 0x10000, PAGE, PAGE, PAGE};
    ph[1] = (Elf64_Phdr){PT_LOAD, PF_R | PF_W, PAGE, 0x20000, 0x20000, 0x800, 3 * PAGE, PAGE};
    ph[2] = (Elf64_Phdr){PT_NOTE, PF_R, 0x300, 0x10300, 0x10300, 0x20, 0x20, 4};
    ph[3] = (Elf64_Phdr){PT_GNU_STACK, PF_R | PF_W, 0, 0, 0, 0, 0, 16};
    static const unsigned code[] = {0x00000513, 0x05d00893, 0x00000073}; /* exit(0) */
    memcpy(good + 0x400, code, sizeof code);
}

static uint64_t wild(void)
{
    switch (t_rnd() % 10) {
    case 0:
        return 0;
    case 1:
        return -1ul;
    case 2:
        return -(t_rnd() % 8192);
    case 3:
        return 1ul << (t_rnd() % 64);
    case 4:
        return (1ul << (t_rnd() % 64)) - 1;
    case 5:
        return 0xffffffc000000000ul + t_rnd() % 65536;
    case 6:
        return 0x3ffffff000ul + t_rnd() % 8192 - 4096;
    case 7:
        return t_rnd() % 65536;
    case 8:
        return 0x80200000;
    default:
        return t_rnd();
    }
}

static size_t variant(void)
{
    Elf64_Ehdr *eh = (void *)bad;
    Elf64_Phdr *ph = (void *)(bad + sizeof *eh);
    size_t size = SIZE;
    memcpy(bad, good, SIZE);
    for (int n = 1 + t_rnd() % 3; n > 0; n--) {
        Elf64_Phdr *one = &ph[t_rnd() % 4];
        switch (t_rnd() % 16) {
        case 0:
            bad[t_rnd() % 64] ^= 1 << (t_rnd() % 8);
            break;
        case 1:
            bad[t_rnd() % 0x130] = t_rnd();
            break;
        case 2:
            size = t_rnd() % SIZE;
            break;
        case 3:
            eh->e_entry = wild();
            break;
        case 4:
            eh->e_phoff = wild();
            break;
        case 5:
            eh->e_phnum = wild();
            break;
        case 6:
            eh->e_phentsize = wild();
            break;
        case 7:
            one->p_offset = wild();
            break;
        case 8:
            one->p_vaddr = wild();
            break;
        case 9:
            one->p_filesz = wild();
            break;
        case 10:
            one->p_memsz = wild();
            break;
        case 11:
            one->p_align = wild();
            break;
        case 12:
            one->p_flags = t_rnd() % 8;
            break;
        case 13:
            one->p_type = t_rnd() % 9;
            break;
        case 14:
            eh->e_type = t_rnd() % 5;
            break;
        default:
            one->p_vaddr = ph[t_rnd() % 4].p_vaddr + t_rnd() % (2 * PAGE);
            break;
        }
    }
    return size;
}

int main(void)
{
    int ran = 0, refused = 0, died = 0, null = open("/dev/null", O_RDWR);
    struct itimerval soon = {{0, 0}, {0, 50000}};
    good_make();
    for (int i = -1; i < VARIANTS; i++) {
        size_t size = SIZE;
        if (i < 0)
            memcpy(bad, good, SIZE);
        else
            size = variant();
        int fd = open("prog", O_WRONLY | O_CREAT | O_TRUNC, 0700);
        CHECK(write(fd, bad, size) == (long)size);
        close(fd);
        pid_t pid = vfork();
        if (pid == 0) {
            dup2(null, 1), dup2(null, 2);
            if (i >= 0)
                setitimer(ITIMER_REAL, &soon, NULL); /* some variants loop for ever */
            execl("./prog", "prog", NULL);
            static const int sane[] = {ENOEXEC, EINVAL, ENOMEM,  EACCES, EIO,    E2BIG,
                                       ENOENT,  EFAULT, ELIBBAD, EPERM,  EISDIR, ENAMETOOLONG};
            int e = errno;
            for (size_t k = 0; k < sizeof sane / sizeof *sane; k++)
                if (e == sane[k])
                    _exit(100);
            _exit(101);
        }
        int st = t_wait(pid);
        if (i < 0)
            CHECK(st == 0, "the good file gives %#x", st);
        CHECK(!WIFEXITED(st) || WEXITSTATUS(st) != 101, "variant %d: a strange error", i);
        if (WIFSIGNALED(st))
            died++;
        else if (WEXITSTATUS(st) == 100)
            refused++;
        else
            ran++;
        unlink("prog");
    }
    CHECK(ran > 10 && refused > 10 && died + ran + refused == VARIANTS + 1,
          "%d ran, %d refused, %d died", ran, refused, died);
    return 0;
}
