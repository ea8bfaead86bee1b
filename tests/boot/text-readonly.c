/* SPDX-License-Identifier: MIT */
/*
 * Text stays read-only after fork: a store into the program's own code or constants is a
 * fault, in the parent, in the child, and after the child has ended; the code still runs.
 */
#include "t.h"

static const char constants[] __attribute__((section(".rodata"))) = "constant data";

static int __attribute__((noinline)) answer(void)
{
    return 42;
}

static void try_all(const char *who)
{
    volatile char *code = (volatile char *)answer;
    CHECK(t_touch(code, 'w') == SIGSEGV && t_code == SEGV_ACCERR, "%s: store into code", who);
    CHECK(t_touch((void *)constants, 'w') == SIGSEGV, "%s: store into constants", who);
    CHECK(answer() == 42 && constants[0] == 'c', "%s", who);
}

int main(void)
{
    t_catch_faults();
    try_all("before fork");
    for (int i = 0; i < 3; i++) {
        pid_t pid = t_fork();
        if (pid == 0) {
            try_all("child");
            pid_t grandchild = t_fork();
            if (grandchild)
                t_wait_ok(grandchild);
            else
                try_all("grandchild");
            _exit(0);
        }
        try_all("parent beside the child");
        t_wait_ok(pid);
        try_all("parent after the child");
    }
    return 0;
}
