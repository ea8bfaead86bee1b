/* SPDX-License-Identifier: MIT */
/* Ends processes. */
#include "kernel/types.h"
#include "kernel/stat.h"
#include "user/user.h"

int main(int argc, char *argv[])
{
    int failed = 0;

    if (argc < 2) {
        fprintf(2, "usage: kill PID...\n");
        exit(1);
    }
    for (int i = 1; i < argc; i++)
        failed |= kill(atoi(argv[i])) < 0;
    exit(failed);
}
