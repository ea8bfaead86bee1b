/* SPDX-License-Identifier: MIT */
/*
 * /proc/sys: what sysctl(8) shows. Only what programs ask for, and writable only where a write
 * has its effect.
 */
#include <dev/random.h>
#include <lib/string.h>
#include <linux/capability.h>
#include <linux/limits.h>
#include <linux/stat.h>
#include <proc/procfs_internal.h>
#include <proc/uts.h>
#include <sched/thread.h>

/* A file that always says the same. */
#define CONSTANT(name, fmt, ...)                                         \
    static int name##_show(struct text *out, const struct pseudo_id *id) \
    {                                                                    \
        text_printf(out, fmt "\n", ##__VA_ARGS__);                       \
        return 0;                                                        \
    }                                                                    \
    _Static_assert(true, "")

/* A name from uname(2). */
#define UTS_FIELD(field)                                                  \
    static int field##_show(struct text *out, const struct pseudo_id *id) \
    {                                                                     \
        struct new_utsname uts;                                           \
        uts_read(&uts);                                                   \
        text_printf(out, "%s\n", uts.field);                              \
        return 0;                                                         \
    }                                                                     \
    _Static_assert(true, "")

/* ---- kernel ---------------------------------------------------------------------- */

UTS_FIELD(sysname);
UTS_FIELD(release);
UTS_FIELD(version);
UTS_FIELD(nodename);
UTS_FIELD(domainname);

static size_t line_length(const char *text, size_t n)
{
    const char *end = memchr(text, '\n', n);

    return end ? (size_t)(end - text) : n;
}

static int nodename_write(const struct pseudo_id *id, const char *text, size_t n)
{
    return uts_set_hostname(text, line_length(text, n));
}

static int domainname_write(const struct pseudo_id *id, const char *text, size_t n)
{
    return uts_set_domainname(text, line_length(text, n));
}

CONSTANT(pid_max, "%d", TID_MAX);
CONSTANT(threads_max, "%d", TID_MAX);
CONSTANT(ngroups_max, "32");
CONSTANT(cap_last_cap, "%d", CAP_LAST_CAP);
CONSTANT(core_pattern, "core");
CONSTANT(randomize_va_space, "0");
CONSTANT(overflow_id, "65534");

/* ---- kernel/random --------------------------------------------------------------- */

/* RFC 9562, section 5.4: version 4. */
static void text_uuid(struct text *out, const u8 random[16])
{
    for (int i = 0; i < 16; i++) {
        u8 byte = random[i];

        if (i == 6)
            byte = (byte & 0x0f) | 0x40;
        if (i == 8)
            byte = (byte & 0x3f) | 0x80;
        text_printf(out, i == 4 || i == 6 || i == 8 || i == 10 ? "-%02x" : "%02x", byte);
    }
    text_putc(out, '\n');
}

static int uuid_show(struct text *out, const struct pseudo_id *id)
{
    u8 random[16];

    random_bytes(random, sizeof(random));
    text_uuid(out, random);
    return 0;
}

static int boot_id_show(struct text *out, const struct pseudo_id *id)
{
    static struct spinlock lock = SPINLOCK_INIT("boot_id");
    static u8 boot_id[16];
    static bool is_made;

    spin_lock(&lock);
    if (!is_made)
        random_bytes(boot_id, sizeof(boot_id));
    is_made = true;
    spin_unlock(&lock);
    text_uuid(out, boot_id);
    return 0;
}

CONSTANT(entropy, "256");

/* ---- vm, fs, net ----------------------------------------------------------------- */

CONSTANT(overcommit_memory, "1"); /* memory is promised freely; see docs/memory.md */
CONSTANT(overcommit_ratio, "50");
CONSTANT(max_map_count, "65530");
CONSTANT(mmap_min_addr, "%lu", (u64)USER_MIN);
CONSTANT(swappiness, "0");
CONSTANT(nr_open, "1048576");
CONSTANT(file_max, "1048576");
CONSTANT(pipe_max_size, "1048576");
CONSTANT(somaxconn, "4096");

/* ---- the directories ------------------------------------------------------------- */

#define CONST_OF(file, fn)    PROCFS_FILE(file, fn##_show)
#define WRITABLE_OF(file, fn) PROCFS_WRITABLE(file, fn##_show, fn##_write)

static const struct pseudo_entry random_files[] = {
    {CONST_OF("boot_id", boot_id)},
    {CONST_OF("entropy_avail", entropy)},
    {CONST_OF("poolsize", entropy)},
    {CONST_OF("uuid", uuid)},
    {0},
};

static const struct pseudo_entry kernel_files[] = {
    {CONST_OF("cap_last_cap", cap_last_cap)},
    {CONST_OF("core_pattern", core_pattern)},
    {WRITABLE_OF("domainname", domainname)},
    {WRITABLE_OF("hostname", nodename)},
    {CONST_OF("ngroups_max", ngroups_max)},
    {CONST_OF("osrelease", release)},
    {CONST_OF("ostype", sysname)},
    {CONST_OF("overflowgid", overflow_id)},
    {CONST_OF("overflowuid", overflow_id)},
    {CONST_OF("pid_max", pid_max)},
    {PROCFS_DIR("random", random_files)},
    {CONST_OF("randomize_va_space", randomize_va_space)},
    {CONST_OF("threads-max", threads_max)},
    {CONST_OF("version", version)},
    {0},
};

static const struct pseudo_entry vm_files[] = {
    {CONST_OF("max_map_count", max_map_count)},
    {CONST_OF("mmap_min_addr", mmap_min_addr)},
    {CONST_OF("overcommit_memory", overcommit_memory)},
    {CONST_OF("overcommit_ratio", overcommit_ratio)},
    {CONST_OF("swappiness", swappiness)},
    {0},
};

static const struct pseudo_entry fs_files[] = {
    {CONST_OF("file-max", file_max)},
    {CONST_OF("nr_open", nr_open)},
    {CONST_OF("pipe-max-size", pipe_max_size)},
    {0},
};

static const struct pseudo_entry net_core_files[] = {{CONST_OF("somaxconn", somaxconn)}, {0}};
static const struct pseudo_entry net_files[] = {{PROCFS_DIR("core", net_core_files)}, {0}};

const struct pseudo_entry procfs_sys_files[] = {
    {PROCFS_DIR("fs", fs_files)},
    {PROCFS_DIR("kernel", kernel_files)},
    {PROCFS_DIR("net", net_files)},
    {PROCFS_DIR("vm", vm_files)},
    {0},
};
