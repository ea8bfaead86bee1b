/* SPDX-License-Identifier: MIT */
/*
 * Advisory locks on files: flock(2), and the record locks of fcntl(2).
 *
 * An owner is an address: the open file for flock and OFD locks, the descriptor table for a
 * process's record locks. The two families do not see each other.
 */
#pragma once

#include <linux/fcntl.h>
#include <vfs/inode.h>

enum lock_kind { LOCK_KIND_FLOCK, LOCK_KIND_RECORD };

struct lock_request {
    enum lock_kind kind;
    short type;     /* F_RDLCK, F_WRLCK, F_UNLCK */
    bool wait;      /* until it can be had; interruptible */
    u64 start, end; /* first and last byte */
    const void *owner;
    s32 pid; /* shown to others; -1 for OFD locks */
};

/* 0, -EAGAIN, -EINTR, -ENOMEM, -EDEADLK. */
int must_check lock_apply(struct inode *inode, const struct lock_request *req);
/* The first lock that stands in the way: fills *found, or sets its type to F_UNLCK. */
void lock_test(struct inode *inode, const struct lock_request *req, struct lock_request *found);
/* Drops all locks of an owner on this file. */
void locks_drop_owner(struct inode *inode, const void *owner);
