/* SPDX-License-Identifier: MIT */
/* System calls: the system as a whole, and the odds and ends of a process. */
#include <linux/syscall.h>

#include <debug/log.h>
#include <debug/power.h>
#include <dev/random.h>
#include <lib/printf.h>
#include <lib/string.h>
#include <linux/errno.h>
#include <linux/helpers.h>
#include <linux/calf.h>
#include <linux/prctl.h>
#include <linux/random.h>
#include <linux/reboot.h>
#include <linux/sysinfo.h>
#include <mem/cache.h>
#include <mem/page.h>
#include <proc/proc.h>
#include <proc/uts.h>
#include <sched/timer.h>
#include <vfs/cred.h>
#include <vm/aspace.h>
#include <vm/uaccess.h>

long sys_uname(u64 out)
{
    struct new_utsname uts;

    uts_read(&uts);
    return copyout(out, &uts, sizeof(uts)) ? -EFAULT : 0;
}

static long name_set(int (*set)(const char *name, size_t n), u64 from, u64 size)
{
    char name[__NEW_UTS_LEN];

    if (!cred_is_root(current->cred))
        return -EPERM;
    if ((s32)size < 0 || size > sizeof(name))
        return -EINVAL;
    if (copyin(name, from, size))
        return -EFAULT;
    return set(name, size);
}

long sys_sethostname(u64 from, u64 size)
{
    return name_set(uts_set_hostname, from, size);
}

long sys_setdomainname(u64 from, u64 size)
{
    return name_set(uts_set_domainname, from, size);
}

long sys_sysinfo(u64 out)
{
    struct mem_stats mem;
    struct sysinfo info;
    u64 loads[3];

    memset(&info, 0, sizeof(info));
    mem_stats_read(&mem);
    sched_loadavg(loads);
    for (int i = 0; i < 3; i++)
        info.loads[i] = loads[i];
    info.uptime = (clock_monotonic() + NSEC_PER_SEC - 1) / NSEC_PER_SEC;
    info.totalram = (mem.total_pages - mem.by_type[PAGE_RESERVED]) * PAGE_SIZE;
    info.freeram = mem.free_pages * PAGE_SIZE;
    info.sharedram = mem.by_type[PAGE_FILE] * PAGE_SIZE;
    info.procs = (u16)min(proc_n_threads(), 65535UL);
    info.mem_unit = 1;
    return copyout(out, &info, sizeof(info)) ? -EFAULT : 0;
}

long sys_reboot(u64 magic1, u64 magic2, u64 cmd, u64 arg)
{
    if (!cred_is_root(current->cred))
        return -EPERM;
    if ((u32)magic1 != LINUX_REBOOT_MAGIC1 ||
        ((u32)magic2 != LINUX_REBOOT_MAGIC2 && (u32)magic2 != LINUX_REBOOT_MAGIC2A &&
         (u32)magic2 != LINUX_REBOOT_MAGIC2B && (u32)magic2 != LINUX_REBOOT_MAGIC2C))
        return -EINVAL;
    switch ((u32)cmd) {
    case LINUX_REBOOT_CMD_RESTART:
    case LINUX_REBOOT_CMD_RESTART2:
        machine_reboot();
    case LINUX_REBOOT_CMD_HALT:
    case LINUX_REBOOT_CMD_POWER_OFF:
        machine_power_off(0);
    case LINUX_REBOOT_CMD_CAD_ON:
    case LINUX_REBOOT_CMD_CAD_OFF:
        return 0;
    }
    return -EINVAL;
}

/* --- the kernel log: syslog(2) --- */

#define LOG_ACTION_READ_ALL    3
#define LOG_ACTION_CONSOLE_OFF 6
#define LOG_ACTION_CONSOLE_ON  7
#define LOG_ACTION_LEVEL       8
#define LOG_ACTION_UNREAD      9
#define LOG_ACTION_SIZE        10
#define LOG_BUFFER_SIZE        (64 * KiB)

/* The newest lines that fit. */
static long log_read_all(u64 out, u32 size)
{
    char *buf;
    u64 pos = 0;
    size_t n, total = 0;
    long result = 0;

    size = min(size, (u32)LOG_BUFFER_SIZE);
    buf = mem_alloc(LOG_BUFFER_SIZE);
    if (!buf)
        return -ENOMEM;
    while ((n = log_read(&pos, buf + total, LOG_BUFFER_SIZE - total)) > 0)
        total += n;
    if (total < size)
        size = (u32)total;
    result = copyout(out, buf + total - size, size) ? -EFAULT : (long)size;
    mem_free(buf);
    return result;
}

long sys_syslog(u64 action, u64 out, u64 size)
{
    if ((u32)action != LOG_ACTION_READ_ALL && (u32)action != LOG_ACTION_SIZE &&
        !cred_is_root(current->cred))
        return -EPERM;
    switch ((u32)action) {
    case 0: /* close, open */
    case 1:
        return 0;
    case LOG_ACTION_READ_ALL:
        return (s32)size < 0 || !out ? -EINVAL : log_read_all(out, (u32)size);
    case LOG_ACTION_CONSOLE_OFF:
        log_set_console_level(1);
        return 0;
    case LOG_ACTION_CONSOLE_ON:
        log_set_console_level(7);
        return 0;
    case LOG_ACTION_LEVEL:
        if ((s32)size < 1 || (s32)size > 8)
            return -EINVAL;
        log_set_console_level((int)size);
        return 0;
    case LOG_ACTION_UNREAD:
        return 0;
    case LOG_ACTION_SIZE:
        return LOG_BUFFER_SIZE;
    }
    return -EINVAL;
}

long sys_getrandom(u64 out, u64 size, u64 flags)
{
    u8 part[256];
    u64 done = 0;

    if (flags & ~(u64)(GRND_NONBLOCK | GRND_RANDOM | GRND_INSECURE) ||
        (flags & (GRND_RANDOM | GRND_INSECURE)) == (GRND_RANDOM | GRND_INSECURE))
        return -EINVAL;
    size = min(size, (u64)INT32_MAX);
    while (done < size) {
        size_t n = min(size - done, sizeof(part));

        random_bytes(part, n);
        if (copyout(out + done, part, n))
            return done ? (long)done : -EFAULT;
        done += n;
        if (thread_is_interrupted() && done < size)
            break;
    }
    return (long)done;
}

/* --- of a process --- */

long sys_personality(u64 value)
{
    struct proc *proc = proc_current();
    u32 old = proc->personality;

    if ((u32)value != 0xffffffff)
        proc->personality = (u32)value;
    return old;
}

static long name_change(u64 from)
{
    char name[16] = "";
    s64 n = copyin_str(name, from, sizeof(name) - 1);

    if (n < 0 && n != -ENAMETOOLONG)
        return n;
    memcpy(current->name, name, sizeof(name));
    return 0;
}

static long subreaper_out(u64 to)
{
    s32 value = proc_current()->is_subreaper;

    return copyout(to, &value, sizeof(value));
}

static long pdeath_out(u64 to)
{
    s32 value = proc_current()->pdeath_signal;

    return copyout(to, &value, sizeof(value));
}

static const char *const engine_names[] = {
    [CALF_FORK_EAGER] = "eager", [CALF_FORK_COW] = "cow", [CALF_FORK_SHARE] = "share"};

static long engine_set(u64 value)
{
    if (value >= ARRAY_SIZE(engine_names) || !engine_names[value])
        return -EINVAL;
    return aspace_set_engine(current->aspace, engine_names[value]);
}

static long engine_get(void)
{
    const char *name = aspace_engine_name(current->aspace);
    long value = CALF_FORK_EAGER;

    while (strcmp(engine_names[value], name) != 0)
        value++;
    return value;
}

long sys_prctl(u64 option, u64 a, u64 b, u64 c, u64 d)
{
    struct proc *proc = proc_current();

    switch ((int)option) {
    case PR_SET_NAME:
        return name_change(a);
    case PR_GET_NAME:
        return copyout(a, current->name, sizeof(current->name));
    case PR_SET_PDEATHSIG:
        if (a > SIG_COUNT)
            return -EINVAL;
        proc->pdeath_signal = (int)a;
        return 0;
    case PR_GET_PDEATHSIG:
        return pdeath_out(a);
    case PR_GET_DUMPABLE:
        return proc->dumpable;
    case PR_SET_DUMPABLE:
        if (a > 1)
            return -EINVAL;
        proc->dumpable = a;
        return 0;
    case PR_SET_NO_NEW_PRIVS:
        if (a != 1 || b || c || d)
            return -EINVAL;
        proc->no_new_privs = true;
        return 0;
    case PR_GET_NO_NEW_PRIVS:
        return a || b || c || d ? -EINVAL : proc->no_new_privs;
    case PR_SET_CHILD_SUBREAPER:
        proc->is_subreaper = a;
        return 0;
    case PR_GET_CHILD_SUBREAPER:
        return subreaper_out(a);
    case PR_GET_KEEPCAPS:
    case PR_GET_SECCOMP:
        return 0;
    case PR_GET_TIMERSLACK:
        return 50000;
    case PR_SET_TIMERSLACK:
    case PR_SET_VMA:
        return (int)option == PR_SET_VMA ? -EINVAL : 0;
    case PR_CAPBSET_READ:
        return a > 40 ? -EINVAL : 1;
    case PR_CALF_SET_FORK_ENGINE:
        return engine_set(a);
    case PR_CALF_GET_FORK_ENGINE:
        return engine_get();
    }
    return -EINVAL;
}
