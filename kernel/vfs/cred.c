/* SPDX-License-Identifier: MIT */
/*
 * Credentials: who a thread acts as. A cred never changes once it is in use, so reading one's
 * own needs no lock.
 */
#include <vfs/cred.h>

#include <linux/errno.h>
#include <mem/cache.h>

struct cred root_cred = {.count = 1};

void cred_get(struct cred *cred)
{
    __atomic_fetch_add(&cred->count, 1, __ATOMIC_RELAXED);
}

void cred_put(struct cred *cred)
{
    if (cred == &root_cred) {
        __atomic_fetch_sub(&cred->count, 1, __ATOMIC_RELAXED);
        return;
    }
    if (__atomic_fetch_sub(&cred->count, 1, __ATOMIC_ACQ_REL) == 1)
        mem_free(cred);
}

int cred_copy(const struct cred *from, struct cred **out)
{
    struct cred *cred = mem_alloc(sizeof(*cred));

    if (!cred)
        return -ENOMEM;
    *cred = *from;
    cred->count = 1;
    *out = cred;
    return 0;
}

bool cred_in_group(const struct cred *cred, u32 gid)
{
    if (cred->fsgid == gid)
        return true;
    for (u32 i = 0; i < cred->n_groups; i++) {
        if (cred->groups[i] == gid)
            return true;
    }
    return false;
}
