/* SPDX-License-Identifier: MIT */
/*
 * Boot, in the order of the layers.
 *
 * Three tables of calls: what the boot hart does alone on its boot stack, which becomes its
 * idle thread and so must not sleep; what every other hart does; and what a kernel thread does
 * when all harts run, sleeping as it likes. The last call of the last table starts process 1.
 *
 * Command line (those of this file; others are read by their owners): quiet, loglevel=N,
 * panic=N, seed=N, fork=ENGINE, maxcpus=N; in debug builds ad=fault (entries get no A and D in
 * advance, so that they are faulted for).
 */
#include <arch/riscv/boot.h>
#include <arch/riscv/csr.h>
#include <arch/riscv/hart.h>
#include <arch/riscv/sbi.h>
#include <arch/riscv/time.h>
#include <debug/assert.h>
#include <debug/delay.h>
#include <debug/log.h>
#include <debug/power.h>
#include <dev/plic.h>
#include <dev/random.h>
#include <dev/rtc.h>
#include <dev/uart.h>
#include <init/main.h>
#include <ipc/epoll.h>
#include <ipc/pipe.h>
#include <lib/cmdline.h>
#include <lib/fdt.h>
#include <lib/string.h>
#include <mem/boot.h>
#include <mem/kmap.h>
#include <proc/proc.h>
#include <proc/procfs.h>
#include <proc/tty.h>
#include <sched/stats.h>
#include <sched/thread.h>
#include <sched/timer.h>
#include <vfs/vfs.h>
#include <vm/aspace.h>
#include <vm/fault.h>

#define DTB_MAX_SIZE      (4 * MiB)
#define HARTS_COME_MAX    (2 * NSEC_PER_SEC)
#define HARTS_LOOK_PERIOD (1000 * 1000L)

struct init_call {
    const char *name;
    void (*fn)(void);
};

static const void *dtb;
static struct dt_chosen chosen;

/* ---- the boot hart, alone ----------------------------------------------------------- */

static void init_devicetree(void)
{
    dtb = (const void *)(boot_dtb_pa - boot_phys_base +
                         DIRECT_BASE); /* until mem/ has its own map */
    if (dt_check(dtb, DTB_MAX_SIZE))
        panic("no sound device tree at %lx", boot_dtb_pa);
    dt_chosen(dtb, &chosen);
    hart_discover(dtb, boot_hartid);
}

/* quiet is loglevel=4; without either everything but debug messages appears. */
static void init_cmdline(void)
{
    u64 level = cmdline_get_u64(chosen.bootargs, "loglevel",
                                cmdline_has(chosen.bootargs, "quiet") ? 4 : 7);
    char value[16];
    log_set_console_level(level);
    if (cmdline_get(chosen.bootargs, "panic", value, sizeof(value)) && value[0])
        panic_set_timeout(value[0] == '-' ? -1
                                          : (int)cmdline_get_u64(chosen.bootargs, "panic", 0));
    delay_seed(cmdline_get_u64(chosen.bootargs, "seed", 0));
}

static void init_banner(void)
{
    const char *model = dt_model(dtb);
    log_info("calf on %s, Sv39, timer by %s, A and D bits by %s, %u hart%s\n",
             model[0] ? model : "an unnamed machine", machine.has_sstc ? "Sstc" : "firmware",
             machine.has_svadu   ? "hardware (Svadu)"
             : machine.has_svade ? "faults (Svade)"
                                 : "hardware or faults",
             n_harts, n_harts == 1 ? "" : "s");
    log_info("command line: %s\n", chosen.bootargs);
}

static void init_memory(void)
{
    mem_init(dtb);
}

static void init_power(void)
{
    power_init(dtb);
}

static void init_interrupts(void)
{
    plic_init(dtb);
}

static void init_uart(void)
{
    uart_init(dtb);
}

static void init_clock(void)
{
    clock_set_realtime(rtc_read(dtb));
}

/* The emulator's or the loader's seed, and when we were started. */
static void init_random(void)
{
    size_t size = 0;
    int node = dt_chosen_node(dtb);
    const void *seed = node < 0 ? NULL : dt_bytes(dtb, node, "rng-seed", &size);
    nsec_t now = clock_realtime();
    if (seed)
        random_add(seed, size);
    random_add(&now, sizeof(now));
}

static void init_vm(void)
{
    char engine[16] = "";
    cmdline_get(chosen.bootargs, "fork", engine, sizeof(engine));
    vm_init(engine, cmdline_get_u64(chosen.bootargs, "dense", 0));
#ifdef DEBUG
    char ad[16] = "";
    cmdline_get(chosen.bootargs, "ad", ad, sizeof(ad));
    vm_lazy_ad = strcmp(ad, "fault") == 0;
#endif
}

static const struct init_call boot_calls[] = {
    {"firmware", sbi_init},
    {"device tree", init_devicetree},
    {"time", time_init},
    {"hart", hart_init_local},
    {"command line", init_cmdline},
    {"banner", init_banner},
    {"memory", init_memory},
    {"kernel map", kmap_init},
    {"threads", sched_init},
    {"load average", sched_stats_init},
    {"power", init_power},
    {"interrupts", init_interrupts},
    {"serial port", init_uart},
    {"clock", init_clock},
    {"random", init_random},
    {"user memory", init_vm},
};

/* ---- a kernel thread, all harts ----------------------------------------------------- */

static void secondary_main(void)
{
    hart_init_local();
    sched_idle_loop();
}

static bool are_online(u64 wanted)
{
    return (__atomic_load_n(&harts_online, __ATOMIC_ACQUIRE) & wanted) == wanted;
}

static void harts_await(u64 wanted)
{
    nsec_t give_up = clock_monotonic() + HARTS_COME_MAX;
    while (!are_online(wanted) && clock_monotonic() < give_up)
        sleep_until(clock_monotonic() + HARTS_LOOK_PERIOD, false);
}

static void harts_start(void)
{
    u64 limit = cmdline_get_u64(chosen.bootargs, "maxcpus", MAX_HARTS);
    u64 wanted = 1;
    for (u32 i = 1; i < n_harts && i < limit; i++) {
        if (hart_start(i, secondary_main) == 0)
            wanted |= hart_bit(i);
        else
            log_warn("hart %u (firmware's %lu) does not start\n", i, harts[i].hartid);
    }
    harts_await(wanted);
    if (n_harts > 1)
        log_info("harts online: %lx\n", __atomic_load_n(&harts_online, __ATOMIC_RELAXED));
}

static void init_initrd(void)
{
    if (chosen.initrd.size == 0)
        return;
    int result = vfs_unpack_initrd(pa_to_va(chosen.initrd.base), chosen.initrd.size);
    if (result)
        log_err("initrd: error %d\n", result);
    mem_release_range(chosen.initrd.base, chosen.initrd.size);
}

static void init_tty(void)
{
    tty_init(chosen.bootargs);
}

static void init_procfs(void)
{
    procfs_init(chosen.bootargs);
}

static void init_first_process(void)
{
    proc_start_init(chosen.bootargs);
}

static const struct init_call thread_calls[] = {
    {"other harts", harts_start},
    {"files", vfs_init},
    {"pipes", pipe_init},
    {"epoll", epoll_init},
    {"processes", proc_init},
    {"terminal", init_tty},
    {"proc files", init_procfs},
    {"initial files", init_initrd},
    {"first process", init_first_process},
};

static void init_thread(void *arg)
{
    (void)arg;
    for (size_t i = 0; i < ARRAY_SIZE(thread_calls); i++)
        thread_calls[i].fn();
}

void kernel_main(void)
{
    struct thread *init;
    sched_init_boot(&harts[0]);
    for (size_t i = 0; i < ARRAY_SIZE(boot_calls); i++)
        boot_calls[i].fn();
    if (thread_create(&init, "init", init_thread, NULL))
        panic("no memory for the first thread");
    thread_start(init);
    sched_idle_loop();
}
