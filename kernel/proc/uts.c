/* SPDX-License-Identifier: MIT */
/* The names of the system. All are constant but hostname and domain name, which uts_lock
 * guards. */
#include <lib/string.h>
#include <linux/errno.h>
#include <proc/uts.h>
#include <sync/spinlock.h>

static struct spinlock uts_lock = SPINLOCK_INIT("uts");

static struct new_utsname uts = {
    .sysname = "Linux",
    .nodename = "calf",
    .release = "6.12.0-calf",
    .version = "#1 SMP calf",
    .machine = "riscv64",
    .domainname = "(none)",
};

void uts_read(struct new_utsname *out)
{
    spin_lock(&uts_lock);
    *out = uts;
    spin_unlock(&uts_lock);
}

static int name_set(char *field, const char *name, size_t n)
{
    if (n > __NEW_UTS_LEN)
        return -EINVAL;
    spin_lock(&uts_lock);
    memset(field, 0, __NEW_UTS_LEN + 1);
    memcpy(field, name, n);
    spin_unlock(&uts_lock);
    return 0;
}

int uts_set_hostname(const char *name, size_t n)
{
    return name_set(uts.nodename, name, n);
}

int uts_set_domainname(const char *name, size_t n)
{
    return name_set(uts.domainname, name, n);
}
