/* SPDX-License-Identifier: MIT */
/* Waiting for children. */
#pragma once

#include <lib/types.h>
#include <proc/proc.h>

enum wait_for { WAIT_ALL, WAIT_PID, WAIT_PGRP };

struct wait_request {
    enum wait_for which;
    u32 id;
    int options; /* WNOHANG WEXITED WSTOPPED WCONTINUED WNOWAIT __WALL __WCLONE */
    /* what was found */
    u32 pid, uid;
    int code;   /* CLD_* */
    int status; /* as wait4() reports it */
    struct proc_times times;
};

/* The pid of the child found, 0 (WNOHANG and none), -ECHILD, -EINTR. */
long proc_wait(struct wait_request *req);
