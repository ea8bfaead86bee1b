/* SPDX-License-Identifier: MIT */
/* Copies files, or its input, to its output. */
#include "kernel/types.h"
#include "kernel/stat.h"
#include "user/user.h"

static void copy(int fd, const char *name)
{
    static char buf[1024];
    int n;

    while ((n = read(fd, buf, sizeof(buf))) > 0) {
        if (write(1, buf, n) != n) {
            fprintf(2, "cat: cannot write\n");
            exit(1);
        }
    }
    if (n < 0) {
        fprintf(2, "cat: cannot read %s\n", name);
        exit(1);
    }
}

int main(int argc, char *argv[])
{
    if (argc < 2)
        copy(0, "the input");
    for (int i = 1; i < argc; i++) {
        int fd = open(argv[i], 0);

        if (fd < 0) {
            fprintf(2, "cat: cannot open %s\n", argv[i]);
            exit(1);
        }
        copy(fd, argv[i]);
        close(fd);
    }
    exit(0);
}
