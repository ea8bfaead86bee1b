/* SPDX-License-Identifier: MIT */
/*
 * The console's bytes.
 *
 * Lock: a word of its own rather than a spinlock, because lock reports come through here too.
 * Taken with interrupts off. A panic takes it by force.
 */
#include <arch/riscv/csr.h>
#include <arch/riscv/sbi.h>
#include <debug/console.h>
#include <debug/power.h>

static u32 console_lock;
static void (*console_output)(const char *text, size_t n) = sbi_console_write;

void console_write(const char *text, size_t n)
{
    u64 irq = irq_save();
    while (__atomic_exchange_n(&console_lock, 1, __ATOMIC_ACQUIRE))
        machine_pause_in_spin();
    console_output(text, n);
    __atomic_store_n(&console_lock, 0, __ATOMIC_RELEASE);
    irq_restore(irq);
}

void console_set_output(void (*write)(const char *text, size_t n))
{
    console_output = write;
}

void console_break_lock(void)
{
    __atomic_store_n(&console_lock, 0, __ATOMIC_RELEASE);
}
