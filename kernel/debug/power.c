/* SPDX-License-Identifier: MIT */
/*
 * Off and on: a test device where the device tree has one ("sifive,test0": a word of status),
 * else the firmware.
 */
#include <arch/riscv/csr.h>
#include <arch/riscv/hart.h>
#include <arch/riscv/sbi.h>
#include <arch/riscv/time.h>
#include <debug/log.h>
#include <debug/power.h>
#include <lib/fdt.h>
#include <mem/kmap.h>

#define TEST_FAIL  0x3333u
#define TEST_PASS  0x5555u
#define TEST_RESET 0x7777u

#define STOP_WAIT  (100 * 1000 * 1000L) /* nsec */

static volatile u32 *test_device;
static u64 harts_stopped; /* atomic: mask */

void power_init(const void *dtb)
{
    struct dt_range reg;
    int node = dt_find_compatible(dtb, -1, "sifive,test0");
    if (node >= 0 && dt_reg(dtb, node, 0, &reg) == 0)
        test_device = kmap_device(reg.base, reg.size);
}

void machine_power_off(int status)
{
    irq_disable();
    machine_stop_others();
    if (test_device)
        *test_device = status ? ((u32)status & 0xff) << 16 | TEST_FAIL : TEST_PASS;
    sbi_shutdown(status != 0);
    machine_halt();
}

void machine_reboot(void)
{
    irq_disable();
    machine_stop_others();
    sbi_reboot();
    if (test_device)
        *test_device = TEST_RESET;
    machine_halt();
}

void machine_halt(void)
{
    irq_disable();
    __atomic_fetch_or(&harts_stopped, hart_bit(mycpu()->id), __ATOMIC_RELEASE);
    for (;;)
        cpu_wait_for_interrupt();
}

void machine_stop_others(void)
{
    u64 others = __atomic_load_n(&harts_online, __ATOMIC_ACQUIRE) & ~hart_bit(mycpu()->id);
    u64 until = time_ticks() + nsec_to_ticks(STOP_WAIT);
    ipi_send(others, IPI_STOP);
    while ((__atomic_load_n(&harts_stopped, __ATOMIC_ACQUIRE) & others) != others &&
           time_ticks() < until)
        cpu_relax();
}

void machine_pause_in_spin(void)
{
    u32 panicking = __atomic_load_n(&panic_hart, __ATOMIC_RELAXED);
    if (panicking && panicking != mycpu()->id + 1)
        machine_halt();
    cpu_relax();
}
