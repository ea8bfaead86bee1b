/* SPDX-License-Identifier: MIT */
/*
 * The last partial page of a program's data is zero beyond its file bytes: written into a
 * fresh ELF file with a data segment that ends in the middle of a page and garbage behind it
 * in the file, bss reads as zero, and the file's own pages stay as they are.
 */
#include "t.h"
#include <elf.h>

enum { TEXT = 0x10000, DATA = 0x20000, FILESZ = 100, MEMSZ = 3 * 4096 };

/* Sums the bytes of bss and exits with 0 when there is none that is not zero. */
static const unsigned code[] = {
    0x000205b7, /* lui  a1, 0x20          a1 = DATA */
    0x06458613, /* addi a2, a1, 100       a2 = first byte of bss */
    0x00003537, /* lui  a0, 3 */
    0x00a586b3, /* add  a3, a1, a0        a3 = end */
    0x00000513, /* li   a0, 0 */
    0x00064703, /* 1: lbu a4, 0(a2) */
    0x00e56533, /* or   a0, a0, a4 */
    0x00160613, /* addi a2, a2, 1 */
    0xfed64ae3, /* blt  a2, a3, 1b */
    0x0005c703, /* lbu  a4, 0(a1)         the file's own byte */
    0x04470713, /* addi a4, a4, 0x44 */
    0xf8870713, /* addi a4, a4, -0x78     0 when the byte was 0x34 */
    0x00e56533, /* or   a0, a0, a4 */
    0x05d00893, /* li   a7, 93 */
    0x00000073, /* ecall */
};

int main(void)
{
    char file[3 * PAGE];
    memset(file, 0x55, sizeof file);
    Elf64_Ehdr *eh = (void *)file;
    Elf64_Phdr *ph = (void *)(file + sizeof *eh);
    *eh = (Elf64_Ehdr){.e_ident = {0x7f, 'E', 'L', 'F', ELFCLASS64, ELFDATA2LSB, EV_CURRENT},
                       .e_type = ET_EXEC,
                       .e_machine = EM_RISCV,
                       .e_version = 1,
                       .e_entry = TEXT + 0x400,
                       .e_phoff = sizeof *eh,
                       .e_ehsize = sizeof *eh,
                       .e_phentsize = sizeof *ph,
                       .e_phnum = 2};
    ph[0] = (Elf64_Phdr){PT_LOAD, PF_R | PF_X, 0, TEXT, TEXT, PAGE, PAGE, PAGE};
    ph[1] = (Elf64_Phdr){PT_LOAD, PF_R | PF_W, PAGE, DATA, DATA, FILESZ, MEMSZ, PAGE};
    memcpy(file + 0x400, code, sizeof code);
    memset(file + PAGE, 0x34, FILESZ);
    int fd = open("prog", O_RDWR | O_CREAT, 0700);
    CHECK(write(fd, file, sizeof file) == (long)sizeof file);
    close(fd);
    for (int i = 0; i < 3; i++) {
        pid_t pid = t_fork();
        if (pid == 0) {
            execl("./prog", "prog", NULL);
            _exit(99);
        }
        int st = t_wait(pid);
        CHECK(st == 0, "bss is not zero: status %#x", st);
    }
    char back[3 * PAGE];
    fd = open("prog", O_RDONLY);
    CHECK(read(fd, back, sizeof back) == (long)sizeof back);
    CHECK(!memcmp(file, back, sizeof back), "running the program changed its file");
    return 0;
}
