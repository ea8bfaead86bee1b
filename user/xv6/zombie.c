/* SPDX-License-Identifier: MIT */
/* Leaves a child that has ended and is not waited for, so that `ps` can show one; when this
 * process ends too, init has to take it. */
#include "kernel/types.h"
#include "kernel/stat.h"
#include "user/user.h"

int main(void)
{
    if (fork() > 0)
        pause(50);
    exit(0);
}
