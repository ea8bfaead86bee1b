/* SPDX-License-Identifier: MIT */
/* The auxiliary vector and the first stack. */
#include "t.h"
#include <elf.h>
#include <sys/auxv.h>

extern char **environ;
extern char etext, __ehdr_start;

int main(int argc, char **argv)
{
    (void)argc;
    char **p = environ;
    while (*p)
        p++;
    Elf64_auxv_t *v = (Elf64_auxv_t *)(p + 1);
    int n = 0, seen[64] = {0};
    for (; v[n].a_type != AT_NULL; n++)
        if (v[n].a_type < 64)
            seen[v[n].a_type]++;
    static const struct {
        int type;
        const char *name;
    } wanted[] = {{AT_PHDR, "PHDR"},
                  {AT_PHENT, "PHENT"},
                  {AT_PHNUM, "PHNUM"},
                  {AT_PAGESZ, "PAGESZ"},
                  {AT_BASE, "BASE"},
                  {AT_FLAGS, "FLAGS"},
                  {AT_ENTRY, "ENTRY"},
                  {AT_UID, "UID"},
                  {AT_EUID, "EUID"},
                  {AT_GID, "GID"},
                  {AT_EGID, "EGID"},
                  {AT_SECURE, "SECURE"},
                  {AT_RANDOM, "RANDOM"},
                  {AT_EXECFN, "EXECFN"},
                  {AT_HWCAP, "HWCAP"},
                  {AT_CLKTCK, "CLKTCK"},
                  {AT_SYSINFO_EHDR, "SYSINFO_EHDR"}};
    for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++)
        printf("%s times %d\n", wanted[i].name, seen[wanted[i].type]);
    printf("pagesz %lu phent %lu clktck %lu base %lu flags %lu secure %lu\n",
           getauxval(AT_PAGESZ), getauxval(AT_PHENT), getauxval(AT_CLKTCK), getauxval(AT_BASE),
           getauxval(AT_FLAGS), getauxval(AT_SECURE));
    printf("ids %lu %lu %lu %lu\n", getauxval(AT_UID), getauxval(AT_EUID), getauxval(AT_GID),
           getauxval(AT_EGID));
    Elf64_Ehdr *eh = (void *)&__ehdr_start;
    printf("phdr %d phnum %d entry %d\n", getauxval(AT_PHDR) == (unsigned long)eh + eh->e_phoff,
           getauxval(AT_PHNUM) == eh->e_phnum, getauxval(AT_ENTRY) == eh->e_entry);
    const char *fn = (char *)getauxval(AT_EXECFN);
    printf("execfn equals argv[0] %d\n", !strcmp(fn, argv[0]));
    const unsigned char *rnd = (unsigned char *)getauxval(AT_RANDOM);
    int zeros = 0;
    for (int i = 0; i < 16; i++)
        zeros += rnd[i] == 0;
    printf("random is random %d\n", zeros < 8);
    printf("hwcap has imafdc %d\n", (getauxval(AT_HWCAP) & 0x112d) == 0x112d);
    printf("order: argv below environ %d, strings above the vector %d\n",
           (void *)argv<(void *)environ, (void *)argv[0]>(void *) & v[n]);
    unsigned long sp = (unsigned long)argv - 8;
    printf("stack aligned %d argc %ld\n", sp % 16 == 0, *(long *)sp);
    unsigned char *vdso = (unsigned char *)getauxval(AT_SYSINFO_EHDR);
    printf("vdso is ELF %d\n", !memcmp(vdso, "\177ELF", 4));
    return 0;
}
