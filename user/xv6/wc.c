/* SPDX-License-Identifier: MIT */
/* Counts lines, words and bytes. */
#include "kernel/types.h"
#include "kernel/stat.h"
#include "user/user.h"

static void count(int fd, const char *name)
{
    static char buf[1024];
    int lines = 0, words = 0, bytes = 0, inside = 0, n;

    while ((n = read(fd, buf, sizeof(buf))) > 0) {
        bytes += n;
        for (int i = 0; i < n; i++) {
            int blank = strchr(" \t\r\n\v", buf[i]) != 0;

            lines += buf[i] == '\n';
            words += inside == 0 && !blank;
            inside = !blank;
        }
    }
    if (n < 0) {
        fprintf(2, "wc: cannot read %s\n", name);
        exit(1);
    }
    printf("%d %d %d %s\n", lines, words, bytes, name);
}

int main(int argc, char *argv[])
{
    if (argc < 2)
        count(0, "");
    for (int i = 1; i < argc; i++) {
        int fd = open(argv[i], 0);

        if (fd < 0) {
            fprintf(2, "wc: cannot open %s\n", argv[i]);
            exit(1);
        }
        count(fd, argv[i]);
        close(fd);
    }
    exit(0);
}
