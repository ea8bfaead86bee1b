/* SPDX-License-Identifier: MIT */
/* clone(2): a new process or a new thread. */
#pragma once

#include <lib/types.h>

struct clone_request {
    u64 flags;       /* CLONE_* without the exit signal */
    int exit_signal; /* 0: none */
    vaddr_t stack;   /* 0: the caller's */
    vaddr_t parent_tid, child_tid, tls;
};

/* The new id in the caller, or -Exxx. The child returns 0 from the same call. */
long proc_clone(const struct clone_request *req);
