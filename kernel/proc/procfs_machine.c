/* SPDX-License-Identifier: MIT */
/* Files about the machine as a whole: time, harts, load, the kernel's version, line and log. */
#include <arch/riscv/hart.h>
#include <arch/riscv/sbi.h>
#include <debug/log.h>
#include <proc/procfs_internal.h>
#include <proc/uts.h>
#include <sched/thread.h>
#include <sched/timer.h>

static const char *boot_line = "";

void procfs_set_cmdline(const char *cmdline)
{
    boot_line = cmdline;
}

int procfs_boot_line_show(struct text *out, const struct pseudo_id *id)
{
    text_printf(out, "%s\n", boot_line);
    return 0;
}

int procfs_version_show(struct text *out, const struct pseudo_id *id)
{
    struct new_utsname uts;

    uts_read(&uts);
    text_printf(out, "%s version %s (%s) (gcc version %s) %s\n", uts.sysname, uts.release,
                uts.nodename, __VERSION__, uts.version);
    return 0;
}

int procfs_kmsg_show(struct text *out, const struct pseudo_id *id)
{
    char chunk[256];
    u64 pos = 0;

    for (size_t n; out->error == 0 && (n = log_read(&pos, chunk, sizeof(chunk))) > 0;)
        text_write(out, chunk, n);
    return 0;
}

/* ---- time ------------------------------------------------------------------------ */

static void text_centiseconds(struct text *out, nsec_t ns)
{
    u64 ticks = procfs_ticks(ns);

    text_printf(out, "%lu.%02lu", ticks / 100, ticks % 100);
}

int procfs_uptime_show(struct text *out, const struct pseudo_id *id)
{
    nsec_t idle_sum = 0;

    for (unsigned i = 0; i < n_harts; i++) {
        nsec_t idle, user, system;

        sched_idle_nsec(i, &idle, &user, &system);
        idle_sum += idle;
    }
    text_centiseconds(out, clock_monotonic());
    text_putc(out, ' ');
    text_centiseconds(out, idle_sum);
    text_putc(out, '\n');
    return 0;
}

int procfs_loadavg_show(struct text *out, const struct pseudo_id *id)
{
    u64 load[3];

    sched_loadavg(load);
    for (int i = 0; i < 3; i++) {
        u64 hundredths = (load[i] * 100 + (1 << 15)) >> 16;

        text_printf(out, "%lu.%02lu ", hundredths / 100, hundredths % 100);
    }
    text_printf(out, "%lu/%lu %u\n", sched_n_running(), proc_n_threads(), proc_last_pid());
    return 0;
}

/* ---- stat ------------------------------------------------------------------------ */

struct hart_time {
    nsec_t idle, user, system;
};

static void stat_hart(struct text *out, const struct hart_time *t)
{
    text_printf(out, " %lu 0 %lu %lu 0 0 0 0 0 0\n", procfs_ticks(t->user),
                procfs_ticks(t->system), procfs_ticks(t->idle));
}

int procfs_machine_stat_show(struct text *out, const struct pseudo_id *id)
{
    struct hart_time time[MAX_HARTS], sum = {0};

    for (unsigned i = 0; i < n_harts; i++) {
        sched_idle_nsec(i, &time[i].idle, &time[i].user, &time[i].system);
        sum.idle += time[i].idle;
        sum.user += time[i].user;
        sum.system += time[i].system;
    }
    text_puts(out, "cpu ");
    stat_hart(out, &sum);
    for (unsigned i = 0; i < n_harts; i++) {
        text_printf(out, "cpu%u", i);
        stat_hart(out, &time[i]);
    }
    text_printf(out, "intr 0\nctxt %lu\nbtime %lu\nprocesses %lu\n", sched_n_switches(),
                (u64)(clock_realtime() - clock_monotonic()) / NSEC_PER_SEC, proc_n_created());
    text_printf(out, "procs_running %lu\nprocs_blocked 0\nsoftirq 0\n", sched_n_running());
    return 0;
}

/* ---- cpuinfo --------------------------------------------------------------------- */

/* SBI specification, chapter "Base Extension". */
enum { SBI_BASE = 0x10, SBI_GET_MVENDORID = 4, SBI_GET_MARCHID = 5, SBI_GET_MIMPID = 6 };

static u64 sbi_identity(u64 function)
{
    return (u64)sbi_call(SBI_BASE, function, 0, 0, 0, 0, 0).value;
}

int procfs_cpuinfo_show(struct text *out, const struct pseudo_id *id)
{
    for (unsigned i = 0; i < n_harts; i++) {
        text_printf(out, "processor\t: %u\nhart\t\t: %lu\nisa\t\t: %s\nmmu\t\t: sv39\n", i,
                    harts[i].hartid, machine.isa);
        text_printf(out, "mvendorid\t: 0x%lx\nmarchid\t\t: 0x%lx\nmimpid\t\t: 0x%lx\n",
                    sbi_identity(SBI_GET_MVENDORID), sbi_identity(SBI_GET_MARCHID),
                    sbi_identity(SBI_GET_MIMPID));
        text_printf(out, "hart isa\t: %s\n\n", machine.isa);
    }
    return 0;
}
