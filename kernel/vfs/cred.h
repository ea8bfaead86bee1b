/* SPDX-License-Identifier: MIT */
/* Who a thread acts as. A cred is immutable once a thread uses it: changes make a copy and swap
 * the pointer. */
#pragma once

#include <lib/types.h>

struct cred {
    u32 count; /* atomic */
    u32 uid, euid, suid, fsuid;
    u32 gid, egid, sgid, fsgid;
    u32 n_groups;
    u32 groups[32];
};

extern struct cred root_cred; /* uid 0, never freed */

void cred_get(struct cred *cred);
void cred_put(struct cred *cred);
/* A private copy with one reference, or -ENOMEM. */
int must_check cred_copy(const struct cred *from, struct cred **out);
bool cred_in_group(const struct cred *cred, u32 gid);
static inline bool cred_is_root(const struct cred *cred)
{
    return cred->euid == 0;
}
