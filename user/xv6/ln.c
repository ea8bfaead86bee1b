/* SPDX-License-Identifier: MIT */
/* Gives a file one more name. */
#include "kernel/types.h"
#include "kernel/stat.h"
#include "user/user.h"

int main(int argc, char *argv[])
{
    if (argc != 3) {
        fprintf(2, "usage: ln FILE NAME\n");
        exit(1);
    }
    if (link(argv[1], argv[2]) < 0) {
        fprintf(2, "ln: not done: %s %s\n", argv[1], argv[2]);
        exit(1);
    }
    exit(0);
}
